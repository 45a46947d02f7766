package protocol

// CloseCode is the status code of a WebSocket close frame: those of RFC 6455
// that occur, and the protocol's own from 4000 on.
type CloseCode int

// The close codes that the reference knows by name.
const (
	CloseNormal            CloseCode = 1000 // closed on purpose
	CloseGoingAway         CloseCode = 1001 // the socket was disconnected
	CloseProtocolError     CloseCode = 1002 // bad WebSocket frame
	CloseUnsupportedData   CloseCode = 1003 // data of a type that is not accepted
	CloseNoStatus          CloseCode = 1005 // a close frame without a code; never sent
	CloseAbnormal          CloseCode = 1006 // no close frame at all; never sent
	CloseBadPayload        CloseCode = 1007 // text that is not UTF-8
	ClosePolicyViolation   CloseCode = 1008
	CloseTooBig            CloseCode = 1009 // a message over the limit
	CloseExtensionRequired CloseCode = 1010
	CloseInternalError     CloseCode = 1011

	ClosePingTimeout       CloseCode = 4000 // the client saw no ping
	ClosePongTimeout       CloseCode = 4001 // the server saw no pong
	CloseSignFailed        CloseCode = 4002 // the auth token could not be signed
	CloseHandshakeFailed   CloseCode = 4003 // the client could not complete its handshake
	CloseTokenNotSaved     CloseCode = 4004 // the client could not save its auth token
	CloseHandshakeTimeout  CloseCode = 4005 // no #handshake in time
	CloseBrokerFailed      CloseCode = 4006 // the socket could not be bound to the broker
	CloseConnectTimeout    CloseCode = 4007 // the client's own limit for connecting
	CloseHandshakeRejected CloseCode = 4008 // #handshake refused or malformed
	CloseEarlyMessage      CloseCode = 4009 // a message before #handshake
)

// Text returns the sentence of the reference's table of error statuses, and ""
// for a code that is not in it: 1000 is not. It is the reason that events and
// errors carry when a connection ended without one; close frames never carry
// it.
func (c CloseCode) Text() string {
	switch c {
	case CloseGoingAway:
		return "Socket was disconnected"
	case CloseProtocolError:
		return "A WebSocket protocol error was encountered"
	case CloseUnsupportedData:
		return "Server terminated socket because it received invalid data"
	case CloseNoStatus:
		return "Socket closed without status code"
	case CloseAbnormal:
		return "Socket hung up"
	case CloseBadPayload:
		return "Message format was incorrect"
	case ClosePolicyViolation:
		return "Encountered a policy violation"
	case CloseTooBig:
		return "Message was too big to process"
	case CloseExtensionRequired:
		return "Client ended the connection because the server did not comply with extension requirements"
	case CloseInternalError:
		return "Server encountered an unexpected fatal condition"
	}
	return c.ownText()
}

// ownText is the part of the table that is SocketCluster's own.
func (c CloseCode) ownText() string {
	switch c {
	case ClosePingTimeout:
		return "Server ping timed out"
	case ClosePongTimeout:
		return "Client pong timed out"
	case CloseSignFailed:
		return "Server failed to sign auth token"
	case CloseHandshakeFailed:
		return "Failed to complete handshake"
	case CloseTokenNotSaved:
		return "Client failed to save auth token"
	case CloseHandshakeTimeout:
		return "Did not receive #handshake from client before timeout"
	case CloseBrokerFailed:
		return "Failed to bind socket to message broker"
	case CloseConnectTimeout:
		return "Client connection establishment timed out"
	case CloseHandshakeRejected:
		return "Server rejected handshake from client"
	case CloseEarlyMessage:
		return "Server received a message before the client handshake"
	}
	return ""
}

// Ignored tells whether an end with this code is no error: 1000 and 1001. An
// end with any other code emits a SocketProtocolError.
func (c CloseCode) Ignored() bool { return c == CloseNormal || c == CloseGoingAway }

// IgnoredText returns the sentence of the reference's table of statuses that
// are no errors, and "" for every code but 1000 and 1001.
func (c CloseCode) IgnoredText() string {
	if c == CloseNormal {
		return "Socket closed normally"
	}
	if c == CloseGoingAway {
		return c.Text()
	}
	return ""
}

// Sendable tells whether a close frame may carry the code (RFC 6455, 7.4, and
// the registrations since): 1000–1003, 1007–1014, 3000–4999. The reference
// lets its WebSocket library throw over any other, which can end the process.
func (c CloseCode) Sendable() bool {
	switch {
	case c >= 1000 && c <= 1003, c >= 1007 && c <= 1014:
		return true
	}
	return c >= 3000 && c <= 4999
}
