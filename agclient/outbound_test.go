package agclient_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/socketcluster-go/socketcluster/agclient"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// future runs f in a goroutine; the channel has its error.
func future(f func() error) <-chan error {
	done := make(chan error, 1)
	go func() { done <- f() }()
	return done
}

func TestClient_Invoke(t *testing.T) {
	t.Run("OK", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			c, p := f.connected(agclient.Options{})
			var sum int
			done := future(func() error { return c.Invoke(t.Context(), "sum", []int{1, 2}, &sum) })
			p.expect(`{"event":"sum","data":[1,2],"cid":2}`)
			p.write(`{"rid":3,"data":4}`) // nobody's answer
			p.write(`{"rid":2,"data":3}`)
			if err := <-done; err != nil || sum != 3 {
				t.Errorf("Invoke() = %v, %d, want 3", err, sum)
			}
		})
	})

	t.Run("AnswerInto", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			c, p := f.connected(agclient.Options{})
			for _, test := range []struct {
				name string
				out  any
				data string
				want error
			}{
				{"Nil", nil, `"x"`, nil},
				{"Data", new(protocol.Data), `"x"`, nil},
				{"WrongType", new(int), `"x"`, protocol.ErrInvalidArguments},
			} {
				done := future(func() error { return c.Invoke(t.Context(), "e", nil, test.out) })
				p.answer("e", test.data)
				if err := <-done; !errors.Is(err, test.want) {
					t.Errorf("%s: Invoke() = %v, want %v", test.name, err, test.want)
				}
				if d, ok := test.out.(*protocol.Data); ok && d.String() != test.data {
					t.Errorf("%s: out = %v, want %v", test.name, d, test.data)
				}
			}
			done := future(func() error { return c.Invoke(t.Context(), "e", nil, new(int)) })
			p.next()
			p.write(`{"rid":5}`)
			if err := <-done; !errors.Is(err, protocol.ErrNoData) {
				t.Errorf("Invoke() without an answer's data = %v, want ErrNoData", err)
			}
		})
	})

	t.Run("Errors", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			c, p := f.connected(agclient.Options{})
			for _, test := range []struct{ err, want string }{
				{`{"name":"FailedLoginError","message":"no"}`, "FailedLoginError: no"},
				{`"text"`, "text"},
				{`0`, ""}, // falsy: success, as in the reference
				{`""`, ""},
				{`null`, ""},
			} {
				done := future(func() error { return c.Invoke(t.Context(), "e", nil, nil) })
				p.refuse("e", test.err)
				err := <-done
				if err == nil && test.want != "" || err != nil && err.Error() != test.want {
					t.Errorf("error %s: Invoke() = %v, want %q", test.err, err, test.want)
				}
			}
		})
	})

	t.Run("AckTimeout", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			c, p := f.connected(agclient.Options{AckTimeout: 3 * time.Second})
			start := time.Now()
			err := c.Invoke(t.Context(), "slow", nil, nil)
			if got := time.Since(start); got != 3*time.Second {
				t.Errorf("timed out after %v, want 3s", got)
			}
			if !errors.Is(err, protocol.ErrTimeout) || err.Error() != "TimeoutError: Event response for slow event timed out" {
				t.Errorf("Invoke() = %v, want TimeoutError", err)
			}
			p.next()
			p.write(`{"rid":2,"data":1}`) // too late: ignored
			start = time.Now()
			err = c.InvokeWith(t.Context(), "slow", nil, nil, &agclient.InvokeOptions{AckTimeout: time.Second})
			if got := time.Since(start); !errors.Is(err, protocol.ErrTimeout) || got != time.Second {
				t.Errorf("InvokeWith() = %v after %v, want TimeoutError after 1s", err, got)
			}
		})
	})

	t.Run("NoAckTimeout", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			c, p := f.connected(agclient.Options{PingTimeoutDisabled: true})
			done := future(func() error {
				return c.InvokeWith(t.Context(), "e", nil, nil, &agclient.InvokeOptions{AckTimeout: -1})
			})
			time.Sleep(time.Hour)
			p.answer("e", "1")
			if err := <-done; err != nil {
				t.Errorf("InvokeWith() = %v, want nil", err)
			}
		})
	})

	t.Run("ContextEnds", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			c, p := f.connected(agclient.Options{})
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			if err := c.Invoke(ctx, "e", nil, nil); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("Invoke() = %v, want the context's error", err)
			}
			if err := c.Invoke(ctx, "never", nil, nil); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("Invoke() = %v, want the context's error", err)
			}
			p.expect(`{"event":"e","cid":2}`)
			synctest.Wait()
			p.nothing()
			if got := c.State(); got != agclient.Open {
				t.Errorf("State() = %v, want open", got)
			}
		})
	})

	t.Run("ConnectionEnds", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			c, p := f.connected(agclient.Options{})
			done := future(func() error { return c.Invoke(t.Context(), "e", nil, nil) })
			p.next()
			p.close(4321, "so there")
			var e *protocol.Error
			if err := <-done; !errors.As(err, &e) || !errors.Is(err, protocol.ErrBadConnection) {
				t.Fatalf("Invoke() = %v, want BadConnectionError", err)
			}
			if e.Message != "Event e was aborted due to a bad connection" || e.Field("type").String() != `"disconnect"` ||
				e.Field("code").String() != "4321" || e.Field("reason").String() != `"so there"` {
				t.Errorf("Invoke() = %+v", e)
			}
		})
	})

	t.Run("Unencodable", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			c, p := f.connected(agclient.Options{})
			if err := c.Invoke(t.Context(), "e", func() {}, nil); err == nil {
				t.Error("Invoke(func) = nil, want an error")
			}
			if err := c.Transmit("e", make(chan int)); err == nil {
				t.Error("Transmit(chan) = nil, want an error")
			}
			synctest.Wait()
			p.nothing()
		})
	})
}

