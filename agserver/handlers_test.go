package agserver_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/socketcluster-go/socketcluster/agclient"
	"github.com/socketcluster-go/socketcluster/agserver"
	"github.com/socketcluster-go/socketcluster/agserver/agservertest"
	"github.com/socketcluster-go/socketcluster/middleware"
	"github.com/socketcluster-go/socketcluster/protocol"
)

type point struct{ X, Y int }

func TestHandleFunc(t *testing.T) {
	onBothEngines(t, func(t *testing.T, r *rig) {
		srv := r.serve(agserver.Options{})
		agserver.HandleFunc(srv, "mirror", func(_ context.Context, s *agserver.Socket, in point) (point, error) {
			if s == nil {
				return in, errors.New("no socket")
			}
			return point{in.Y, in.X}, nil
		})
		c, _ := r.connect(agclient.Options{})
		var out point
		t.Run("OK", func(t *testing.T) {
			if err := c.Invoke(within(t), "mirror", point{1, 2}, &out); err != nil || out != (point{2, 1}) {
				t.Errorf("Invoke() = %v, %v, want {2 1}", out, err)
			}
		})
		t.Run("NoData", func(t *testing.T) {
			if err := c.Invoke(within(t), "mirror", nil, &out); err != nil || out != (point{}) {
				t.Errorf("Invoke() = %v, %v, want the zero point", out, err)
			}
		})
		for name, in := range map[string]any{
			"ErrWrongType":   "text",
			"ErrWrongMember": map[string]any{"X": "text"},
			"ErrTooLarge":    map[string]any{"X": 1e300},
		} {
			t.Run(name, func(t *testing.T) {
				if err := c.Invoke(within(t), "mirror", in, &out); !errors.Is(err, protocol.ErrInvalidArguments) {
					t.Errorf("Invoke(%v) = %v, want InvalidArgumentsError", in, err)
				}
			})
		}
		// The socket has survived all that.
		check(t, c.Invoke(within(t), "mirror", point{3, 4}, &out))
	})
}

// A panic in a handler fails its call, is reported, and ends nothing else.
func TestHandleProcedure_Panic(t *testing.T) {
	onBothEngines(t, func(t *testing.T, r *rig) {
		srv := r.serve(agserver.Options{})
		srv.HandleProcedure("panic", func(context.Context, *agserver.Request) error { panic("secret: spilt milk") })
		srv.HandleProcedure("fine", func(context.Context, *agserver.Request) error { return nil })
		warnings := srv.Events().Warning.Consume()
		c, _ := r.shake()
		c.Send(`{"event":"panic","cid":2}`)
		answer := protocol.Data(c.Next())
		if answer.Get("rid").Int() != 2 || !answer.Get("error").Exists() || strings.Contains(answer.String(), "milk") {
			t.Errorf("answer = %s, want an error that tells nothing", answer)
		}
		ev := next(t, warnings)
		if !errors.Is(ev.Warning, agserver.ErrHandlerPanic) || !strings.Contains(ev.Warning.Error(), "spilt milk (handlers_test.go:") {
			t.Errorf("warning = %v, want ErrHandlerPanic with what was said and where", ev.Warning)
		}
		var p *middleware.PanicError
		if !errors.As(ev.Warning, &p) || !strings.Contains(p.Stack(), "TestHandleProcedure_Panic") {
			t.Errorf("warning = %v, want a PanicError with the handler in its stack", ev.Warning)
		}
		c.Send(`{"event":"fine","cid":3}`)
		c.Expect(`{"rid":3}`)
	})
}

// A handler that takes its time holds back neither the next call nor the other
// receivers.
func TestHandleProcedure_SlowHoldsNothingBack(t *testing.T) {
	onBothEngines(t, func(t *testing.T, r *rig) {
		srv := r.serve(agserver.Options{})
		release := make(chan struct{})
		srv.HandleProcedure("slow", func(context.Context, *agserver.Request) error { <-release; return nil })
		srv.HandleProcedure("fast", func(context.Context, *agserver.Request) error { return nil })
		noted := make(chan string, 1)
		srv.HandleReceiver("note", func(_ context.Context, _ *agserver.Socket, d protocol.Data) error {
			noted <- d.String()
			return nil
		})
		c, _ := r.shake()
		c.Send(`{"event":"slow","cid":2}`)
		c.Send(`{"event":"slow","cid":3}`)
		c.Send(`{"event":"fast","cid":4}`)
		c.Expect(`{"rid":4}`)
		c.Send(`{"event":"note","data":1}`)
		if got := await(t, noted); got != "1" {
			t.Errorf("note = %s, want 1", got)
		}
		close(release)
		got := []string{c.Next(), c.Next()}
		slices.Sort(got)
		if want := []string{`{"rid":2}`, `{"rid":3}`}; !slices.Equal(got, want) {
			t.Errorf("answers = %v, want %v", got, want)
		}
	})
}

