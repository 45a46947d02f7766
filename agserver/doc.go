// Package agserver is a SocketCluster server: it speaks the AG protocol with
// socketcluster-client, unchanged, and does what the npm package
// socketcluster-server 20 does.
//
//	srv := agserver.New(&agserver.Options{AuthKey: os.Getenv("AUTH_KEY")})
//	agserver.HandleFunc(srv, "sum", func(ctx context.Context, s *agserver.Socket, in []float64) (float64, error) {
//		var sum float64
//		for _, x := range in {
//			sum += x
//		}
//		return sum, nil
//	})
//	log.Fatal(srv.ListenAndServe(":8000"))
//
// Inside an existing HTTP server it is an http.Handler:
//
//	mux.Handle("/socketcluster/", srv)
//
// # From JavaScript to Go
//
//	for await (let {socket} of server.listener('connection'))  for ev := range srv.Events().Connection.All(ctx)
//	await server.listener('ready').once()                      srv.Events().Ready.Once(ctx)
//	server.killAllListeners()                                  srv.Events().Kill()
//	for await (let data of socket.receiver('x'))               for data := range s.Receiver("x").All(s.Context())
//	for await (let req of socket.procedure('x'))               for req := range s.Procedure("x").All(s.Context())
//	req.end(data), req.error(err)                              req.Reply(v), req.Fail(err)
//	socket.closeAllProcedures()                                s.Procedures().Close()
//	socket.transmit('x', data)                                 s.Transmit("x", v)
//	await socket.invoke('x', data)                             s.Invoke(ctx, "x", v, &out)
//	await socket.setAuthToken(claims)                          s.SetAuthToken(ctx, claims, nil)
//	socket.deauthenticate()                                    s.Deauthenticate(ctx, nil)
//	socket.kickOut('room', 'bye')                              s.KickOut("room", "bye")
//	socket.disconnect(4501, 'banned')                          s.Disconnect(4501, "banned")
//	server.exchange.invokePublish('news', data)                srv.Exchange().InvokePublish(ctx, "news", v)
//	server.setMiddleware(server.MIDDLEWARE_INBOUND, f)         srv.SetMiddleware(middleware.Inbound, middleware.Func(f))
//	server.close()                                             srv.Close(ctx)
//
// A loop for each socket costs a goroutine for each socket. HandleProcedure,
// HandleReceiver and middleware.Func do the same work for all sockets and cost
// an idle one nothing.
//
// # Order
//
// The messages of one socket are handled strictly in the order of their
// arrival. An inbound middleware that takes its time holds back its own socket
// and no other. Procedures and receivers start in that order too, and hold
// nothing back once they take longer than about 10 ms. A publication has
// reached the queues of the local subscribers before it is acknowledged: for each
// subscriber it happens at one moment between its call and its acknowledgement,
// as subscribing and unsubscribing do. Publications of which one is acknowledged
// before the other is made reach everybody in that order; those that overlap may
// reach two subscribers in two orders. What a
// procedure transmits before it answers leaves after its answer, as in the
// reference, unless it takes its time.
//
// Events are emitted under the lock that ordered the change: their order is the
// order in which a socket's state changed. Events.All has them all in one line.
//
// # Goroutines and locks
//
// The engine's loops call into the server and are not blocked by it. User code
// runs on a loop while it is quick, under the loop's guard (see engine.Guard):
// when it takes more than 2 to 3 ms, the loop goes on on another goroutine, and the
// first one becomes a runner. A runner is a goroutine that a socket has while its
// messages wait for user code. It handles them one after the other, and is
// replaced by another one when a procedure or a receiver takes more than about
// 10 ms. Code that has lately taken more than 20 µs, as a rule, and what else may
// block (a broker that does I/O, stream middleware, outbound middleware) is given
// to a runner from the start. Beside the runners
// there are a pump for a socket whose publications wait for outbound middleware,
// and one watch while there are runners and a moment longer. Close waits for all
// of them, but not for the goroutines of a middleware.Stream, which are the
// program's. An idle socket has no goroutine, timer or buffer.
//
// Locks, in the order in which they are taken: middlewares.mu, Socket.mu,
// localChannel.mu. seldom.pauses comes behind inbox.mu and
// receiverQueues.mu, of which no two are held at once. sessions.mu, which may be
// taken under Socket.mu, and upgrades.mu are held while a middleware opens or
// ends its part for a socket. Leaves are handlers.mu, watch.mu, registryShard.mu,
// the index's channels, and the locks of streams and of the engine's connections.
// No handler runs, and nothing blocks, under any of them.
// conformance/lockorder has the whole order, and sees to it that it is kept.
//
// # Where this departs from the reference
//
// docs/differences.md has the complete table. In short: a second #handshake is
// not counted twice; everything that a client can make grow has a bound, named
// in Options; origins are compared whole; codes that no close frame may carry
// are not sent; a panic in a handler fails its call and nothing else.
package agserver
