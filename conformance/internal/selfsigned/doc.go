// Package selfsigned puts TLS in front of the conformance servers, with a
// certificate that nobody knows.
//
//	l, err := selfsigned.Listener(l)
//
// It imports the standard library only, and starts no goroutine.
package selfsigned
