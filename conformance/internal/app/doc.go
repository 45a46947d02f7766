// Package app starts conformance apps: the one on Node (conformance/reference), the ones
// in Go (conformance/app, conformance/scenarios/binapp), and others that take the same
// arguments.
//
//	p, err := app.Program{Args: []string{"node", "main.js"}}.Start(`{"pingInterval":50}`)
//	… p.Addr
//	p.Stop()
//
// It imports the standard library, conformance/program and freeport. A process is the
// caller's to stop.
package app
