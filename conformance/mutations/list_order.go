package main

// orderAndBounds are mistakes in what comes before what, in what may wait, and in
// what is given back. Tests have to notice them.
var orderAndBounds = []Mutation{
	{
		"the end of a connection overtakes what the raw middleware has let through", "agserver/runner.go",
		"\t\tr.sock.endBehind(*n)\n",
		"\t\tr.sock.destroy(*n)\n",
		[]string{"TestMiddleware_RawBeforeTheEnd"},
	},
	{
		"raw middleware is shown the loop's own buffer", "agserver/socket_read.go",
		`inMessage{text: bytes.Clone(text), binary: binary, pong: pong, raw: true}`,
		`inMessage{text: text, binary: binary, pong: pong, raw: true}`,
		[]string{"TestMiddleware_RawMayBeKept"},
	},
	{
		"a pong overtakes the handshake", "agserver/socket_read.go",
		"\t\tif busy {\n\t\t\ts.enqueue(&s.handling, inMessage{pong: true})\n\t\t} else {\n\t\t\ts.onPong()\n\t\t}\n",
		"\t\ts.onPong()\n",
		[]string{"TestMiddleware_PongBehindTheHandshake"},
	},
	{
		"an answer overtakes the publication of the message before", "agserver/runner.go",
		"\tr.sock.awaitPump()\n",
		``,
		[]string{"TestMiddleware_OutboundBeforeTheNextAnswer"},
	},
	{
		"a publication overtakes what waits for an answer", "agserver/socket_write.go",
		"\tif wait == 0 || s.subs.len() <= fewToMove {\n\t\ts.standApartLocked(true)\n\t}\n",
		``,
		[]string{"TestTurn_Publication"},
	},
	{
		"the outbound middleware is asked about sockets that have ended", "agserver/socket_write.go",
		`if len(o.queue) == 0 || s.gone() {`,
		`if len(o.queue) == 0 {`,
		[]string{"TestMiddleware_OutboundAfterTheEnd"},
	},
	{
		"a call that took its time ends the turn of another one", "agserver/socket_turn.go",
		`if s.turn.number != n || s.turn.open == 0 {`,
		`if s.turn.open == 0 {`,
		[]string{"TestTurn_BesideASlowCall"},
	},
	{
		"a client is cut off again and again", "agserver/socket_write.go",
		"\tif o.cut {\n\t\treturn\n\t}\n",
		``,
		[]string{"TestMaxOutbound_Turn"},
	},
	{
		"later messages overtake a batch", "agserver/socket_inbox.go",
		`in.queue = append(packets, in.queue[in.head:]...)`,
		`in.queue = append(in.queue[in.head:], packets...)`,
		[]string{"TestUserCode_OrderBehindMiddleware"},
	},
	{
		"batches make room for more than may wait", "agserver/socket_inbox.go",
		"\tin.bytes += len(packets) * len(m.text)\n",
		``,
		[]string{"TestMaxInbound"},
	},
	{
		"short messages wait without bound", "agserver/socket_inbox.go",
		`in.bytes > limit || len(in.queue)-in.head > limit/minMessageCost`,
		`in.bytes > limit`,
		[]string{"TestMaxInbound"},
	},
	{
		"a socket paused for many short messages is read again behind the first", "agserver/socket_inbox.go",
		`!in.exceedsLocked(s.srv.opt.MaxInbound/2)`,
		`in.bytes <= s.srv.opt.MaxInbound/2`,
		[]string{"TestMaxInbound_ManySmallMessages"},
	},
	{
		"what a stream's consumer has taken counts for ever", "channels/stream/sizes.go",
		"\t\ts.before = s.before[read:]\n",
		``,
		[]string{"TestSizes"},
	},
	{
		"a loop that keeps up loses messages for one that does not", "channels/exchange.go",
		`most = unread - 1`,
		`most = 0`,
		[]string{"TestExchange_Backlog"},
	},
	{
		"a loop is not bounded beside one that was closed", "channels/exchange.go",
		`unread := x.streams.outputs.Unread(channel)`,
		`unread := x.streams.outputs.BackpressureOf(channel)`,
		[]string{"TestExchange_BacklogBesideAClosedOne"},
	},
	{
		"a value that is handed over late counts those as unread that were skipped", "channels/stream/cursor.go",
		`c.read.Store(max(pos, c.read.Load()))`,
		`c.read.Store(pos)`,
		[]string{"TestConsumer_C"},
	},
	{
		"a peer that does not hang up is kept for longer than it may take", "agserver/engine/closing.go",
		"\t\td = min(d, l.set.CloseTimeout)\n",
		``,
		[]string{"TestConn_LingersForAWhile"},
	},
	{
		"who once was slow has another one cut", "agserver/engine/backlog.go",
		`if farther := other.backlog.worst.Load() > most; farther || slowest == nil {`,
		"if farther := false; farther || slowest == nil {\n\t\t_ = other",
		[]string{"TestEngine_MaxOutboundTotal_OnceWas"},
	},
	{
		"a message is confirmed by a connection that never had it", "channels/natsbroker/publish.go",
		`conn.Stats().Reconnects != before`,
		`conn.Stats().Reconnects < before`,
		[]string{"TestBroker_ConfirmedIsDelivered"},
	},
	{
		"a shard that is lost is not missed", "channels/redisbroker/sharded.go",
		"\t\t\ts.cancel(fmt.Errorf(\"the shard at %s: %w\", addr, err))\n",
		"\t\t\t_ = addr\n",
		[]string{"TestBroker_ShardIsLost"},
	},
	{
		"a channel that is on another shard is given up", "channels/redisbroker/sharded.go",
		"\t\t\t\ts.cancel(err)\n\t\t\t\treturn errSessionEnded",
		"\t\t\t\treturn errSessionEnded",
		[]string{"TestBroker_ShardHasGivenAChannelAway"},
	},
	{
		"a message on its way counts as taken back", "channels/sccbroker/publish.go",
		"\tif p.taken {\n\t\treturn fmt",
		"\tif false {\n\t\treturn fmt",
		[]string{"TestBroker_Wait"},
	},
	{
		"a broker is left before it has answered", "channels/sccbroker/subscribe.go",
		`len(m.places) > 0 || m.sending > 0`,
		`len(m.places) > 0`,
		[]string{"TestBroker_LeftBehindItsAnswers"},
	},
	{
		"a broker that was silent once is never left", "channels/sccbroker/publish.go",
		"\tm.sending--\n\tm.unanswered = true",
		"\tm.unanswered = true",
		[]string{"TestBroker_LeftBehindItsAnswers"},
	},
	{
		"a publication waits for a broker that was closed", "channels/sccbroker/publish.go",
		"\tcase <-b.link.Context().Done():\n\t\treturn channels.ErrClosed\n\t}\n\treturn nil",
		"\t}\n\treturn nil",
		[]string{"TestBroker_Wait"},
	},
	{
		"a channel that nobody wants is subscribed again", "channels/sccbroker/subscribe.go",
		`if m.places[channel] == p {`,
		`if true {`,
		[]string{"TestBroker_SubscribeRefused"},
	},
	{
		"handlers of raw messages are given the loop's own buffer", "agserver/socket_read.go",
		"\tif !r.owns() && !m.owned {\n\t\tmsg.Data = bytes.Clone(m.text)\n\t}\n",
		``,
		[]string{"TestUserCode_DataMayBeKept"},
	},
}
