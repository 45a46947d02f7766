package agserver_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/socketcluster-go/socketcluster/agserver"
	"github.com/socketcluster-go/socketcluster/middleware"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// User code that waits holds up no other socket, on the same loop either: what
// ends its wait comes from one.
func TestUserCode_MayWaitForOtherSockets(t *testing.T) {
	kinds := map[string]struct {
		wait  string
		setUp func(srv *agserver.Server, wait func())
	}{
		"Procedure": {`{"event":"wait","cid":2}`, func(srv *agserver.Server, wait func()) {
			srv.HandleProcedure("wait", func(context.Context, *agserver.Request) error { wait(); return nil })
		}},
		"Receiver": {`{"event":"wait"}`, func(srv *agserver.Server, wait func()) {
			srv.HandleReceiver("wait", func(context.Context, *agserver.Socket, protocol.Data) error { wait(); return nil })
		}},
		"Raw": {`wait`, func(srv *agserver.Server, wait func()) {
			srv.HandleRaw(func(context.Context, *agserver.Socket, agserver.Message) error { wait(); return nil })
		}},
		"Middleware": {`{"event":"#publish","data":{"channel":"wait"}}`, func(srv *agserver.Server, wait func()) {
			srv.SetMiddleware(middleware.Inbound, middleware.Func(func(_ context.Context, a *middleware.Action) error {
				if a.Channel == "wait" {
					wait()
				}
				return nil
			}))
		}},
		"Yielding": {`{"event":"#publish","data":{"channel":"wait"}}`, func(srv *agserver.Server, wait func()) {
			srv.SetMiddleware(middleware.Inbound, middleware.Func(func(_ context.Context, a *middleware.Action) error {
				if a.Channel == "wait" {
					a.Yield()
					a.Yield()
					wait()
				}
				return nil
			}))
		}},
	}
	for name, kind := range kinds {
		t.Run(name, func(t *testing.T) {
			onBothEngines(t, func(t *testing.T, r *rig) {
				srv := r.serve(agserver.Options{Loops: 1})
				waits, released := make(chan struct{}), make(chan struct{})
				kind.setUp(srv, func() { waits <- struct{}{}; <-released })
				srv.HandleProcedure("release", func(context.Context, *agserver.Request) error {
					released <- struct{}{}
					return nil
				})
				a, _ := r.shake()
				b, _ := r.shake()
				for i := range 20 { // until it is known to be slow, and after
					a.Send(kind.wait)
					await(t, waits)
					b.Send(fmt.Sprintf(`{"event":"release","cid":%d}`, i+2))
					b.Expect(fmt.Sprintf(`{"rid":%d}`, i+2))
				}
			})
		})
	}
}

// onBothEnginesAndInTime runs f in a bubble, too: there no handler takes longer than the
// test says, and none goes on before an earlier one is through. Elsewhere the system
// may take a processor away from any of them for as long as it likes.
func onBothEnginesAndInTime(t *testing.T, f func(t *testing.T, r *rig)) {
	onBothEngines(t, f)
	t.Run("InTime", func(t *testing.T) { inBubble(t, f) })
}

// What comes with and after a message that a middleware holds back is handled
// behind it, in order.
func TestUserCode_OrderBehindMiddleware(t *testing.T) {
	onBothEnginesAndInTime(t, func(t *testing.T, r *rig) {
		srv := r.serve(agserver.Options{Loops: 1})
		var order journal
		srv.HandleReceiver("note", func(_ context.Context, _ *agserver.Socket, d protocol.Data) error {
			order.add(d.String())
			return nil
		})
		release := make(chan struct{})
		r.holdInbound(release)
		srv.HandleProcedure("last", func(context.Context, *agserver.Request) error { return nil })
		a, _ := r.shake()
		b, _ := r.shake()
		want := []string{"0", `"hold"`}
		a.Send(`{"event":"note","data":0}`)
		eventually(t, "the first message is handled", func() bool { return len(order.lines()) == 1 })
		a.Send(`{"event":"note","data":"hold"}`)
		for i := 1; i < 100; i += 3 { // a batch as well
			a.Send(fmt.Sprintf(`[{"event":"note","data":%d},{"event":"note","data":%d}]`, i, i+1))
			a.Send(fmt.Sprintf(`{"event":"note","data":%d}`, i+2))
			want = append(want, fmt.Sprint(i), fmt.Sprint(i+1), fmt.Sprint(i+2))
		}
		b.Send(`{"event":"#subscribe","data":{"channel":"x"},"cid":2}`)
		b.Expect(`{"rid":2}`)
		a.Send(`{"event":"last","cid":2}`)
		if n := len(order.lines()); n != 1 {
			t.Errorf("%d messages were handled, want one", n)
		}
		close(release)
		a.Expect(`{"rid":2}`)
		if !r.memory {
			eventually(t, "everything is handled", func() bool { return len(order.lines()) == len(want) })
		}
		if got := order.lines(); !slices.Equal(got, want) {
			t.Errorf("handled = %v, want %v", got, want)
		}
	})
}

