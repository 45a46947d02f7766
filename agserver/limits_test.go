package agserver_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/socketcluster-go/socketcluster/agclient"
	"github.com/socketcluster-go/socketcluster/agserver"
	"github.com/socketcluster-go/socketcluster/agserver/agservertest"
	"github.com/socketcluster-go/socketcluster/protocol"
)

func TestMaxBatch(t *testing.T) {
	onBothEngines(t, func(t *testing.T, r *rig) {
		srv := r.serve(agserver.Options{MaxBatch: 3})
		var handled atomic.Int64
		srv.HandleReceiver("note", func(context.Context, *agserver.Socket, protocol.Data) error {
			handled.Add(1)
			return nil
		})
		srv.HandleProcedure("f", func(context.Context, *agserver.Request) error { return nil })
		batch := func(n int) string {
			return "[" + strings.TrimSuffix(strings.Repeat(`{"event":"note"},`, n), ",") + "]"
		}
		c, sock := r.shake()
		errs, closes := sock.Events().Error.Consume(), sock.Events().Close.Consume()
		c.Send(batch(3))
		c.Send(`[]`)
		c.Send(`{"event":"f","cid":2}`)
		c.Expect(`{"rid":2}`)
		eventually(t, "the batch is handled", func() bool { return handled.Load() == 3 })
		c.Send(batch(4))
		c.ExpectClose(1008)
		if err := next(t, errs); !errors.Is(err, protocol.ErrResourceLimit) {
			t.Errorf("error = %v, want ResourceLimitError", err)
		}
		if got := next(t, closes); got.Code != 1008 || !got.Local {
			t.Errorf("close = %+v, want 1008", got)
		}
		if n := handled.Load(); n != 3 {
			t.Errorf("%d messages were handled, want 3", n)
		}
	})
}

// A client that sends more than a stream's consumer takes is closed.
func TestMaxStreamBacklog(t *testing.T) {
	for name, packet := range map[string]string{
		"Receiver":  `{"event":"x"}`,
		"Procedure": `{"event":"x","cid":2}`,
	} {
		t.Run(name, func(t *testing.T) {
			onBothEngines(t, func(t *testing.T, r *rig) {
				r.serve(agserver.Options{MaxStreamBacklog: 10})
				c, sock := r.shake()
				errs := sock.Events().Error.Consume()
				messages, requests := sock.Receiver("x").Consume(), sock.Procedure("x").Consume()
				defer runtime.KeepAlive(messages) // nobody else keeps them
				defer runtime.KeepAlive(requests)
				for range 10 {
					c.Send(packet)
				}
				eventually(t, "ten wait", func() bool { return max(messages.Backpressure(), requests.Backpressure()) == 10 })
				if _, ok := messages.TryNext(); !ok {
					requests.TryNext()
				}
				c.Send(packet) // there was room for this one
				c.Send(packet)
				c.ExpectClose(1008)
				if err := next(t, errs); !errors.Is(err, protocol.ErrResourceLimit) {
					t.Errorf("error = %v, want ResourceLimitError", err)
				}
			})
		})
	}
}

// What a stream's consumer has taken counts no more against the bytes that may wait.
func TestMaxStreamBytes(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		r.serve(agserver.Options{MaxStreamBytes: 1000})
		c, sock := r.shake()
		messages := sock.Receiver("x").Consume()
		send := func() {
			c.Send(`{"event":"x","data":"` + strings.Repeat("x", 200) + `"}`)
			synctest.Wait()
		}
		send()
		send()
		for range 20 { // always behind, and never further
			send()
			next(t, messages)
		}
		if n := messages.Backpressure(); n != 2 || sock.State() != agserver.Open {
			t.Fatalf("%d messages wait, the socket is %s: want 2, open", n, sock.State())
		}
		send()
		send()
		c.Send(`{"event":"x","data":"` + strings.Repeat("x", 200) + `"}`)
		c.ExpectClose(1008)
		runtime.KeepAlive(messages)
	})
}

