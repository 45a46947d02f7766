package agserver_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/socketcluster-go/socketcluster/agserver"
	"github.com/socketcluster-go/socketcluster/agserver/agservertest"
	"github.com/socketcluster-go/socketcluster/channels/stream"
	"github.com/socketcluster-go/socketcluster/middleware"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// A handler that takes its time holds up nothing, though an inbound middleware, which
// would, has seen its message just before.
func TestUserCode_SlowBehindAMiddleware(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		srv := r.serve(agserver.Options{})
		check(t, srv.SetMiddleware(middleware.Inbound, middleware.Func(func(context.Context, *middleware.Action) error { return nil })))
		srv.HandleProcedure("slow", func(context.Context, *agserver.Request) error { time.Sleep(5 * time.Second); return nil })
		srv.HandleProcedure("fast", func(context.Context, *agserver.Request) error { return nil })
		c, _ := r.shake()
		for cid := 2; cid < 12; cid += 2 { // at first on the loop, then elsewhere
			began := time.Now()
			c.Send(fmt.Sprintf(`{"event":"slow","cid":%d}`, cid))
			c.Send(fmt.Sprintf(`{"event":"fast","cid":%d}`, cid+1))
			c.Expect(fmt.Sprintf(`{"rid":%d}`, cid+1))
			if d := time.Since(began); d > time.Second {
				t.Errorf("call %d was answered after %v", cid+1, d)
			}
		}
		time.Sleep(5 * time.Second)
		for range 5 {
			c.Next()
		}
	})
}

// Code that has once cost its goroutine the loop is not tried there again.
func TestUserCode_HoldsTheLoopOnce(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		srv := r.serve(agserver.Options{Loops: 1})
		srv.HandleProcedure("slow", func(context.Context, *agserver.Request) error { time.Sleep(time.Second); return nil })
		srv.HandleProcedure("fast", func(context.Context, *agserver.Request) error { return nil })
		a, _ := r.shake()
		b, _ := r.shake()
		a.Send(`{"event":"slow","cid":2}`)
		a.Expect(`{"rid":2}`)
		began := time.Now()
		a.Send(`{"event":"slow","cid":3}`)
		synctest.Wait()
		b.Send(`{"event":"fast","cid":2}`)
		b.Expect(`{"rid":2}`)
		if d := time.Since(began); d != 0 {
			t.Errorf("the other socket was answered after %v, the loop having been held again", d)
		}
		a.Expect(`{"rid":3}`)
	})
}

// What one client's handlers have at work side by side has a bound, in messages and
// in bytes; what is through counts no more.
func TestUserCode_SideBySideIsBounded(t *testing.T) {
	for name, tt := range map[string]struct {
		calls, size, bytes, most int
	}{
		"Messages": {1_100, 1, 0, 1_001},
		"Bytes":    {40, 1_000, 10_000, 12},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, r *rig) {
				srv := r.serve(agserver.Options{MaxStreamBytes: tt.bytes, MaxInbound: 1 << 20, MaxStreamBacklog: -1})
				var atWork atomic.Int32
				end := make(chan struct{})
				srv.HandleProcedure("wait", func(context.Context, *agserver.Request) error {
					atWork.Add(1)
					defer atWork.Add(-1)
					<-end
					return nil
				})
				c, _ := r.shake()
				for round := range 2 {
					end = make(chan struct{})
					waitMany(c, tt.calls, tt.size)
					time.Sleep(15 * time.Second) // all that may are at work
					if n := int(atWork.Load()); n < tt.most/2 || n > tt.most {
						t.Errorf("round %d: %d handlers are at work side by side, want about %d", round, n, tt.most)
					}
					close(end)
					for range tt.calls {
						c.Next()
					}
					synctest.Wait()
				}
			})
		})
	}
}

// waitMany calls a procedure often, each time with that much data.
func waitMany(c *agservertest.Conn, calls, size int) {
	data := strings.Repeat("x", size)
	for i := range calls {
		c.Send(fmt.Sprintf(`{"event":"wait","data":%q,"cid":%d}`, data, i+2))
	}
}

// What the outbound middleware has let through counts no more against MaxOutbound.
func TestMiddleware_OutboundGivesRoomBack(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		srv := r.serve(agserver.Options{MaxOutbound: 10_000})
		check(t, srv.SetMiddleware(middleware.Outbound, middleware.Func(func(context.Context, *middleware.Action) error { return nil })))
		c, _ := r.shake()
		join(c, "x")
		for range 100 {
			check(t, srv.Exchange().InvokePublish(t.Context(), "x", protocol.Data(`"`+strings.Repeat("x", 1_000)+`"`)))
			expectEvents(t, c, "#publish")
		}
	})
}

// What the consumers of a socket's messages were given stays what it was.
func TestSocket_MessagesMayBeKept(t *testing.T) {
	onBothEngines(t, func(t *testing.T, r *rig) {
		srv := r.serve(agserver.Options{Loops: 1})
		srv.HandleProcedure("last", func(context.Context, *agserver.Request) error { return nil })
		c, sock := r.shake()
		events := sock.Events()
		kept := map[string]*stream.Consumer[agserver.Message]{"Raw": events.Raw.Consume(), "Message": events.Message.Consume()}
		notes := sock.Receiver("note").Consume()
		var want []string
		for i := range 50 {
			want = append(want, strings.Repeat(fmt.Sprint(i%10), 50+i))
			c.Send(want[i])
		}
		for _, text := range want {
			c.Send(fmt.Sprintf(`{"event":"note","data":%q}`, text))
		}
		c.Send(`{"event":"last","cid":2}`)
		c.Expect(`{"rid":2}`)
		for i, text := range want {
			for name, messages := range kept {
				if m, _ := messages.TryNext(); string(m.Data) != text {
					t.Errorf("%s %d = %s, want %s", name, i, m.Data, text)
				}
			}
			d, _ := notes.TryNext()
			if got, _ := d.Text(); got != text {
				t.Errorf("note %d = %s, want %s", i, d, text)
			}
		}
	})
}