// A handler that ends its goroutine after the loop has gone on without it ends
// nothing else.
func TestHandleProcedure_LateGoexit(t *testing.T) {
	onBothEngines(t, func(t *testing.T, r *rig) {
		srv := r.serve(agserver.Options{Loops: 1})
		srv.HandleProcedure("exit", func(_ context.Context, req *agserver.Request) error {
			var ms int
			if err := req.Decode(&ms); err != nil {
				return err
			}
			time.Sleep(time.Duration(ms) * time.Millisecond)
			runtime.Goexit()
			return nil
		})
		srv.HandleProcedure("fine", func(context.Context, *agserver.Request) error { return nil })
		c, _ := r.shake()
		for i, ms := range []int{5, 5, 30, 5, 30} {
			c.Send(fmt.Sprintf(`{"event":"exit","data":%d,"cid":%d}`, ms, 2*i+11))
			c.Send(fmt.Sprintf(`{"event":"fine","cid":%d}`, 2*i+12))
			both := []string{c.Next(), c.Next()}
			slices.Sort(both)
			if !strings.Contains(both[0], "error") || both[1] != fmt.Sprintf(`{"rid":%d}`, 2*i+12) {
				t.Fatalf("answers = %q, want an error and an answer", both)
			}
		}
	})
}

// What waits behind a call that has lost its loop is handled behind it, by its own
// handler.
func TestUserCode_OrderBehindSlowCall(t *testing.T) {
	onBothEnginesAndInTime(t, func(t *testing.T, r *rig) {
		srv := r.serve(agserver.Options{Loops: 1})
		srv.HandleProcedure("quick", func(_ context.Context, req *agserver.Request) error { return req.Reply("quick") })
		srv.HandleReceiver("last", func(_ context.Context, s *agserver.Socket, _ protocol.Data) error {
			return s.Send("last")
		})
		c, _ := r.shake()
		for i := range 10 {
			slow := fmt.Sprint("slow", i) // one that is not known to be slow
			srv.HandleProcedure(slow, func(_ context.Context, req *agserver.Request) error {
				time.Sleep(5 * time.Millisecond) // long for a loop, and not for a runner
				return req.Reply("slow")
			})
			cid := 10 * (i + 1)
			c.Send(fmt.Sprintf(`{"event":%q,"cid":%d}`, slow, cid))
			c.Send(fmt.Sprintf(`{"event":"quick","cid":%d}`, cid+1))
			c.Send(`{"event":"last"}`)
			want := []string{"last", fmt.Sprintf(`{"rid":%d,"data":"slow"}`, cid), fmt.Sprintf(`{"rid":%d,"data":"quick"}`, cid+1)}
			got := []string{c.Next(), c.Next(), c.Next()}
			if quick := slices.Index(got, want[2]); r.memory && slices.Index(got, "last") < quick {
				t.Errorf("got %q: a message was overtaken by a later one", got)
			}
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Fatalf("got %q, want %q", got, want)
			}
		}
	})
}

