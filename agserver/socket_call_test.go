package agserver_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/socketcluster-go/socketcluster/agclient"
	"github.com/socketcluster-go/socketcluster/agserver"
	"github.com/socketcluster-go/socketcluster/agserver/agservertest"
	"github.com/socketcluster-go/socketcluster/protocol"
)

func TestSocket_Invoke(t *testing.T) {
	onBothEngines(t, func(t *testing.T, r *rig) {
		r.serve(agserver.Options{})
		c, sock := r.connect(agclient.Options{})
		requests := c.Procedure("add").All(t.Context())
		go func() {
			for req := range requests {
				var in []int
				if err := req.Decode(&in); err != nil || len(in) != 2 {
					req.Fail(&protocol.Error{Name: "SumError", Message: "two numbers, please"})
					continue
				}
				req.Reply(in[0] + in[1])
			}
		}()
		var sum int
		var raw protocol.Data
		check(t, sock.Invoke(within(t), "add", []int{1, 2}, &sum))
		check(t, sock.Invoke(within(t), "add", []int{3, 4}, &raw))
		check(t, sock.Invoke(within(t), "add", []int{5, 6}, nil))
		if sum != 3 || raw.String() != "7" {
			t.Errorf("answers = %d and %s, want 3 and 7", sum, raw)
		}
		if err := sock.Invoke(within(t), "add", []int{1}, nil); named(err) != "SumError" {
			t.Errorf("Invoke() = %v, want SumError", err)
		}
		if err := sock.Invoke(within(t), "add", make(chan int), nil); err == nil {
			t.Error("Invoke(chan) = nil, want an error")
		}
	})
}

// Answers as a client may give them.
func TestSocket_InvokeAnswers(t *testing.T) {
	for _, test := range []struct{ name, answer, data, err string }{
		{"Data", `{"rid":1,"data":{"a":1}}`, `{"a":1}`, ""},
		{"NoData", `{"rid":1}`, ``, ""},
		{"Null", `{"rid":1,"data":null}`, `null`, ""},
		{"Error", `{"rid":1,"error":{"name":"NoError","message":"no"}}`, ``, "NoError"},
		{"Value", `{"rid":1,"error":"plain"}`, ``, "plain"},
		{"FalsyErrors", `{"rid":1,"error":0,"data":5}`, `5`, ""},
		{"EmptyError", `{"rid":1,"error":"","data":6}`, `6`, ""},
		{"Unknown", "[{\"rid\":99,\"data\":0},{\"rid\":1.5},{\"rid\":1,\"data\":7}]", `7`, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, r *rig) {
				r.serve(agserver.Options{})
				c, sock := r.shake()
				var out protocol.Data
				called := future(func() error { return sock.Invoke(t.Context(), "f", 1, &out) })
				c.Expect(`{"event":"f","data":1,"cid":1}`)
				c.Send(test.answer)
				if err := await(t, called); named(err) != test.err || string(out) != test.data {
					t.Errorf("Invoke() = %s, %v, want %s, %s", out, err, test.data, test.err)
				}
			})
		})
	}
}

// A deadline takes the place of AckTimeout, be it earlier or later; both end in
// a TimeoutError.
func TestSocket_InvokeTimeouts(t *testing.T) {
	for _, test := range []struct {
		name     string
		ack      time.Duration
		deadline time.Duration
		want     time.Duration
	}{
		{"Default", 0, 0, 10 * time.Second},
		{"AckTimeout", 3 * time.Second, 0, 3 * time.Second},
		{"EarlierDeadline", 3 * time.Second, time.Second, time.Second},
		{"LaterDeadline", 3 * time.Second, time.Minute, time.Minute},
		{"Off", -1, time.Hour, time.Hour},
	} {
		t.Run(test.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, r *rig) {
				r.serve(agserver.Options{AckTimeout: test.ack})
				_, sock := r.connect(agclient.Options{}) // which answers nothing
				ctx := t.Context()
				if test.deadline > 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, test.deadline)
					defer cancel()
				}
				began := time.Now()
				err := sock.Invoke(ctx, "f", nil, nil)
				if !errors.Is(err, protocol.ErrTimeout) || time.Since(began) != test.want {
					t.Errorf("Invoke() = %v after %v, want TimeoutError after %v", err, time.Since(began), test.want)
				}
			})
		})
	}
}

// A call that is cancelled returns; its answer is dropped, and does not answer
// another call.
func TestSocket_InvokeCancelled(t *testing.T) {
	onBothEngines(t, func(t *testing.T, r *rig) {
		r.serve(agserver.Options{})
		c, sock := r.shake()
		ctx, cancel := context.WithCancel(t.Context())
		called := future(func() error { return sock.Invoke(ctx, "f", nil, nil) })
		c.Expect(`{"event":"f","cid":1}`)
		cancel()
		if err := await(t, called); !errors.Is(err, context.Canceled) {
			t.Errorf("Invoke() = %v, want context.Canceled", err)
		}
		var out int
		called = future(func() error { return sock.Invoke(t.Context(), "f", nil, &out) })
		c.Expect(`{"event":"f","cid":2}`)
		c.Send(`{"rid":1,"data":1}`)
		c.Send(`{"rid":2,"data":2}`)
		if err := await(t, called); err != nil || out != 2 {
			t.Errorf("Invoke() = %d, %v, want 2", out, err)
		}
	})
}

