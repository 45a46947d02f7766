package protocol

// Version is a version of the AG protocol. It decides what the ping and the
// pong look like, and nothing else.
type Version int

// The versions there are. A connection tells its own in the query of its
// handshake URL ("?protocolVersion=2"); the reference reads a missing or any
// other value as the server's own version.
const (
	V1 Version = 1
	V2 Version = 2
)

// Ping returns the text message with which a server asks whether the client
// is alive: "#1" in version 1, the empty message in every other.
func (v Version) Ping() string {
	if v == V1 {
		return "#1"
	}
	return ""
}

// Pong returns the text message with which a client answers a ping: "#2" in
// version 1, the empty message in every other.
func (v Version) Pong() string {
	if v == V1 {
		return "#2"
	}
	return ""
}