// Handlers of one socket start in the order in which its messages came.
func TestHandleProcedure_StartInOrder(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		srv := r.serve(agserver.Options{})
		var order journal
		srv.HandleProcedure("f", func(_ context.Context, req *agserver.Request) error {
			order.add(req.Data().String())
			return nil
		})
		c, _ := r.shake()
		const calls = 500
		for i := range calls {
			c.Send(fmt.Sprintf(`{"event":"f","data":%d,"cid":%d}`, i, i+2))
		}
		for i := range calls {
			c.Expect(fmt.Sprintf(`{"rid":%d}`, i+2))
		}
		for i, got := range order.lines() {
			if got != fmt.Sprint(i) {
				t.Fatalf("call %s was handled as number %d", got, i)
			}
		}
	})
}

// Messages of one receiver are handled one after the other however long that
// takes; those of another receiver go on meanwhile.
func TestHandleReceiver_StaysInOrder(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		srv := r.serve(agserver.Options{PingTimeoutDisabled: true})
		var slow, fast journal
		srv.HandleReceiver("slow", func(_ context.Context, _ *agserver.Socket, d protocol.Data) error {
			time.Sleep(time.Second)
			slow.add(d.String())
			return nil
		})
		srv.HandleReceiver("fast", func(_ context.Context, _ *agserver.Socket, d protocol.Data) error {
			fast.add(d.String())
			return nil
		})
		c, _ := r.shake()
		for i := range 5 {
			c.Send(fmt.Sprintf(`{"event":"slow","data":%d}`, i))
			c.Send(fmt.Sprintf(`{"event":"fast","data":%d}`, i))
		}
		time.Sleep(500 * time.Millisecond)
		synctest.Wait()
		want := []string{"0", "1", "2", "3", "4"}
		if slow, fast := slow.lines(), fast.lines(); len(slow) != 0 || !slices.Equal(fast, want) {
			t.Errorf("after half a second: slow %v, fast %v, want none and all", slow, fast)
		}
		time.Sleep(5 * time.Second)
		synctest.Wait()
		if got := slow.lines(); !slices.Equal(got, want) {
			t.Errorf("slow = %v, want %v", got, want)
		}
	})
}

// What a receiver or raw handler returns is reported.
func TestHandleReceiver_Errors(t *testing.T) {
	onBothEngines(t, func(t *testing.T, r *rig) {
		srv := r.serve(agserver.Options{})
		failure := errors.New("no room")
		srv.HandleReceiver("note", func(context.Context, *agserver.Socket, protocol.Data) error { return failure })
		srv.HandleReceiver("panic", func(context.Context, *agserver.Socket, protocol.Data) error { panic("ouch") })
		srv.HandleRaw(func(context.Context, *agserver.Socket, agserver.Message) error { return failure })
		c, sock := r.shake()
		errs := sock.Events().Error.Consume()
		for _, test := range []struct {
			message string
			want    error
		}{
			{`{"event":"note"}`, failure},
			{`{"event":"panic"}`, agserver.ErrHandlerPanic},
			{`no packet`, failure},
		} {
			c.Send(test.message)
			if err := next(t, errs); !errors.Is(err, test.want) {
				t.Errorf("error = %v, want %v", err, test.want)
			}
		}
		srv.HandleReceiver("note", nil)
		srv.HandleRaw(nil)
		c.Send(`{"event":"note"}`)
		c.Send(`no packet`)
		c.Send(`{"event":"panic"}`)
		if err := next(t, errs); !errors.Is(err, agserver.ErrHandlerPanic) {
			t.Errorf("error = %v of a handler that was removed", err)
		}
	})
}

// A handler can be replaced and removed while the server runs; a call that
// nobody handles is not answered, or answered by an error if that is asked for.
func TestHandleProcedure_ReplaceAndRemove(t *testing.T) {
	onBothEngines(t, func(t *testing.T, r *rig) {
		srv := r.serve(agserver.Options{UnknownProcedure: agserver.UnknownError})
		answer := func(v string) agserver.ProcedureHandler {
			return func(_ context.Context, req *agserver.Request) error { return req.Reply(v) }
		}
		c, sock := r.shake()
		call := func(cid int) string {
			c.Send(fmt.Sprintf(`{"event":"f","cid":%d}`, cid))
			return c.Next()
		}
		expectUnknown := func(cid int) {
			t.Helper()
			if got := protocol.Data(call(cid)); got.Get("error.name").String() != "UnknownProcedureError" {
				t.Errorf("answer = %s, want UnknownProcedureError", got)
			}
		}
		expectUnknown(1)
		srv.HandleProcedure("f", answer("one"))
		if got, want := call(2), `{"rid":2,"data":"one"}`; got != want {
			t.Errorf("answer = %s, want %s", got, want)
		}
		srv.HandleProcedure("f", answer("two"))
		if got, want := call(3), `{"rid":3,"data":"two"}`; got != want {
			t.Errorf("answer = %s, want %s", got, want)
		}
		srv.HandleProcedure("f", nil)
		expectUnknown(4)

		// A consumer of the socket's own stream counts.
		requests := sock.Procedure("f").Consume()
		c.Send(`{"event":"f","cid":5}`)
		check(t, next(t, requests).Reply("streamed"))
		c.Expect(`{"rid":5,"data":"streamed"}`)
		requests.Kill()
		expectUnknown(6)
	})
}

