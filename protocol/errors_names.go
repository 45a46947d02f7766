package protocol

// One value for every error name of sc-errors 3.0.0, for errors.Is and, with
// Withf, for making one. Those with fields of their own have constructors.
var (
	// ErrAuthTokenExpired: a token whose time is over; field expiry.
	ErrAuthTokenExpired = &Error{Name: "AuthTokenExpiredError"}
	// ErrAuthTokenInvalid: a token that does not verify.
	ErrAuthTokenInvalid = &Error{Name: "AuthTokenInvalidError"}
	// ErrAuthTokenNotBefore: a token that is not yet active; field date.
	ErrAuthTokenNotBefore = &Error{Name: "AuthTokenNotBeforeError"}
	// ErrAuthToken: any other trouble with a token.
	ErrAuthToken = &Error{Name: "AuthTokenError"}
	// ErrAuth: trouble with authentication beside the token itself.
	ErrAuth = &Error{Name: "AuthError"}
	// ErrSilentMiddlewareBlocked: blocked by a middleware that gave no reason;
	// field type.
	ErrSilentMiddlewareBlocked = &Error{Name: "SilentMiddlewareBlockedError"}
	// ErrInvalidAction: asked for at the wrong time or in the wrong form.
	ErrInvalidAction = &Error{Name: "InvalidActionError"}
	// ErrInvalidArguments: an argument that makes no sense; also data that does
	// not fit what it is decoded into.
	ErrInvalidArguments = &Error{Name: "InvalidArgumentsError"}
	// ErrInvalidOptions: an option that makes no sense.
	ErrInvalidOptions = &Error{Name: "InvalidOptionsError"}
	// ErrInvalidMessage: a message that its codec cannot read.
	ErrInvalidMessage = &Error{Name: "InvalidMessageError"}
	// ErrSocketProtocol: a connection that ended with an error status; field code.
	ErrSocketProtocol = &Error{Name: "SocketProtocolError"}
	// ErrServerProtocol: a server that does not follow the protocol.
	ErrServerProtocol = &Error{Name: "ServerProtocolError"}
	// ErrHTTPServer: trouble of the HTTP server below.
	ErrHTTPServer = &Error{Name: "HTTPServerError"}
	// ErrResourceLimit: a limit was reached.
	ErrResourceLimit = &Error{Name: "ResourceLimitError"}
	// ErrTimeout: a call that was not answered in time.
	ErrTimeout = &Error{Name: "TimeoutError"}
	// ErrBadConnection: no usable connection, or one that ended before the
	// answer; fields type, code, reason.
	ErrBadConnection = &Error{Name: "BadConnectionError"}
	// ErrBroker: trouble of the message broker.
	ErrBroker = &Error{Name: "BrokerError"}
	// ErrProcessExit: a process that ended; field code.
	ErrProcessExit = &Error{Name: "ProcessExitError"}
	// ErrUnknown: anything else.
	ErrUnknown = &Error{Name: "UnknownError"}
)

// NewAuthTokenExpiredError takes the moment of expiry: a time.Time where the
// reference has a Date (verification), a number of seconds where it has the
// token's exp (a socket whose token ran out).
func NewAuthTokenExpiredError(message string, expiry any) *Error {
	return &Error{ErrAuthTokenExpired.Name, message, []Field{{"expiry", expiry}}}
}

// NewAuthTokenNotBeforeError takes the moment from which the token holds, as
// NewAuthTokenExpiredError takes its own.
func NewAuthTokenNotBeforeError(message string, date any) *Error {
	return &Error{ErrAuthTokenNotBefore.Name, message, []Field{{"date", date}}}
}

// NewSilentMiddlewareBlockedError takes the kind of middleware that blocked
// ("handshake", "inbound", …).
func NewSilentMiddlewareBlockedError(message, kind string) *Error {
	return &Error{ErrSilentMiddlewareBlocked.Name, message, []Field{{"type", kind}}}
}

// NewSocketProtocolError takes the close code with which the connection ended.
func NewSocketProtocolError(message string, code CloseCode) *Error {
	return &Error{ErrSocketProtocol.Name, message, []Field{{"code", code}}}
}

// NewBadConnectionError takes the type of failure ("disconnect",
// "connectAbort"), and the close code and reason of the connection. As in the
// reference, code 0 stands for 1001 and an empty reason for the text that 1000
// and 1001 have.
func NewBadConnectionError(message, kind string, code CloseCode, reason string) *Error {
	if code == 0 {
		code = CloseGoingAway
	}
	if reason == "" {
		reason = code.IgnoredText()
	}
	return &Error{ErrBadConnection.Name, message, []Field{{"type", kind}, {"code", code}, {"reason", reason}}}
}

// NewProcessExitError takes the exit code of the process.
func NewProcessExitError(message string, code int) *Error {
	return &Error{ErrProcessExit.Name, message, []Field{{"code", code}}}
}
