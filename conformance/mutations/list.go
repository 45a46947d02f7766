package main

// A Mutation is one small mistake.
type Mutation struct {
	Name    string
	File    string // in the repository
	Find    string // has to be there exactly once
	Replace string
	// By says who could notice: files of transcripts (empty is all of them), or
	// tests of the package that the file is in.
	By []string
}

// mutations are the mistakes that have to be noticed. What clients see is for the
// comparison: names, texts and codes, order, what is missing and what is too much.
// Who owns what, bounds, and what a lost connection may cost, is for tests.
var mutations = []Mutation{
	{
		"wrong error name", "agserver/on_publish.go",
		`protocol.ErrInvalidAction.Withf("Publish channel name was malformatted")`,
		`protocol.ErrInvalidArguments.Withf("Publish channel name was malformatted")`,
		[]string{"channels"},
	},
	{
		"wrong error message", "agserver/on_publish.go",
		`"Client publish feature is disabled"`, `"Client publish feature is off"`,
		[]string{"channels"},
	},
	{
		"an answer without data has null", "agserver/on_publish.go",
		`s.reply(p.ID, nil)`, `s.reply(p.ID, protocol.Null)`,
		[]string{"channels"},
	},
	{
		"closure is not reported", "agserver/socket_close.go",
		`emit(s.srv, &s.srv.emit.closure, ClosureEvent{s, end})`, ``,
		[]string{"closing"},
	},
	{
		"closure is reported before disconnection", "agserver/socket_close.go",
		`emit(s.srv, &s.srv.emit.disconnection, DisconnectionEvent{s, end})`,
		`emit(s.srv, &s.srv.emit.closure, ClosureEvent{s, end}); emit(s.srv, &s.srv.emit.disconnection, DisconnectionEvent{s, end}); return`,
		[]string{"closing"},
	},
	{
		"channels are not left at the end", "agserver/socket_close.go",
		`s.unsubscribe(s.srv.ctx, channel) // fails`, `_ = channel // fails`,
		[]string{"channels"},
	},
	{
		"no standard reason in events", "agserver/socket_close.go",
		`end.Reason = end.Code.Text()`, `end.Reason = ""`,
		[]string{"handshake"},
	},
	{
		"closing flushes the batch", "agserver/socket_close.go",
		"s.cancelBatchLocked()\n\ts.setStateLocked(Closed)", "s.flushBatchLocked()\n\ts.setStateLocked(Closed)",
		[]string{"batching"},
	},
	{
		"early message closes with 4008", "agserver/socket_read.go",
		"case Connecting:\n\t\ts.closeWith(protocol.CloseEarlyMessage, \"\")",
		"case Connecting:\n\t\ts.closeWith(protocol.CloseHandshakeRejected, \"\")",
		[]string{"handshake"},
	},
	{
		"handshake timeout closes with 4004", "agserver/socket_wake.go",
		`s.closeWith(protocol.CloseHandshakeTimeout, "")`, `s.closeWith(protocol.CloseTokenNotSaved, "")`,
		[]string{"handshake"},
	},
	{
		"pong timeout closes with 4000", "agserver/socket_wake.go",
		`s.closeWith(protocol.ClosePongTimeout, "")`, `s.closeWith(protocol.ClosePingTimeout, "")`,
		[]string{"timers"},
	},
	{
		"pong timeout counts only pongs", "agserver/socket_read.go",
		`if pong || last > s.srv.opt.PingTimeout/pongResetDivisor {`, `if pong || last < 0 {`,
		[]string{"timers"},
	},
	{
		"a pong does not look at the token", "agserver/socket_read.go",
		"\ts.expire()\n}\n\n// onRaw", "}\n\n// onRaw",
		[]string{"auth"},
	},
	{
		"a refused handshake closes with 4003", "agserver/on_handshake.go",
		"code := protocol.CloseHandshakeRejected\n\ttold", "code := protocol.CloseHandshakeFailed\n\ttold",
		[]string{"middleware"},
	},
	{
		"a refused handshake has no status code", "agserver/on_handshake.go",
		`told.WithField("statusCode", int(code))`, `told`,
		[]string{"middleware"},
	},
	{
		"a second handshake is reported again", "agserver/on_handshake.go",
		"if first {\n\t\ts.expectConsumers", "if true {\n\t\ts.expectConsumers",
		[]string{"handshake"},
	},
	{
		"a bad token is not taken from the client", "agserver/on_handshake.go",
		`if isBadToken(err) && !s.gone() {`, `if false {`,
		[]string{"auth"},
	},
	{
		"the ping timeout is told in seconds", "agserver/on_handshake.go",
		`s.srv.opt.PingTimeout.Milliseconds()`, `int64(s.srv.opt.PingTimeout.Seconds())`,
		[]string{"handshake"},
	},
	{
		"a new token is reported before the change of state", "agserver/socket_auth.go",
		"emit(s.srv, &s.srv.emit.authenticationStateChange, AuthenticationStateChangeEvent{s, change})\n\t}\n\tif st != nil {\n\t\tst.emit.authenticate.",
		"defer emit(s.srv, &s.srv.emit.authenticationStateChange, AuthenticationStateChangeEvent{s, change})\n\t}\n\tif st != nil {\n\t\tst.emit.authenticate.",
		[]string{"auth"},
	},
	{
		"the client is not told to drop its token", "agserver/socket_auth.go",
		`s.sendLocked(outPacket{text: protocol.AppendTransmit(nil, protocol.EventRemoveAuthToken, nil)}, false)`, ``,
		[]string{"auth"},
	},
	{
		"a token that cannot be signed leaves the socket open", "agserver/socket_auth.go",
		`s.closeWith(protocol.CloseSignFailed, err.Error())`, ``,
		[]string{"auth"},
	},
	{
		"starting a batch keeps what was collected", "agserver/socket_batch.go",
		"b.collecting, b.text, b.packets = true, nil, 0", "b.collecting = true",
		[]string{"batching"},
	},
	{
		"the channel limit is off by one", "agserver/socket_subscriptions.go",
		`s.subs.len() >= limit`, `s.subs.len() > limit`,
		[]string{"channels"},
	},
	{
		"a kick is not told", "agserver/socket_subscriptions.go",
		`s.transmitLocked(protocol.EventKickOut, data, ahead && i == 0)`,
		`_, _ = data, ahead && i == 0`,
		[]string{"channels"},
	},
	{
		"a kick follows the answer", "agserver/socket_subscriptions.go",
		`ahead && i == 0)`, `ahead && i < 0)`,
		[]string{"channels"},
	},
	{
		"an unsubscription is not reported", "agserver/socket_subscriptions.go",
		`emit(s.srv, &s.srv.emit.unsubscription, UnsubscriptionEvent{s, channel})`, ``,
		[]string{"channels"},
	},
	{
		"falsy errors of a client count as errors", "agserver/on_response.go",
		`p.Error.Exists() && !p.Error.Falsy()`, `p.Error.Exists()`,
		[]string{"calls"},
	},
	{
		"call ids begin with 0", "agserver/socket_call.go",
		"c.last++\n\tcall :=", "defer func() { c.last++ }()\n\tcall :=",
		[]string{"calls"},
	},
	{
		"subscribing without a call id subscribes", "agserver/on_subscribe.go",
		`if p.Kind != protocol.KindInvoke {`, `if false {`,
		[]string{"channels"},
	},
	{
		"subscription options keep the channel", "agserver/on_subscribe.go",
		`options().Without("channel").Clone()`, `options().Clone()`,
		[]string{"channels"},
	},
	{
		"silent middleware is loud", "agserver/middlewares.go",
		`case r != nil && r.Silent, !errors.As(err, &v) && truthy(err, "silent"):`, `case r != nil && r.Silent:`,
		[]string{"middleware"},
	},
	{
		"outbound middleware changes nothing", "agserver/socket_write.go",
		`if !a.UseCache && !sameBytes(a.Data, data) {`, `if false {`,
		[]string{"middleware"},
	},
	{
		"a blocked upgrade is 403", "agserver/accept.go",
		`http.StatusUnauthorized`, `http.StatusForbidden`,
		[]string{"middleware"},
	},
	{
		"a wrong path is 404", "agserver/accept.go",
		`return engine.Decision{Status: http.StatusBadRequest}`, `return engine.Decision{Status: http.StatusNotFound}`,
		[]string{"upgrade"},
	},
	{
		"bad UTF-8 closes with 1002", "agserver/engine/header.go",
		`&ProtocolError{1007, "Invalid WebSocket frame: invalid UTF-8 sequence"}`,
		`&ProtocolError{1002, "Invalid WebSocket frame: invalid UTF-8 sequence"}`,
		[]string{"frames"},
	},
	{
		"raw messages lose that they are binary", "agserver/socket_read.go",
		`msg := Message{Data: m.text, Binary: m.binary}`, `msg := Message{Data: m.text}`,
		[]string{"packets"},
	},
}