// What handlers and middleware were given stays what it was.
func TestUserCode_DataMayBeKept(t *testing.T) {
	for _, shown := range []bool{false, true} {
		t.Run(fmt.Sprint("Middleware=", shown), func(t *testing.T) {
			onBothEngines(t, func(t *testing.T, r *rig) {
				srv := r.serve(agserver.Options{Loops: 1})
				var mu sync.Mutex
				var kept []func() string
				keep := func(f func() string) {
					mu.Lock()
					defer mu.Unlock()
					kept = append(kept, f)
				}
				srv.HandleProcedure("f", func(_ context.Context, req *agserver.Request) error {
					keep(func() string { return req.Procedure + req.Data().String() })
					return nil
				})
				srv.HandleReceiver("f", func(_ context.Context, _ *agserver.Socket, d protocol.Data) error {
					keep(func() string { return "f" + d.String() })
					return nil
				})
				srv.HandleRaw(func(_ context.Context, _ *agserver.Socket, m agserver.Message) error {
					keep(func() string { return string(m.Data) })
					return nil
				})
				if shown {
					check(t, srv.SetMiddleware(middleware.Inbound, middleware.Func(func(_ context.Context, a *middleware.Action) error {
						name, data := a.Procedure+a.Receiver, a.Data
						keep(func() string { return name + data.String() })
						return nil
					})))
				}
				c, _ := r.shake()
				var want []string
				for i := range 50 {
					data := fmt.Sprintf(`"%s"`, strings.Repeat(fmt.Sprint(i%10), 50+i))
					c.Send(fmt.Sprintf(`{"event":"f","data":%s,"cid":%d}`, data, i+2))
					c.Expect(fmt.Sprintf(`{"rid":%d}`, i+2))
					c.Send(fmt.Sprintf(`{"event":"f","data":%s}`, data))
					c.Send("raw" + data)
					want = append(want, "raw"+data)
					for range 2 {
						want = append(want, "f"+data)
						if shown {
							want = append(want, "f"+data)
						}
					}
				}
				eventually(t, "all are handled", func() bool {
					mu.Lock()
					defer mu.Unlock()
					return len(kept) == len(want)
				})
				var got []string
				for _, f := range kept {
					got = append(got, f())
				}
				slices.Sort(got) // a receiver's and a procedure's handlers are at work side by side
				slices.Sort(want)
				if !slices.Equal(got, want) {
					t.Fatalf("kept %q, want %q", got, want)
				}
			})
		})
	}
}

// Handlers of one socket start in order, and those of a receiver follow each
// other, however long they take and wherever they run.
func TestUserCode_OrderUnderLoad(t *testing.T) {
	onBothEngines(t, func(t *testing.T, r *rig) {
		const sockets, messages = 8, 300
		srv := r.serve(agserver.Options{Loops: 2})
		var mu sync.Mutex
		started := make(map[*agserver.Socket][]int)
		busy := make(map[*agserver.Socket]bool)
		linger := func() {
			if rand.IntN(20) == 0 {
				time.Sleep(time.Duration(rand.IntN(15)) * time.Millisecond)
			}
		}
		srv.HandleReceiver("f", func(_ context.Context, s *agserver.Socket, d protocol.Data) error {
			var n int
			if err := d.Decode(&n); err != nil {
				return err
			}
			mu.Lock()
			started[s] = append(started[s], n)
			if busy[s] {
				t.Error("two handlers of a receiver are at work for one socket")
			}
			busy[s] = true
			mu.Unlock()
			linger()
			mu.Lock()
			busy[s] = false
			mu.Unlock()
			return nil
		})
		srv.HandleProcedure("g", func(context.Context, *agserver.Request) error { linger(); return nil })
		done := make(chan *agserver.Socket, sockets)
		srv.HandleReceiver("done", func(_ context.Context, s *agserver.Socket, _ protocol.Data) error { return nil })
		var wg sync.WaitGroup
		for range sockets {
			c, sock := r.shake()
			wg.Go(func() {
				for i := range messages {
					c.Send(fmt.Sprintf(`{"event":"f","data":%d}`, i))
					c.Send(fmt.Sprintf(`{"event":"g","cid":%d}`, i+2))
				}
				answers := make(map[string]bool)
				for range messages {
					answers[c.Next()] = true
				}
				if len(answers) != messages {
					t.Errorf("%d different answers, want %d", len(answers), messages)
				}
				done <- sock
			})
		}
		wg.Wait()
		for range sockets {
			sock := <-done
			eventually(t, "every message was handled", func() bool {
				mu.Lock()
				defer mu.Unlock()
				return len(started[sock]) == messages
			})
			mu.Lock()
			if !slices.IsSorted(started[sock]) {
				t.Errorf("order = %v, want that of the messages", started[sock])
			}
			mu.Unlock()
		}
	})
}