func TestUnknownProcedure_Silent(t *testing.T) {
	onBothEngines(t, func(t *testing.T, r *rig) {
		srv := r.serve(agserver.Options{})
		srv.HandleProcedure("known", func(context.Context, *agserver.Request) error { return nil })
		c, _ := r.shake()
		c.Send(`{"event":"unknown","cid":2}`)
		c.Send(`{"event":"known","cid":3}`)
		c.Expect(`{"rid":3}`)
	})
}

// The context of a handler ends with the socket, and says why.
func TestHandleProcedure_ContextEnds(t *testing.T) {
	onBothEngines(t, func(t *testing.T, r *rig) {
		srv := r.serve(agserver.Options{})
		started, cause := make(chan struct{}), make(chan error, 1)
		srv.HandleProcedure("wait", func(ctx context.Context, _ *agserver.Request) error {
			close(started)
			<-ctx.Done()
			cause <- context.Cause(ctx)
			return ctx.Err()
		})
		c, sock := r.shake()
		c.Send(`{"event":"wait","cid":2}`)
		await(t, started)
		check(t, sock.Disconnect(4321, "enough"))
		c.ExpectClose(4321)
		var bad *protocol.Error
		if err := await(t, cause); !errors.As(err, &bad) || bad.Name != "BadConnectionError" ||
			bad.Field("code").String() != "4321" || bad.Field("reason").String() != `"enough"` {
			t.Errorf("cause = %v %v, want BadConnectionError with 4321", err, bad)
		}
		if sock.Context().Err() == nil {
			t.Error("Context() goes on after the socket")
		}
	})
}

// A handler that ends its goroutine ends nothing else.
func TestHandleProcedure_Goexit(t *testing.T) {
	onBothEngines(t, func(t *testing.T, r *rig) {
		srv := r.serve(agserver.Options{})
		srv.HandleProcedure("exit", func(context.Context, *agserver.Request) error { runtime.Goexit(); return nil })
		srv.HandleReceiver("exit", func(context.Context, *agserver.Socket, protocol.Data) error { runtime.Goexit(); return nil })
		srv.HandleProcedure("fine", func(context.Context, *agserver.Request) error { return nil })
		c, _ := r.shake()
		c.Send(`{"event":"exit"}`)
		c.Send(`{"event":"exit"}`)
		c.Send(`{"event":"exit","cid":2}`)
		c.Send(`{"event":"fine","cid":3}`)
		for eventOf(c.Next()) != "rid" {
		}
		c.Send(`{"event":"fine","cid":4}`)
		for got := c.Next(); got != `{"rid":4}`; got = c.Next() {
		}
	})
}

// A batch is handled packet by packet, in order, whether user code is needed or
// not.
func TestBatch_OfClients(t *testing.T) {
	for _, handled := range []bool{false, true} {
		t.Run(fmt.Sprint("Handlers=", handled), func(t *testing.T) {
			inBubble(t, func(t *testing.T, r *rig) {
				srv := r.serve(agserver.Options{})
				if handled {
					srv.HandleProcedure("unused", func(context.Context, *agserver.Request) error { return nil })
				}
				c, sock := r.shake()
				raws := sock.Events().Raw.Consume()
				const batch = `[{"event":"#subscribe","data":{"channel":"a"},"cid":2},7,[{"event":"#unsubscribe","data":"a","cid":9}],` +
					`{"event":"#publish","data":{"channel":"a","data":1},"cid":3},{"event":"#unsubscribe","data":"a","cid":4}]`
				c.Send(batch)
				c.Expect(`{"rid":2}`, `{"event":"#publish","data":{"channel":"a","data":1}}`, `{"rid":3}`, `{"rid":4}`)
				for range 2 { // the number, and the batch in the batch
					if got := next(t, raws); string(got.Data) != batch {
						t.Errorf("raw = %s, want the whole message", got.Data)
					}
				}
			})
		})
	}
}

// A batch ends with the socket.
func TestBatch_OfClientsEndsWithSocket(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		srv := r.serve(agserver.Options{})
		subscriptions := srv.Events().Subscription.Consume()
		c := r.open(agservertest.ConnOptions{})
		c.Send(`[{"event":"#subscribe","data":{"channel":"a"},"cid":2},{"event":"#handshake","cid":3},{"event":"#subscribe","data":{"channel":"b"},"cid":4}]`)
		c.ExpectClose(4009)
		synctest.Wait()
		if got := drain(subscriptions); len(got) != 0 {
			t.Errorf("subscriptions = %v, want none", got)
		}
	})
}