func TestClient_Transmit(t *testing.T) {
	t.Run("InOrder", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			c, p := f.connected(agclient.Options{})
			for i := range 100 {
				if err := c.Transmit("e", i); err != nil {
					t.Fatal(err)
				}
			}
			for i := range 100 {
				p.expect(`{"event":"e","data":` + itoa(i) + `}`)
			}
		})
	})

	t.Run("ConnectsAndWaits", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			c := f.client(agclient.Options{})
			c.Transmit("first", nil)
			done := future(func() error { return c.Invoke(t.Context(), "second", nil, nil) })
			synctest.Wait()
			c.Transmit("third", "x")
			p := f.accept()
			p.handshake(`{"id":"x","pingTimeout":1000}`)
			p.expect(`{"event":"first"}`)
			p.answer("second", "null")
			p.expect(`{"event":"third","data":"x"}`)
			if err := <-done; err != nil {
				t.Errorf("Invoke() = %v", err)
			}
		})
	})

	t.Run("WaitsAsLongAsTheAckTimeout", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			c := f.client(agclient.Options{AckTimeout: 4 * time.Second})
			c.Transmit("early", nil)
			time.Sleep(2 * time.Second)
			c.Transmit("late", nil)
			err := c.Invoke(t.Context(), "call", nil, nil)
			if !errors.Is(err, protocol.ErrTimeout) {
				t.Errorf("Invoke() = %v, want TimeoutError", err)
			}
			c.Transmit("last", nil)
			p := f.accept()
			p.handshake(`{"id":"x","pingTimeout":1000}`)
			p.expect(`{"event":"last"}`)
		})
	})

	t.Run("ContextEndsWhileWaiting", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			c := f.client(agclient.Options{})
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			if err := c.Invoke(ctx, "gone", nil, nil); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("Invoke() = %v, want the context's error", err)
			}
			c.Transmit("last", nil)
			p := f.accept()
			p.handshake(`{"id":"x","pingTimeout":1000}`)
			p.expect(`{"event":"last"}`)
		})
	})

	t.Run("AbortedWhileWaiting", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			c := f.client(agclient.Options{})
			done := future(func() error { return c.Invoke(t.Context(), "e", nil, nil) })
			synctest.Wait()
			c.Disconnect(0, "")
			var e *protocol.Error
			if err := <-done; !errors.As(err, &e) || e.Field("type").String() != `"connectAbort"` ||
				e.Field("reason").String() != `"Socket closed normally"` {
				t.Errorf("Invoke() = %v, want BadConnectionError of a connectAbort", err)
			}
			if all := c.Subscriptions(true); len(all) != 0 {
				t.Errorf("Subscriptions() = %v", all)
			}
		})
	})

	t.Run("ReplacesAStaleConnection", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			c, p := f.connected(agclient.Options{})
			agclient.Sleep(c, time.Hour) // the machine, not its timers
			all := c.Events().All.Consume()
			c.Transmit("e", nil)
			p.expectClose(1000, "Stale socket was disconnected by the client to initiate a new connection")
			p = f.accept()
			p.handshake(`{"id":"x","pingTimeout":1000}`)
			p.expect(`{"event":"e"}`)
			want := []string{"disconnect", "close", "connecting", "connect"}
			if got := names(all); !slices.Equal(got, want) {
				t.Errorf("events = %v, want %v", got, want)
			}
		})
	})
}

