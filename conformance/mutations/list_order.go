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
		"what a stream's consumer has taken counts for ever", "agserver/socket_backlog.go",
		"\t\tl.sums = l.sums[read:]\n",
		``,
		[]string{"TestMaxStreamBytes"},
	},
}
