package sccstate

import (
	"github.com/socketcluster-go/socketcluster/cmd/agserver/internal/scckey"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// What instances are told.
var (
	// ErrBadClusterAuth refuses a connection without the cluster's key.
	ErrBadClusterAuth = scckey.ErrBadClusterAuth.Withf(
		"Cannot connect to the scc-state instance without providing a valid authKey as a URL query argument.")
	// ErrCompatibility refuses an instance of another major version.
	ErrCompatibility = &protocol.Error{Name: "CompatibilityError"}
	// ErrStarting keeps a worker waiting until brokers have had time to join.
	ErrStarting = &protocol.Error{Message: "The server is waiting for initial broker connections"}
	// ErrEnding answers who joins or leaves when Run has ended.
	ErrEnding = &protocol.Error{Message: "The state server is ending"}
)