// A loop of the program that does not keep up loses what waits for it, and the program
// is told.
func TestMaxListenerBacklog(t *testing.T) {
	onBothEngines(t, func(t *testing.T, r *rig) {
		srv := r.serve(agserver.Options{MaxListenerBacklog: 3, MaxListenerBytes: 50})
		c, sock := r.shake()
		warnings := srv.Events().Warning.Consume()
		of, own := srv.Events().Subscription.Consume(), sock.Events().Subscribe.Consume()
		x := srv.Exchange().Subscribe("x").Output().Consume()
		defer runtime.KeepAlive([]any{of, own, x})
		wants := func(socket *agserver.Socket, what string) {
			t.Helper()
			if ev := next(t, warnings); !errors.Is(ev.Warning, agserver.ErrSlowListener) || ev.Socket != socket ||
				!strings.Contains(ev.Warning.Error(), what) {
				t.Errorf("warning = %v of %v, want %q of %v", ev.Warning, ev.Socket, what, socket)
			}
		}
		for i := range 4 {
			c.Send(fmt.Sprintf(`{"event":"#subscribe","data":{"channel":"c%d"},"cid":%d}`, i, i+2))
		}
		wants(sock, `: 4 events of "subscribe" `)
		wants(nil, `: 4 events of "subscription" `)
		for range 4 {
			c.Send(`{"event":"#publish","data":{"channel":"x","data":1}}`)
		}
		wants(nil, `: 4 messages of channel "x" `)
		for range 3 {
			c.Send(`{"event":"#publish","data":{"channel":"x","data":"some thirty bytes of text"}}`)
		}
		wants(nil, `: 3 messages of channel "x" `)
		c.Send(`{"event":"#publish","data":{"channel":"x","data":2}}`)
		if data := next(t, x); data.String() != "2" {
			t.Errorf("then came %s, want 2", data)
		}
	})
}

// A receiver whose handler falls behind has its socket not read, and loses
// nothing.
func TestMaxInbound_SlowReceiver(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		srv := r.serve(agserver.Options{MaxInbound: 1000, PingTimeoutDisabled: true})
		var handled journal
		release := make(chan struct{})
		srv.HandleReceiver("x", func(_ context.Context, _ *agserver.Socket, d protocol.Data) error {
			<-release
			handled.add(d.String())
			return nil
		})
		c, _ := r.shake()
		var sent atomic.Int64
		done := future(func() error {
			for i := range 500 {
				c.Send(fmt.Sprintf(`{"event":"x","data":%d}`, i))
				sent.Add(1)
			}
			return nil
		})
		time.Sleep(10 * time.Second)
		if n := sent.Load(); n >= 200 {
			t.Errorf("%d messages were taken, want about a thousand bytes", n)
		}
		close(release)
		check(t, await(t, done))
		synctest.Wait()
		lines := handled.lines()
		if len(lines) != 500 {
			t.Fatalf("%d messages were handled, want all", len(lines))
		}
		for i, got := range lines {
			if got != fmt.Sprint(i) {
				t.Fatalf("message %d is %s, want them in order", i, got)
			}
		}
	})
}

