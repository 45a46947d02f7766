package agserver_test

import (
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/socketcluster-go/socketcluster/agclient"
	"github.com/socketcluster-go/socketcluster/agserver"
	"github.com/socketcluster-go/socketcluster/protocol"
)

func TestReference_SocketDisconnection(t *testing.T) {
	describe(t, "Socket disconnection", func(t *testing.T) {
		it(t, "Server-side socket disconnect event should not trigger if the socket did not complete the handshake; instead, it should trigger connectAbort", testAbortEvents)
		it(t, "Server-side socket disconnect event should trigger if the socket completed the handshake (not connectAbort)", testDisconnectEvents)
		it(t, "The close event should trigger when the socket loses the connection before the handshake", testCloseBeforeHandshake)
		it(t, "The close event should trigger when the socket loses the connection after the handshake", testCloseAfterHandshake)
		itInTime(t, "Disconnection should support socket message backpressure", testDisconnectUnderLoad)
		itInTime(t, "Socket streams should be killed immediately if socket disconnects (default/kill mode)", testStreamsKilled)
		itInTime(t, "Socket streams should be closed eventually if socket disconnects (close mode)", testStreamsClosed)
		itInTime(t, "Socket streams should be closed eventually if socket disconnects (none mode)", testStreamsLeft)
	})
}

// abort disconnects a client while its token is looked at, and returns the
// server's events and the socket.
func abort(t *testing.T, r *rig) (events []agserver.Event, sock *agserver.Socket) {
	t.Helper()
	entered, release := make(chan struct{}, 1), make(chan struct{})
	defer close(release)
	srv := r.serve(agserver.Options{AuthEngine: slowEngine{wait: func() { entered <- struct{}{}; <-release }}})
	all := srv.Events().All.Consume()
	c := r.start(agclient.Options{ReconnectDisabled: true})
	await(t, entered)
	for {
		ev := next(t, all)
		if _, ok := ev.(agserver.ReadyEvent); ok {
			continue // when that comes is its own affair
		}
		events = append(events, ev)
		switch ev := ev.(type) {
		case agserver.HandshakeEvent:
			sock = ev.Socket
			if srv.PendingClientsCount() != 1 || srv.Client(sock.ID()) != sock {
				t.Errorf("PendingClientsCount() = %d, want 1", srv.PendingClientsCount())
			}
			check(t, c.Disconnect(4444, "Disconnect before handshake"))
		case agserver.WarningEvent:
			if sock != nil && sock.State() == agserver.Closed {
				return events, sock
			}
		}
	}
}

func testAbortEvents(t *testing.T, r *rig) {
	events, _ := abort(t, r)
	for _, ev := range events {
		switch ev := ev.(type) {
		case agserver.ConnectionAbortEvent:
			if ev.Code != 4444 || ev.Reason != "Disconnect before handshake" || ev.Local {
				t.Errorf("connectionAbort = %+v", ev.CloseStatus)
			}
		case agserver.DisconnectionEvent, agserver.ConnectionEvent:
			t.Errorf("%s came", ev.EventName())
		}
	}
	if got, want := nameAll(events), "handshake connectionAbort closure warning"; got != want {
		t.Errorf("events = %s, want %s", got, want)
	}
}

func nameAll(events []agserver.Event) string {
	var all []string
	for _, ev := range events {
		all = append(all, ev.EventName())
	}
	return strings.Join(all, " ")
}

func testDisconnectEvents(t *testing.T, r *rig) {
	srv := r.serve(agserver.Options{})
	c, sock := r.connect(agclient.Options{ReconnectDisabled: true})
	all := srv.Events().All.Consume()
	disconnects, aborts := sock.Events().Disconnect.Consume(), sock.Events().ConnectAbort.Consume()
	closures := srv.Events().Closure.Consume()
	check(t, c.Disconnect(4445, "Disconnect after handshake"))
	if ev := next(t, disconnects); ev.Code != 4445 || ev.Reason != "Disconnect after handshake" || ev.Local {
		t.Errorf("disconnect = %+v", ev)
	}
	next(t, closures)
	if _, ok := aborts.TryNext(); ok {
		t.Error("connectAbort came")
	}
	if got := names(all); !slices.Contains(got, "disconnection") || slices.Contains(got, "connectionAbort") {
		t.Errorf("events = %v, want disconnection", got)
	}
}

func testCloseBeforeHandshake(t *testing.T, r *rig) {
	events, sock := abort(t, r)
	i := slices.IndexFunc(events, func(ev agserver.Event) bool { return ev.EventName() == "closure" })
	if i < 0 {
		t.Fatalf("events = %v, want closure", nameAll(events))
	}
	ev := events[i].(agserver.ClosureEvent)
	if ev.Socket != sock || sock.State() != agserver.Closed || ev.Code != 4444 || ev.Reason != "Disconnect before handshake" {
		t.Errorf("closure = %+v in state %v", ev.CloseStatus, sock.State())
	}
}

