// Package npm gives tests what they need of the world of JavaScript: Node.js,
// packages from npm, and Chromium.
//
//	dir := npm.Install(t, "../reference")
//	cmd := exec.Command(npm.Node(t), "server.js")
//	cmd.Dir = dir
//
// What is missing on the machine makes a test skip with a message that says
// what was left out; with CI=true in the environment it makes it fail instead,
// so that nothing is left out unseen.
//
// Packages come from a committed package-lock.json, into the node_modules
// beside it. They are installed once: a stamp in node_modules holds the digest
// of what was installed, and a lock on package-lock.json makes the other test
// programs of the same run wait.
package npm
