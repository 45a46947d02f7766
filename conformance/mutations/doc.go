// Command mutations proves that the comparison with the reference, and the tests of
// the most delicate code, notice what they should: it breaks the product in small
// ways, one after the other, and asks conformance/wirediff whether the broken server
// still passes, or tests whether they still do.
//
//	go run ./conformance/mutations              all of them, each has to be caught
//	go run ./conformance/mutations -run batch   some of them
//
// A mutation replaces one piece of source, in a copy of the repository; the
// copy is built and played against the reference until the first transcript
// differs, or the named tests of its package run until the first one fails. The
// output has a line for each, with the transcript or the test that caught it.
// The exit status is 1 if one survives, or if its text is not in the source any
// more: then the list in list.go wants a look.
package main
