// Package tlsclients connects to the server by a TLS that is not Go's: OpenSSL, as
// Node has it. It looks at what the server's own tests, whose clients are Go's,
// cannot: that both understand each other, and renegotiation, which Go's clients do
// not ask for.
//
// It has tests only. They start a process of Node for each connection, and wait for
// its end.
package tlsclients