// While user code holds a socket back, what it sends waits here up to a limit,
// and then on its own side: the connection is not read. Nothing is lost.
func TestMaxInbound(t *testing.T) {
	// Each message has a cost, however short; a batch counts until it is handled.
	for name, tt := range map[string]struct {
		size        int
		least, most int
		batch       string
	}{
		"Long":    {size: 100, least: 15, most: 50},
		"Short":   {size: 3, least: 15, most: 50},
		"Batched": {size: 500, least: 4, most: 10, batch: "[" + strings.Repeat(`{"event":"x"},`, 20) + `{"event":"x"}]`},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, r *rig) {
				srv := r.serve(agserver.Options{MaxInbound: 2000, PingTimeoutDisabled: true})
				var handled journal
				srv.HandleRaw(func(_ context.Context, _ *agserver.Socket, m agserver.Message) error {
					handled.add(string(m.Data[:3]))
					return nil
				})
				release := make(chan struct{})
				r.holdInbound(release)
				c, sock := r.shake()
				c.Send(`{"event":"hold"}`)
				if tt.batch != "" {
					c.Send(tt.batch)
					c.Send(`{"event":"hold"}`)
					synctest.Wait()       // both are here
					release <- struct{}{} // the batch passes
					synctest.Wait()
				}
				var sent atomic.Int64
				done := future(func() error {
					for i := range 100 {
						c.WriteFrame(agservertest.Frame{Op: agservertest.OpText, Payload: fmt.Appendf(nil, "%03d%*s", i, tt.size-3, "")})
						sent.Add(1)
					}
					return nil
				})
				time.Sleep(time.Second) // until the loop has left the middleware to itself
				synctest.Wait()
				// Two thousand bytes and what was read with them: not the hundred.
				if n, m := int(sent.Load()), sock.InboundBackpressure(); min(n, m) < tt.least || max(n, m) > tt.most {
					t.Errorf("%d messages were taken and %d wait, want %d to %d", n, m, tt.least, tt.most)
				}
				close(release)
				check(t, await(t, done))
				synctest.Wait()
				lines := handled.lines()
				if len(lines) != 100 {
					t.Fatalf("%d messages were handled, want all", len(lines))
				}
				for i, got := range lines {
					if got != fmt.Sprintf("%03d", i) {
						t.Fatalf("message %d is %s, want them in order", i, got)
					}
				}
			})
		})
	}
}

// A socket that was paused for the number of its messages, small as they are, is read
// again in portions: what was read with them is copied with each pause.
func TestMaxInbound_ManySmallMessages(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		r.serve(agserver.Options{PingTimeoutDisabled: true})
		release := make(chan struct{})
		r.holdInbound(release)
		c, sock := r.shake()
		const sent = 2000
		done := future(func() error {
			for range sent {
				c.Send(`{"event":"hold"}`)
			}
			return nil
		})
		time.Sleep(time.Second) // until the loop has left the middleware to itself
		synctest.Wait()
		taken := sock.BytesReceived()
		if n := sock.InboundBackpressure(); n < 100 || n > sent/2 {
			t.Fatalf("%d messages wait, want some hundred", n)
		}
		for range 10 {
			release <- struct{}{}
			synctest.Wait()
		}
		if more := sock.BytesReceived() - taken; more != 0 {
			t.Errorf("%d bytes were taken for ten messages handled, want none so soon", more)
		}
		close(release)
		check(t, await(t, done))
		synctest.Wait()
		if n := sock.InboundBackpressure(); n != 0 {
			t.Errorf("%d messages are left", n)
		}
	})
}

// A socket that is not read, for want of room here, is not blamed for its
// silence.
func TestMaxInbound_NoPongTimeout(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		r.serve(agserver.Options{MaxInbound: 100})
		release := make(chan struct{})
		r.holdInbound(release)
		c, sock := r.shake()
		c.Send(`{"event":"hold"}`)
		future(func() error {
			c.Send(strings.Repeat("x", 200))
			c.Send(strings.Repeat("y", 200))
			return nil
		})
		time.Sleep(time.Minute)
		if sock.State() != agserver.Open {
			t.Errorf("State() = %v, want open", sock.State())
		}
		close(release)
	})
}

// A client that does not read is cut off once too much waits for it; publishers
// do not wait, and other subscribers go on.
func TestMaxOutbound(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		srv := r.serve(agserver.Options{MaxOutbound: 100_000, PingTimeoutDisabled: true})
		warnings := srv.Events().Warning.Consume()
		slow, sock := r.shake()
		join(slow, "a")
		synctest.Wait()
		if n := sock.BufferedBytes(); n != 0 {
			t.Errorf("BufferedBytes() = %d for a client that reads, want 0", n)
		}
		quick, _ := r.connect(agclient.Options{})
		received := subscribe(t, quick, "a").Output().Consume()
		text := strings.Repeat("x", 1000)
		for range 300 {
			check(t, srv.Exchange().InvokePublish(t.Context(), "a", text))
			next(t, received)
			if n := sock.BufferedBytes(); n > 100_000+2000 {
				t.Fatalf("BufferedBytes() = %d, want no more than the limit", n)
			}
		}
		synctest.Wait()
		if sock.State() != agserver.Closed {
			t.Fatalf("State() = %v with %d bytes that wait, want it cut off", sock.State(), sock.BufferedBytes())
		}
		if ev := next(t, warnings); !errors.Is(ev.Warning, agserver.ErrTransport) || ev.Socket != sock {
			t.Errorf("warning = %v, want that of a slow consumer", ev.Warning)
		}
		if quick.State() != agclient.Open {
			t.Error("the other subscriber was cut off too")
		}
	})
}

