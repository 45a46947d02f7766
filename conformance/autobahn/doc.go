// Command autobahn plays the cases of the Autobahn test suite (RFC 6455 and RFC
// 7692) to the engine and to the reference's WebSocket library, and writes a
// report.
//
//	go run ./conformance/autobahn -o report.html        # all cases, 1,000 messages each in 12 and 13
//	go run ./conformance/autobahn -run '^6' -short      # some, with fewer messages
//
// The numbers are those under which the suite's cases are published; what each
// sends and expects is known by them. The program is our own, and stricter in
// three ways: a wrong close code fails a case, everything that is echoed is
// compared to the byte, and what the server compresses must keep within the
// window that was agreed.
//
// The subjects are an echo server on agserver/engine, on both backends and behind
// TLS, and one on the npm package `ws` of the version that socketcluster-server
// brings along. A case that is not passed to the letter needs an entry in
// deviations.go, and every entry a case: the tests see to both.
//
// # How a case is played
//
// A case is data: what the client writes, step by step, and the events that it
// must see. One goroutine writes, the one that plays reads; a case ends when the
// server has hung up, or when nothing came for as long as a case has patience.
// Nothing is judged by time, but for one thing that has no other measure: cases
// 6.4 ask whether a server refuses invalid text before the message is complete,
// and give it a moment to do so.
package main
