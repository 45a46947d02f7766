// Package program is what programs of the conformance folders have in common that
// build and start other programs.
//
//	root, err := program.Root()       // where to build
//	output := new(program.Tail)       // what to show when it ends
//
// It imports the standard library alone and starts no goroutine.
package program
