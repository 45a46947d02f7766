// Package freeport finds ports for servers that tests start, and start again, at an
// address that others know before.
//
// The system lends the ports it chooses by itself to any connection and listener of
// any process, also between two starts of a server. These are others, and no two
// calls return the same, in one process or in several, as long as the first one keeps it.
//
// It imports the standard library alone and starts no goroutine.
package freeport