// What Send is given reaches the client, text or not: a frame that is no UTF-8 would
// have cost it the connection.
func TestSocket_SendNoUTF8(t *testing.T) {
	onBothEngines(t, func(t *testing.T, r *rig) {
		r.serve(agserver.Options{})
		c, sock := r.shake()
		check(t, sock.Send("a\xffb"))
		if got := c.Next(); got != "a\uFFFDb" {
			t.Errorf("received %q, want the wrong byte replaced", got)
		}
	})
}

// The end of the connection fails the calls that wait, with its code and reason.
func TestSocket_InvokeDisconnected(t *testing.T) {
	onBothEngines(t, func(t *testing.T, r *rig) {
		r.serve(agserver.Options{})
		c, sock := r.shake()
		called := future(func() error { return sock.Invoke(t.Context(), "f", nil, nil) })
		c.Expect(`{"event":"f","cid":1}`)
		c.Close(4444, "bye")
		err := await(t, called)
		var bad *protocol.Error
		if !errors.As(err, &bad) || bad.Name != "BadConnectionError" || bad.Field("type").String() != `"disconnect"` ||
			bad.Field("code").String() != "4444" || bad.Field("reason").String() != `"bye"` {
			t.Errorf("Invoke() = %v, want BadConnectionError with 4444", err)
		}
		if err := sock.Invoke(t.Context(), "f", nil, nil); !errors.Is(err, protocol.ErrBadConnection) {
			t.Errorf("Invoke() = %v on a closed socket, want BadConnectionError", err)
		}
		if err := sock.Transmit("f", nil); !errors.Is(err, protocol.ErrBadConnection) {
			t.Errorf("Transmit() = %v on a closed socket, want BadConnectionError", err)
		}
		if err := sock.Send("text"); !errors.Is(err, agserver.ErrTransport) {
			t.Errorf("Send() = %v on a closed socket, want ErrTransport", err)
		}
	})
}

// What waits for a client goes on when its socket has left its channels: what
// comes of it is reported behind that.
func TestSocket_InvokeDisconnected_BehindUnsubscriptions(t *testing.T) {
	onBothEngines(t, func(t *testing.T, r *rig) {
		srv := r.serve(agserver.Options{})
		srv.HandleProcedure("ask", func(ctx context.Context, req *agserver.Request) error {
			return req.Socket.Invoke(ctx, "f", nil, nil) // and the answer has nowhere to go
		})
		events := srv.Events().All.Consume()
		c, _ := r.shake()
		const channels = 200
		for i := range channels {
			c.Send(fmt.Sprintf(`{"event":"#subscribe","data":{"channel":"c%d"},"cid":2}`, i))
			c.Expect(`{"rid":2}`)
		}
		c.Send(`{"event":"ask","cid":3}`)
		c.Expect(`{"event":"f","cid":1}`)
		c.Close(1000, "")
		left := 0
		for {
			switch ev := next(t, events).(type) {
			case agserver.UnsubscriptionEvent:
				left++
			case agserver.WarningEvent:
				if left != channels {
					t.Errorf("%v is reported behind %d of %d unsubscriptions", ev.Warning, left, channels)
				}
				return
			}
		}
	})
}

// Nothing is sent to a socket that has not shaken hands.
func TestSocket_CallsBeforeHandshake(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		srv := r.serve(agserver.Options{})
		handshakes := srv.Events().Handshake.Consume()
		r.open(agservertest.ConnOptions{})
		sock := next(t, handshakes).Socket
		for name, err := range map[string]error{
			"Transmit": sock.Transmit("f", nil),
			"Invoke":   sock.Invoke(t.Context(), "f", nil, nil),
		} {
			if !errors.Is(err, protocol.ErrBadConnection) {
				t.Errorf("%s() = %v, want BadConnectionError", name, err)
			}
		}
		if err := sock.SetAuthToken(t.Context(), user{"bob"}, nil); !errors.Is(err, protocol.ErrInvalidAction) {
			t.Errorf("SetAuthToken() = %v, want InvalidActionError", err)
		}
	})
}

func TestSocket_MaxPendingCalls(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		r.serve(agserver.Options{MaxPendingCalls: 3})
		c, sock := r.shake()
		var calls []<-chan error
		for i := range 3 {
			calls = append(calls, future(func() error { return sock.Invoke(t.Context(), "f", nil, nil) }))
			c.Expect(fmt.Sprintf(`{"event":"f","cid":%d}`, i+1))
		}
		if err := sock.Invoke(t.Context(), "f", nil, nil); !errors.Is(err, agserver.ErrTooManyCalls) {
			t.Errorf("Invoke() = %v, want ErrTooManyCalls", err)
		}
		c.Send(`{"rid":1}`)
		check(t, await(t, calls[0]))
		calls = append(calls[1:], future(func() error { return sock.Invoke(t.Context(), "f", nil, nil) }))
		c.Expect(`{"event":"f","cid":4}`)
		c.Cut()
		for _, call := range calls {
			if err := await(t, call); !errors.Is(err, protocol.ErrBadConnection) {
				t.Errorf("Invoke() = %v, want BadConnectionError", err)
			}
		}
	})
}