func testCloseAfterHandshake(t *testing.T, r *rig) {
	srv := r.serve(agserver.Options{})
	c, sock := r.connect(agclient.Options{ReconnectDisabled: true})
	closes, closures := sock.Events().Close.Consume(), srv.Events().Closure.Consume()
	disconnections := srv.Events().Disconnection.Consume()
	check(t, c.Disconnect(4445, "Disconnect after handshake"))
	want := agserver.CloseStatus{Code: 4445, Reason: "Disconnect after handshake"}
	if got := next(t, closes); got != want {
		t.Errorf("close = %+v, want %+v", got, want)
	}
	if got := next(t, closures); got.CloseStatus != want || got.Socket.State() != agserver.Closed {
		t.Errorf("closure = %+v, want %+v", got.CloseStatus, want)
	}
	if got := next(t, disconnections); got.CloseStatus != want {
		t.Errorf("disconnection = %+v, want %+v", got.CloseStatus, want)
	}
}

func testDisconnectUnderLoad(t *testing.T, r *rig) {
	srv := r.serve(agserver.Options{})
	c, sock := r.connect(agclient.Options{ReconnectDisabled: true})
	warnings := srv.Events().Warning.Consume()
	requests := sock.Procedure("foo").All(t.Context())
	var current atomic.Int64
	disconnects := sock.Events().Disconnect.Consume()
	atDisconnect := future(func() int64 {
		disconnects.Next(t.Context())
		return current.Load()
	})
	served := future(func() error {
		for req := range requests {
			var n int64
			if err := req.Decode(&n); err != nil {
				return err
			}
			current.Store(n)
			time.Sleep(10 * time.Millisecond)
			go sock.Invoke(t.Context(), "bla", n, nil)
			sock.Transmit("hi", n)
			req.Reply("bar")
			if n == 10 {
				c.Disconnect(0, "")
			}
		}
		return nil
	})
	for i := range 30 {
		go c.Invoke(t.Context(), "foo", i, nil)
		synctest.Wait() // so that they leave in order
	}
	time.Sleep(time.Second)
	check(t, await(t, served))

	// The disconnect event does not wait behind the requests that do.
	if n := await(t, atDisconnect); n >= 15 {
		t.Errorf("disconnect came at request %d, want it at 10", n)
	}
	var reply, transmit, invoke bool
	for _, ev := range drain(warnings) {
		text := ev.Warning.Error()
		bad := errors.Is(ev.Warning, protocol.ErrBadConnection)
		reply = reply || errors.Is(ev.Warning, agserver.ErrTransport) && strings.Contains(text, "not open")
		transmit = transmit || bad && strings.Contains(text, "Socket transmit hi event was aborted")
		invoke = invoke || bad && strings.Contains(text, "Socket invoke bla event was aborted")
	}
	if !reply || !transmit || !invoke {
		t.Errorf("warnings of a reply %v, a transmit %v, an invoke %v on a closed socket, want all", reply, transmit, invoke)
	}
}

// consumeSlowly sends a socket 15 messages, which its consumer takes 30 ms each
// for, disconnects the client when the fourth is at work, and waits for half a
// second. It returns how many were handled, and whether the consumer has ended.
func consumeSlowly(t *testing.T, r *rig, mode agserver.StreamCleanup) (handled int, ended bool) {
	r.serve(agserver.Options{StreamCleanup: mode})
	c, sock := r.connect(agclient.Options{ReconnectDisabled: true})
	messages := sock.Receiver("foo").All(t.Context())
	go func() {
		for range messages {
			time.Sleep(30 * time.Millisecond)
			handled++
		}
		ended = true
	}()
	for i := range 15 {
		check(t, c.Transmit("foo", i))
	}
	time.Sleep(110 * time.Millisecond)
	check(t, c.Disconnect(4445, "Disconnect"))
	time.Sleep(500 * time.Millisecond)
	synctest.Wait()
	return handled, ended
}

// The reference stops after the fourth message; here the kill comes a tenth of a
// second after the end (CleanupKill).
func testStreamsKilled(t *testing.T, r *rig) {
	if n, ended := consumeSlowly(t, r, agserver.CleanupKill); n < 4 || n > 8 || !ended {
		t.Errorf("%d messages were handled, ended %v, want 4 and those of the next 100 ms", n, ended)
	}
}

func testStreamsClosed(t *testing.T, r *rig) {
	if n, ended := consumeSlowly(t, r, agserver.CleanupClose); n != 15 || !ended {
		t.Errorf("%d messages were handled, ended %v, want all 15 and the end", n, ended)
	}
}

func testStreamsLeft(t *testing.T, r *rig) {
	if n, ended := consumeSlowly(t, r, agserver.CleanupNone); n != 15 || ended {
		t.Errorf("%d messages were handled, ended %v, want all 15 and no end", n, ended)
	}
}
