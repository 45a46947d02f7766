package sccbroker

// Mapper says which scc-broker a channel belongs to. All workers of a cluster
// need the same one, or they do not hear each other.
type Mapper interface {
	// Map returns the mapping for the brokers that the scc-state has named, in its
	// order. The mapping returns one of the URIs, or "" for none, the same for the
	// same channel every time, and is called by several goroutines at once.
	Map(uris []string) func(channel string) string
}

var (
	_ Mapper = SkeletonRendezvous{}
	_ Mapper = Simple{}
)
