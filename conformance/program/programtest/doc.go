// Package programtest starts programs that end with their test.
//
//	var agserver = programtest.Binary{Package: "./cmd/agserver"} // TestMain removes it
//
//	p := programtest.Start(t, exec.Command(agserver.File(t), "-port", "0", "-log-format", "json"))
//	address := p.AwaitRecord("listening", 1)["address"]
//	…
//	if status := p.Terminate(); status != 0 {
//
// What a program does not do within Patience fails the test. A test that fails shows
// what its programs have written.
//
// It imports package program and the standard library alone. The goroutine of a process
// ends with the test.
package programtest
