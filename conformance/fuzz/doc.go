// Command fuzz runs the fuzz targets of the repository, one after the other, each
// for the same time.
//
//	go run ./conformance/fuzz -for 30m
//	go run ./conformance/fuzz -for 5m -run 'engine|FuzzConnection' -parallel 1
//	go run ./conformance/fuzz -list
//
// What a target finds is kept by go test in the package's testdata/fuzz, from
// where every later go test plays it again: commit it with the mend. Inputs that
// only reach new code stay in the build cache, and the next run begins with them.
//
// A find that does not fail when it is played again is called doubtful: look at
// it, and take the input out if all that happened is that the machine slept.
//
// It imports the standard library alone. It runs one go test at a time, which has
// as many workers as -parallel says, and ends it when it is interrupted itself.
package main
