package agserver_test

import (
	"context"
	"errors"
	"math"
	"net"
	"testing"
	"time"

	"github.com/socketcluster-go/socketcluster/agclient"
	"github.com/socketcluster-go/socketcluster/agserver"
	"github.com/socketcluster-go/socketcluster/agserver/agservertest"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// Close cuts the sockets, ends their handlers' contexts and waits for them.
func TestServer_Close(t *testing.T) {
	onBothEngines(t, func(t *testing.T, r *rig) {
		srv := r.serve(agserver.Options{})
		started, ended := make(chan struct{}), make(chan struct{})
		srv.HandleProcedure("wait", func(ctx context.Context, _ *agserver.Request) error {
			close(started)
			<-ctx.Done()
			close(ended)
			return ctx.Err()
		})
		closures := srv.Events().Closure.Consume()
		c, sock := r.shake()
		join(c, "a")
		c.Send(`{"event":"wait","cid":2}`)
		await(t, started)
		check(t, srv.Close(within(t)))
		select {
		case <-ended:
		default:
			t.Error("Close() did not wait for the handler")
		}
		c.ExpectEnd()
		if ev := next(t, closures); ev.Socket != sock || ev.Code != 1006 {
			t.Errorf("closure = %+v, want 1006", ev.CloseStatus)
		}
		if srv.ClientsCount() != 0 || srv.IsReady() {
			t.Errorf("%d clients, ready %v", srv.ClientsCount(), srv.IsReady())
		}
		check(t, srv.Close(within(t))) // again
		if err := srv.Exchange().InvokePublish(t.Context(), "a", 1); err == nil {
			t.Error("InvokePublish() = nil after Close()")
		}
	})
}

// A server that is closed serves nothing more.
func TestServer_ServeAfterClose(t *testing.T) {
	srv := agserver.New(nil)
	check(t, srv.Close(within(t)))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	if err := srv.Serve(l); !errors.Is(err, agserver.ErrClosed) {
		t.Errorf("Serve() = %v, want ErrClosed", err)
	}
	if _, err := l.Accept(); err == nil {
		t.Error("the listener is open")
	}
	a, b := net.Pipe()
	defer a.Close()
	if err := srv.ServeConn(b); err == nil {
		t.Error("ServeConn() = nil after Close()")
	}
}

// Close gives up waiting with its context; the waiting goes on behind.
func TestServer_CloseInVain(t *testing.T) {
	onBothEngines(t, func(t *testing.T, r *rig) {
		srv := r.serve(agserver.Options{})
		started, release := make(chan struct{}), make(chan struct{})
		srv.HandleProcedure("stubborn", func(context.Context, *agserver.Request) error {
			close(started)
			<-release
			return nil
		})
		c, _ := r.shake()
		c.Send(`{"event":"stubborn","cid":2}`)
		await(t, started)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := srv.Close(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("Close() = %v, want context.Canceled", err)
		}
		close(release)
		check(t, srv.Close(within(t)))
	})
}

// StopListening keeps the sockets.
func TestServer_StopListening(t *testing.T) {
	onBothEngines(t, func(t *testing.T, r *rig) {
		srv := r.serve(agserver.Options{})
		c, _ := r.shake()
		srv.StopListening()
		eventually(t, "nobody listens", func() bool {
			nc, err := net.Dial("tcp", r.addr)
			if err == nil {
				nc.Close()
			}
			return err != nil
		})
		join(c, "a")
		check(t, srv.Exchange().InvokePublish(t.Context(), "a", 1))
		c.Expect(`{"event":"#publish","data":{"channel":"a","data":1}}`)
	})
}

// Shutdown closes the sockets one after the other, in a way that has clients
// reconnect at once.
func TestServer_Shutdown(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		srv := r.serve(agserver.Options{})
		var ends []<-chan agclient.CloseEvent
		for range 40 {
			c, _ := r.connect(agclient.Options{ReconnectDisabled: true})
			closed := c.Events().Close.Consume()
			ends = append(ends, future(func() agclient.CloseEvent {
				ev, _ := closed.Next(t.Context())
				return ev
			}))
		}
		began := time.Now()
		check(t, srv.Shutdown(t.Context(), 20*time.Second))
		if d := time.Since(began); d < 10*time.Second || d > 25*time.Second {
			t.Errorf("Shutdown() took %v, want about the time it was given", d)
		}
		for _, end := range ends {
			if ev := await(t, end); ev.Code != protocol.CloseNoStatus {
				t.Errorf("close = %+v, want no status", ev)
			}
		}
	})
}

// A connection that becomes a socket only while Shutdown is at work is closed like the
// others, and not waited for until the context ends.
func TestServer_ShutdownLatecomer(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		srv := r.serve(agserver.Options{})
		nc, theirs := net.Pipe()
		check(t, srv.ServeConn(theirs))
		began := time.Now()
		done := future(func() error { return srv.Shutdown(t.Context(), 0) })
		time.Sleep(time.Second)
		c := r.open(agservertest.ConnOptions{NetConn: nc})
		c.ExpectClose(protocol.CloseNoStatus)
		check(t, await(t, done))
		if d := time.Since(began); d > 2*time.Second {
			t.Errorf("Shutdown() took %v, want no more than the client took", d)
		}
	})
}

