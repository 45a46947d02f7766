// Package agclient is a client for the AG protocol of SocketCluster: it has the
// shape and the behaviour of the JavaScript package socketcluster-client
// 20.0.2, and talks to the Node server as well as to package agserver.
//
//	c, err := agclient.Dial(ctx, "ws://127.0.0.1:8000/socketcluster/", nil)
//	if err != nil {
//		return err
//	}
//	defer c.Close()
//	var sum float64
//	err = c.Invoke(ctx, "sum", []int{1, 2, 3}, &sum)
//	news := c.Subscribe("news") // survives reconnects
//	for m := range news.Output().All(ctx) {
//		fmt.Println(m)
//	}
//
// # Connection
//
// A client that loses its connection comes back by itself: at once after a ping
// timeout (4000), a pong timeout (4001) or an end without a status (1005), after
// a growing random delay (ReconnectOptions) otherwise, and not at all after 1000
// or a code from 4500 on. Connect, Transmit and Invoke connect a client that is
// closed. A connection that has been silent for too long is cut within 100 ms, and the
// next one is not opened before: what it still had to send does not come late. What is
// sent while there is no connection waits, in order, for the
// next one, for as long as the ack timeout. Channels are subscribed again.
// Calls whose connection ends fail with BadConnectionError: whether the server
// saw them, nobody knows.
//
// # JavaScript to Go
//
//	create({hostname, port, path, …})       New(url, options), or Dial
//	s.connect(), .disconnect(), .reconnect  c.Connect(), Disconnect, Reconnect
//	s.connect(otherOptions)                 another Client
//	for await (let e of s.listener('x'))    for e := range c.Events().X.All(ctx)
//	s.listener('x').once(timeout)           c.Events().X.Once(ctx)
//	s.killAllListeners()                    c.Events().KillAll()
//	s.emit('x', …)                          a stream.Emitter of one's own
//	s.invoke(event, data, {ackTimeout})     c.Invoke(ctx, …), c.InvokeWith(ctx, …)
//	s.transmit(event, data)                 c.Transmit(event, data)
//	for await (let d of s.receiver('x'))    for d := range c.Receiver("x").All(ctx)
//	s.procedure('x'), request.end, .error   c.Procedure("x"), Reply, Fail
//	s.killAllReceivers()                    c.Receivers().Kill()
//	s.subscribe('x', {waitForAuth})         c.Subscribe("x", channels.SubscribeOptions{…})
//	for await (let d of channel)            for d := range channel.Output().All(ctx)
//	channel.listener('kickOut')             channel.Listener(channels.EventKickOut)
//	s.isSubscribed('x', true)               c.ChannelState("x")
//	s.closeAllChannels()                    c.Channels().Close()
//	s.transmitPublish, s.invokePublish      c.TransmitPublish, c.InvokePublish
//	s.authToken.username                    c.AuthToken().Get("username")
//	auth engine (load, save, removeToken)   TokenStore
//	s.authState, s.state, s.id              c.AuthState(), c.State(), c.ID()
//	pendingReconnectTimeout                 c.PendingReconnect()
//	autoReconnectOptions {ms}               ReconnectOptions {time.Duration}
//	autoConnect, autoReconnect: false       New without Connect; ReconnectDisabled
//	wsOptions {headers, ca, agent}          Header, TLS, NetDial
//	catch (e) { e.name === 'TimeoutError' } errors.Is(err, protocol.ErrTimeout)
//
// What a Go program has elsewhere is left out: cloneData, binaryType, clientId,
// version, base64 helpers, the count of received bytes. The subscription option
// batch is gone from the reference too.
//
// # Departures from the reference
//
//   - Data is encoded when it is handed over, not when it is sent: what is
//     changed afterwards does not change the message (cloneData has no meaning),
//     and what cannot be encoded is an error of that call.
//   - The buffers towards the network have a limit, Options.MaxBuffered.
//   - A context that ends takes a call back: what still waits is not sent.
//   - The token store is used by one goroutine, one operation after the other,
//     a load after the save before it. #setAuthToken without a token changes
//     nothing; the reference takes it for an authentication without a token.
//   - StartBatch does not drop what is already batched, and batches do not hold
//     back the handshake.
//   - A handshake refused with a plain value closes with 4003 and is tried again;
//     there it ends with an undefined code, for good.
//   - An answer to #authenticate that does not say isAuthenticated changes
//     nothing; there it counts as success.
//   - A subscription's data is sent whatever it is; there only if it is truthy.
//   - permessage-deflate is not offered.
//
// # Concurrency
//
// All methods may be called from any goroutine. None of them blocks but those
// that take a context, and Close. Events, messages and answers are handled in
// the order in which they arrive, by one goroutine that never waits for the
// program: what nobody reads queues up in the stream (see Client.Backpressure).
// Events are emitted in the order of the changes that they report.
//
// A connection has two goroutines: one that dials and then reads, one that
// writes. At most one connection is in use, and at most four more are finishing
// their closing handshake. One more goroutine exists while the token store has
// work, and a timer that fires has one for a moment. Close ends them all and
// waits for them.
package agclient
