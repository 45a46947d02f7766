// Package wire is the part of the AG protocol and of WebSocket framing that a
// load generator needs, written for speed and for checking: it knows what a
// message ought to look like to the byte, so that the usual message costs a few
// comparisons, and only one that differs is parsed as JSON.
//
// Every payload carries a [Marker]: who published it, its number, and when. A
// [Shape] is the text around it. Nothing here does I/O or keeps state, and
// everything may be used from many goroutines at once. What is returned shares
// the bytes that were given.
//
// It imports the standard library alone: the server's own idea of the protocol
// must not be what the server is checked with.
package wire
