package engine

import "net/http"

// Decision is a Handler's answer to an upgrade request. The zero Decision
// accepts it.
type Decision struct {
	// Status refuses the upgrade with that HTTP status; 0 (or 101) accepts.
	Status int
	// Body is the text of a refusal; "" = the status's standard text.
	Body string
	// Header is added to the answer, be it a refusal or an upgrade. Values
	// with control characters are left out.
	Header http.Header
	// Subprotocol is the subprotocol to answer with; "" = the first that the
	// client offered, as `ws` does. It is ignored when none was offered.
	Subprotocol string
	// NoSubprotocol answers without a subprotocol although some were offered.
	NoSubprotocol bool
	// User is what Conn.User returns later.
	User any
}