// Shutdown cuts what is left when its context ends.
func TestServer_ShutdownInVain(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		srv := r.serve(agserver.Options{})
		for range 5 {
			r.shake() // and never answers the close frame
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		srv.Shutdown(ctx, 10*time.Second)
		check(t, srv.Close(within(t)))
		if n := srv.ClientsCount(); n != 0 {
			t.Errorf("%d clients are left", n)
		}
	})
}

func TestSocket_Disconnect(t *testing.T) {
	for _, test := range []struct {
		name   string
		code   protocol.CloseCode
		reason string
		want   protocol.CloseCode
		ok     bool
	}{
		{"Default", 0, "", 1000, true},
		{"Custom", 4501, "banned", 4501, true},
		{"Reserved", 1006, "", 1000, false},
		{"TooLarge", 5000, "", 1000, false},
		{"TooSmall", 999, "", 1000, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			onBothEngines(t, func(t *testing.T, r *rig) {
				r.serve(agserver.Options{})
				c, sock := r.shake()
				closes := sock.Events().Close.Consume()
				check(t, sock.Transmit("before", nil))
				if err := sock.Disconnect(test.code, test.reason); (err == nil) != test.ok || err != nil && !errors.Is(err, protocol.ErrInvalidArguments) {
					t.Errorf("Disconnect(%d) = %v", test.code, err)
				}
				if sock.State() != agserver.Closed {
					t.Errorf("State() = %v, want closed at once", sock.State())
				}
				c.Expect(`{"event":"before"}`)
				if got := c.ExpectClose(test.want); got != test.reason {
					t.Errorf("reason = %q, want %q", got, test.reason)
				}
				if got := next(t, closes); got.Code != test.want || !got.Local {
					t.Errorf("close = %+v, want %d", got, test.want)
				}
				check(t, sock.Disconnect(4000, "again"))
				if got := len(drain(closes)); got != 0 {
					t.Errorf("close came %d times more", got)
				}
			})
		})
	}
}

func TestSocket_Terminate(t *testing.T) {
	onBothEngines(t, func(t *testing.T, r *rig) {
		r.serve(agserver.Options{})
		c, sock := r.shake()
		closes := sock.Events().Close.Consume()
		sock.Terminate()
		c.ExpectEnd()
		if got := next(t, closes); got.Code != 1006 || got.Reason != "Socket hung up" {
			t.Errorf("close = %+v, want 1006", got)
		}
	})
}

// A client that does not shake hands is closed in time.
func TestHandshakeTimeout(t *testing.T) {
	for name, o := range map[string]agserver.Options{
		"Default": {}, "Short": {HandshakeTimeout: 100 * time.Millisecond}, "Off": {HandshakeTimeout: -1, PingTimeoutDisabled: true},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, r *rig) {
				srv := r.serve(o)
				want := srv.Options().HandshakeTimeout
				aborts := srv.Events().ConnectionAbort.Consume()
				began := time.Now()
				c := r.open(agservertest.ConnOptions{})
				if want == 0 {
					time.Sleep(time.Hour)
					c.Handshake("")
					return
				}
				c.ExpectClose(4005)
				if d := time.Since(began); d < want || d > want+want/10 {
					t.Errorf("closed after %v, want %v", d, want)
				}
				if ev := next(t, aborts); ev.Code != 4005 || ev.Reason != "Did not receive #handshake from client before timeout" {
					t.Errorf("connectionAbort = %+v", ev.CloseStatus)
				}
			})
		})
	}
}

// Times that stand for never are no shorter than others.
func TestPing_LongIntervals(t *testing.T) {
	for _, d := range []time.Duration{math.MaxInt32 * time.Millisecond, 1000 * time.Hour, math.MaxInt64} {
		t.Run(d.String(), func(t *testing.T) {
			inBubble(t, func(t *testing.T, r *rig) {
				r.serve(agserver.Options{PingInterval: d, PingTimeout: d, HandshakeTimeout: d})
				c, sock := r.shake()
				check(t, c.NetConn().SetReadDeadline(time.Time{}))
				read := future(func() error {
					_, err := c.NetConn().Read(make([]byte, 1))
					return err
				})
				time.Sleep(2 * time.Hour)
				select {
				case err := <-read:
					t.Errorf("Read() = %v, want nothing to come", err)
				default:
				}
				if sock.State() != agserver.Open {
					t.Errorf("State() = %v, want open", sock.State())
				}
				c.Cut()
				await(t, read)
			})
		})
	}
}

// Messages that are no pongs are a sign of life too, once a quarter of the
// timeout has passed.
func TestPongTimeout_Messages(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		r.serve(agserver.Options{PingInterval: time.Hour, PingTimeout: 8 * time.Second})
		c, sock := r.shake()
		for range 10 {
			time.Sleep(3 * time.Second)
			c.Send(`{"event":"note"}`)
		}
		if sock.State() != agserver.Open {
			t.Fatalf("State() = %v, want open", sock.State())
		}
		began := time.Now()
		time.Sleep(time.Second)
		c.Send(`{"event":"note"}`) // too soon to count
		c.ExpectClose(4001)
		if d := time.Since(began); d < 8*time.Second || d >= 9*time.Second {
			t.Errorf("closed after %v, want 8 s", d)
		}
	})
}
