// Command agload puts load on a server that speaks AG, this one or Node's, checks
// every message that comes back, and measures.
//
//	agload fanout --url ws://127.0.0.1:8000/socketcluster/
//	agload rpc --window 1 --json
//	agload help            # all commands; agload help fanout: one of them
//
// docs/load-testing.md explains the modes, the figures and the JSON.
//
// Files: main (commands), flags (a mode's flags to a plan), sweep, report, soak,
// help (the manual pages), progress (what is told meanwhile), print (the result for people).
// The work is done by the packages below internal: load, with hist, proc and wire,
// report and soak.
package main
