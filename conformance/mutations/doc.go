// Command mutations proves that the comparison with the reference notices what
// it should: it breaks the server in small ways, one after the other, and asks
// conformance/wirediff whether the broken server still passes.
//
//	go run ./conformance/mutations              all of them, each has to be caught
//	go run ./conformance/mutations -run batch   some of them
//
// A mutation replaces one piece of source, in a copy of the repository; the
// copy is built and played against the reference until the first transcript
// differs. The output has a line for each, with the transcript that caught it.
// The exit status is 1 if one survives, or if its text is not in the source any
// more: then the list in list.go wants a look.
package main
