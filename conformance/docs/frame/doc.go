// Package frame is what stands around a block of Go from a Markdown page when it
// is run: a server, and a client that is connected to it in memory. See package
// docs for the names that a block and its check may use.
package frame
