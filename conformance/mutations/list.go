package main

import "slices"

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
var mutations = slices.Concat(orderAndBounds, []Mutation{
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
		"\ts.expire(true)\n}\n\n// onRaw", "}\n\n// onRaw",
		[]string{"auth"},
	},
	{
		"a refused handshake closes with 4003", "agserver/on_handshake.go",
		"code := protocol.CloseHandshakeRejected\n\tif", "code := protocol.CloseHandshakeFailed\n\tif",
		[]string{"middleware"},
	},
	{
		"a refused handshake has no status code", "agserver/on_handshake.go",
		`told = told.With("statusCode", strconv.AppendInt(nil, int64(code), 10))`, ``,
		[]string{"middleware"},
	},
	{
		"a second handshake is reported again", "agserver/on_handshake.go",
		"if first {\n\t\ts.expectConsumers", "if true {\n\t\ts.expectConsumers",
		[]string{"handshake"},
	},
	{
		"a bad token is not taken from the client", "agserver/on_handshake.go",
		`bad = isBadToken(err)`, `bad = false`,
		[]string{"auth"},
	},
	{
		"the ping timeout is told in seconds", "agserver/on_handshake.go",
		`s.srv.opt.PingTimeout.Milliseconds()`, `int64(s.srv.opt.PingTimeout.Seconds())`,
		[]string{"handshake"},
	},
	{
		"a new token is reported before the change of state", "agserver/socket_auth.go",
		"emit(s.srv, &s.srv.emit.authenticationStateChange, AuthenticationStateChangeEvent{s, change})\n\t}\n\tif st != nil {\n\t\tgive(s.srv, s, &st.emit.authenticate, ",
		"defer emit(s.srv, &s.srv.emit.authenticationStateChange, AuthenticationStateChangeEvent{s, change})\n\t}\n\tif st != nil {\n\t\tgive(s.srv, s, &st.emit.authenticate, ",
		[]string{"auth"},
	},
	{
		"the client is not told to drop its token", "agserver/socket_auth.go",
		`s.sendLocked(outPacket{text: protocol.AppendTransmit(nil, protocol.EventRemoveAuthToken, nil)}, now)`, ``,
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
		`s.transmitLocked(protocol.EventKickOut, kickOutData(channel, news), ahead && i == 0)`,
		`_, _ = news, ahead && i == 0`,
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
		`case r != nil && r.Silent, truthy(err, "silent"):`, `case r != nil && r.Silent:`,
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

	// Tests have to notice these.
	{
		"who lost the loop shares a collected message with it", "agserver/engine/guard.go",
		"\t\t\tc.in.abandon()\n",
		``,
		[]string{"TestGuard_CollectedMessageStays"},
	},
	{
		"guarded code goes on before the Handler knows that the loop is taken", "agserver/engine/guard.go",
		"\tg.taking.Lock()\n\tdefer g.taking.Unlock()\n\treturn g.call.Load() != taken, false",
		`	return g.call.Load() != taken, false`,
		[]string{"TestGuard_LeaveWaitsForRelieve"},
	},
	{
		"a new member gets what was held before", "agserver/engine/fanout.go",
		"\t} else if l.fan.to == s {\n\t\tl.fan.pass(c)\n\t}",
		`	}`,
		[]string{"TestGroup_WideKeepsTheOrder"},
	},
	{
		"what a socket took of a fan-out is sent again", "agserver/engine/fanout.go",
		`l.queueFrames(c, h.frames[from:], n)`,
		`l.queueFrames(c, h.frames[from:], 0)`,
		[]string{"TestGroup_WideToFullSockets"},
	},
	{
		"a frame that is put first lands in the middle of another one", "agserver/engine/fanout.go",
		"\t\tif n > 0 {\n\t\t\tc.out.torn++\n\t\t}\n",
		``,
		[]string{"TestGroup_WideToFullSockets"},
	},
	{
		"a close frame overtakes what is held", "agserver/engine/group.go",
		"\tif c.state == stateOpen {\n\t\tl.overtake(c)\n\t}\n",
		``,
		[]string{"TestGroup_WideBeforeTheEnd"},
	},
	{
		"what is held for a peer that hangs up is lost", "agserver/engine/closing.go",
		"\tfor _, c := range l.hungUp {\n\t\tl.overtake(c)\n",
		"\tfor _, c := range l.hungUp {\n",
		[]string{"TestGroup_WideBeforeTheHangUp"},
	},
	{
		"a loop holds frames without bound", "agserver/engine/fanout.go",
		`len(h.frames) >= fanMost`,
		`len(h.frames) >= 1<<20`,
		[]string{"TestLoop_HoldsNoMore"},
	},
	{
		"a burst is taken for a slow peer", "agserver/engine/inbox.go",
		"\t\tl.io.flush(c)\n\t}\n\treturn l.admitOutput",
		"\t}\n\treturn l.admitOutput",
		[]string{"TestConn_BurstIsNotSlow"},
	},
	{
		"clients seem to have the certificate of another one", "agserver/engine/kept.go",
		"\t\tcommon.PeerCertificates, common.VerifiedChains = nil, nil\n",
		``,
		[]string{"TestKept_Certificates"},
	},
	{
		"messages overtake the one whose middleware waits", "agserver/inline.go",
		"\ts.handling.Store(r.in) // nil so far: see receive\n",
		``,
		[]string{"TestUserCode_OrderBehindMiddleware"},
	},
	{
		"slow code is tried on the loop again", "agserver/inline.go",
		"\t\t\th.heldUp()\n",
		``,
		[]string{"TestUserCode_HoldsTheLoopOnce"},
	},
	{
		"slow handlers side by side have no bound", "agserver/runner.go",
		`if r.holds.Load() || !r.sock.mayLoosen() {`,
		`if r.holds.Load() {`,
		[]string{"TestUserCode_SideBySideIsBounded"},
	},
	{
		"a slow handler behind a middleware holds its socket up", "agserver/runner.go",
		"\t\tr.holds.Store(false)\n",
		``,
		[]string{"TestUserCode_SlowBehindAMiddleware"},
	},
	{
		"what has passed the outbound middleware counts for ever", "agserver/socket_write.go",
		"\t\to.bytes -= len(p.text)\n",
		``,
		[]string{"TestMiddleware_OutboundGivesRoomBack"},
	},
	{
		"a middleware session is opened after the end of its socket", "agserver/middlewares.go",
		`if ss = mw.Load(); s.isDead() {`,
		`if ss = mw.Load(); false {`,
		[]string{"TestSocket_NoSessionAfterTheEnd"},
	},
	{
		"a publication that waits no more counts as waiting", "channels/internal/link/link.go",
		"\tl.waiting -= size\n",
		``,
		[]string{"TestLink_Await"},
	},
	{
		"a message of a lost connection comes a second time", "channels/natsbroker/order.go",
		`number <= *last`,
		`number < *last`,
		[]string{"TestOrder_Forgets"},
	},
	{
		"a message that may have been sent counts as not sent", "channels/natsbroker/publish.go",
		`case isNetError(err):`,
		`case false:`,
		[]string{"TestBroker_Frozen"},
	},
	{
		"NATS publications are confirmed before their own node has them", "channels/natsbroker/publish.go",
		"\t\tb.settle()\n",
		``,
		[]string{"TestBroker"},
	},
	{
		"a channel is left where it was before it is where it belongs", "channels/sccbroker/subscribe.go",
		`settled := s.at != nil && s.at.confirmed`,
		`settled := s.at != nil`,
		[]string{"TestBroker_MoveRefused"},
	},
	{
		"a publication overtakes those at the former broker of its channel", "channels/sccbroker/mapping.go",
		`case !m.ready, l.moved && b.settling != nil:`,
		`case !m.ready:`,
		[]string{"TestBroker_BrokerJoins"},
	},
	{
		"an unanswered publication comes after its channel has moved", "channels/sccbroker/mapping.go",
		"\tb.cutUnansweredLocked()\n",
		``,
		[]string{"TestBroker_UnansweredBeforeAMove"},
	},
	{
		"a message joins a packet that is on its way", "channels/sccbroker/packet.go",
		`return !p.taken && (`,
		`return (`,
		[]string{"TestBroker"},
	},
	{
		"channels are subscribed in the wrong order", "agclient/subscription.go",
		`return cmp.Compare(b.options.Priority, a.options.Priority)`,
		`return cmp.Compare(a.options.Priority, b.options.Priority)`,
		[]string{"TestClient_Subscribe"},
	},
	{
		"a connection does not wait for the silent one before", "agclient/conn.go",
		"\tk.awaitSilent()\n",
		``,
		[]string{"TestClient_PingTimeout"},
	},
	{
		"a connection does not wait for the one that was cut", "agclient/connect.go",
		"\tif k.upgraded {\n\t\tc.life.silent = k\n\t}\n",
		``,
		[]string{"TestClient_Terminate"},
	},
	{
		"a connection that was given up is still heard", "agclient/inbound.go",
		"\tif c.life.conn != k {\n\t\treturn\n\t}\n\temit(&c.emitters, &c.emitters.message",
		`	emit(&c.emitters, &c.emitters.message`,
		[]string{"TestClient_Disconnect"},
	},
	{
		"a signature may be written in several ways", "authtoken/verify.go",
		"\t\tif encode64(signature) != t.signature {\n\t\t\treturn invalidError(\"invalid signature\")\n\t\t}\n",
		``,
		[]string{"TestJWT_VerifyVectors"},
	},
	{
		"a token chooses its algorithm", "authtoken/verify.go",
		`!slices.Contains(algorithms, t.alg)`,
		`algorithms == nil`,
		[]string{"TestJWT_VerifyVectors"},
	},
})
