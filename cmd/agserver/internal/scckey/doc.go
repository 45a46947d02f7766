// Package scckey checks the key that the instances of an SCC cluster have in
// common. It imports package protocol and starts no goroutine.
package scckey