func TestClient_MaxBuffered(t *testing.T) {
	t.Run("WhileConnecting", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			c := f.client(agclient.Options{MaxBuffered: 1000})
			big := strings.Repeat("x", 400)
			for i, want := range []error{nil, nil, agclient.ErrBufferFull} {
				if err := c.Transmit("e", big); !errors.Is(err, want) {
					t.Errorf("Transmit %d = %v, want %v", i, err, want)
				}
			}
			if err := c.Invoke(t.Context(), "e", big, nil); !errors.Is(err, agclient.ErrBufferFull) {
				t.Errorf("Invoke() = %v, want ErrBufferFull", err)
			}
			p := f.accept()
			p.handshake(`{"id":"x","pingTimeout":1000}`)
			p.next()
			p.next()
			if err := c.Transmit("e", big); err != nil {
				t.Errorf("Transmit() when there is room = %v", err)
			}
			p.next()
			c.Disconnect(0, "")
			for i, want := range []error{nil, nil, agclient.ErrBufferFull} {
				if err := c.Transmit("e", big); !errors.Is(err, want) {
					t.Errorf("Transmit %d of the next connection = %v, want %v", i, err, want)
				}
			}
			f.accept()
		})
	})

	t.Run("WhileTheServerDoesNotRead", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			c, p := f.connected(agclient.Options{MaxBuffered: 1000})
			p.stall()
			big := strings.Repeat("x", 400)
			c.Transmit("e", big) // the writer is stuck with it
			synctest.Wait()
			for i, want := range []error{nil, nil, agclient.ErrBufferFull} {
				if err := c.Transmit("e", big); !errors.Is(err, want) {
					t.Errorf("Transmit %d = %v, want %v", i, err, want)
				}
			}
			if err := c.Send(big); !errors.Is(err, agclient.ErrBufferFull) {
				t.Errorf("Send() = %v, want ErrBufferFull", err)
			}
			if got := c.State(); got != agclient.Open {
				t.Errorf("State() = %v, want open", got)
			}
			// What the client itself has to say must go out.
			disconnected := c.Events().Disconnect.Consume()
			c.Subscribe(big)
			ev, _ := disconnected.TryNext()
			if ev.Code != 1006 || !errors.Is(ev.Cause, agclient.ErrBufferFull) {
				t.Errorf("Disconnect = %+v, want 1006 because of ErrBufferFull", ev)
			}
		})
	})

	t.Run("InABatch", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			c, _ := f.connected(agclient.Options{MaxBuffered: 1000})
			c.StartBatch()
			big := strings.Repeat("x", 400)
			for i, want := range []error{nil, nil, agclient.ErrBufferFull} {
				if err := c.Transmit("e", big); !errors.Is(err, want) {
					t.Errorf("Transmit %d = %v, want %v", i, err, want)
				}
			}
		})
	})
}

func TestClient_Send(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		closed := f.client(agclient.Options{})
		if err := closed.Send("x"); !errors.Is(err, agclient.ErrNotConnected) {
			t.Errorf("Send() when closed = %v, want ErrNotConnected", err)
		}
		c, p := f.connected(agclient.Options{})
		c.Send("hello")
		c.SendBinary([]byte{1, 2})
		p.expect("hello")
		if got := <-p.in; string(got.payload) != "\x01\x02" || got.op != 2 {
			t.Errorf("frame = %v, want binary 1 2", got)
		}
	})
}
