// Package browser drives Chromium against the server program: the playground,
// as somebody would use it, and the official browser build of
// socketcluster-client 20.0.2, the minified file of the npm package, unchanged.
//
// It holds tests only. They need Chromium, and for the official client Node.js
// and npm; without these they skip with a message, or fail if CI=true.
package browser
