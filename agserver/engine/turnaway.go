package engine

import (
	"crypto/tls"
	"net"
	"net/http"
)

// retryAfter is in how many seconds a client that was turned away may try again.
const retryAfter = "10"

// turnedAway is the answer to a connection that Config.Admit refuses. The client has
// asked for nothing yet, or at least nobody has looked.
func turnedAway(status int) []byte {
	return (&refusal{Status: status, Header: http.Header{"Retry-After": {retryAfter}}}).bytes()
}

// turnAway refuses a connection that nothing was done for yet. What is written to a
// new TCP socket never waits; of others, an end is all that is said.
func turnAway(nc net.Conn, status int) {
	switch c := nc.(type) {
	case *net.TCPConn:
		_, _ = c.Write(turnedAway(status)) // it fails if the peer is gone
		_ = c.CloseWrite()
	case *tls.Conn:
		nc = c.NetConn() // there is nobody to say goodbye to
	}
	_ = nc.Close()
}