// What waits in a batch, or behind the outbound middleware, counts too.
func TestMaxOutbound_Batch(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		r.serve(agserver.Options{MaxOutbound: 10_000})
		_, sock := r.shake()
		sock.StartBatch()
		closes := sock.Events().Close.Consume()
		var err error
		for range 100 {
			if err = sock.Transmit("note", strings.Repeat("x", 1000)); err != nil {
				break
			}
			synctest.Wait()
		}
		if !errors.Is(err, protocol.ErrBadConnection) {
			t.Errorf("Transmit() = %v in the end, want BadConnectionError", err)
		}
		if got := next(t, closes); got.Code != 1006 {
			t.Errorf("close = %+v, want 1006", got)
		}
	})
}

// What waits for the answer to a call counts too; the end is reported once, whatever
// else the call transmits.
func TestMaxOutbound_Turn(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		srv := r.serve(agserver.Options{MaxOutbound: 10_000})
		warnings := srv.Events().Warning.Consume()
		srv.HandleProcedure("flood", func(_ context.Context, req *agserver.Request) error {
			for range 100 { // on the loop, which can do nothing else meanwhile
				req.Socket.Transmit("note", strings.Repeat("x", 1000))
			}
			return nil
		})
		c, _ := r.shake()
		c.Send(`{"event":"flood","cid":2}`)
		c.ExpectEnd()
		synctest.Wait()
		slow := 0
		for _, ev := range drain(warnings) {
			if errors.Is(ev.Warning, agserver.ErrTransport) {
				slow++
			}
		}
		if slow != 1 {
			t.Errorf("the client was reported as slow %d times, want once", slow)
		}
	})
}

// A message that is too big closes with 1009, which the server reports as 1006,
// as the reference.
func TestMaxPayload(t *testing.T) {
	onBothEngines(t, func(t *testing.T, r *rig) {
		r.serve(agserver.Options{MaxPayload: 1000})
		c, sock := r.shake()
		closes, errs := sock.Events().Close.Consume(), sock.Events().Error.Consume()
		c.Send(strings.Repeat("x", 1000))
		c.Send(strings.Repeat("x", 1001))
		c.ExpectClose(1009)
		if got := next(t, closes); got.Code != 1006 {
			t.Errorf("close = %+v, want 1006", got)
		}
		if err := next(t, errs); !errors.Is(err, agserver.ErrTransport) {
			t.Errorf("error = %v, want ErrTransport", err)
		}
	})
}

func TestMaxSockets(t *testing.T) {
	onBothEngines(t, func(t *testing.T, r *rig) {
		r.serve(agserver.Options{MaxSockets: 2})
		a, _ := r.shake()
		r.shake()
		nc, err := net.Dial("tcp", r.addr)
		check(t, err)
		defer nc.Close()
		check(t, nc.SetDeadline(time.Now().Add(patience)))
		if n, err := nc.Read(make([]byte, 1)); n != 0 || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("Read() = %d, %v, want the end of the connection", n, err)
		}
		a.Close(1000, "")
		a.ExpectClose(1000)
		eventually(t, "there is room", func() bool {
			nc, err := net.Dial("tcp", r.addr)
			check(t, err)
			defer nc.Close()
			io.WriteString(nc, "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
			answer, _ := io.ReadAll(nc)
			return len(answer) > 0
		})
	})
}
