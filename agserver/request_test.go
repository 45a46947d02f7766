package agserver_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/socketcluster-go/socketcluster/agserver"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// A request is answered once, whoever tries again.
func TestRequest_AnsweredOnce(t *testing.T) {
	onBothEngines(t, func(t *testing.T, r *rig) {
		srv := r.serve(agserver.Options{})
		again := make(chan error, 2)
		srv.HandleProcedure("twice", func(_ context.Context, req *agserver.Request) error {
			if req.Answered() {
				t.Error("Answered() = true before the answer")
			}
			if err := req.Reply("first"); err != nil {
				return err
			}
			again <- req.Reply("second")
			again <- req.Fail(errors.New("third"))
			if !req.Answered() {
				t.Error("Answered() = false after the answer")
			}
			return nil // does not answer it either
		})
		c, _ := r.shake()
		c.Send(`{"event":"twice","cid":2}`)
		c.Expect(`{"rid":2,"data":"first"}`)
		for range 2 {
			if err := await(t, again); !errors.Is(err, protocol.ErrInvalidAction) {
				t.Errorf("second answer = %v, want InvalidActionError", err)
			}
		}
		c.Send(`{"event":"twice","cid":3}`)
		c.Expect(`{"rid":3,"data":"first"}`)
	})
}

// What an answer looks like, by what the handler returned.
func TestRequest_Answers(t *testing.T) {
	for _, test := range []struct {
		name   string
		answer func(req *agserver.Request) error
		want   string
	}{
		{"Nothing", func(*agserver.Request) error { return nil }, `{"rid":2}`},
		{"Nil", func(req *agserver.Request) error { return req.Reply(nil) }, `{"rid":2}`},
		{"Null", func(req *agserver.Request) error { return req.Reply(protocol.Null) }, `{"rid":2,"data":null}`},
		{"Data", func(req *agserver.Request) error { return req.Reply(req.Data()) }, `{"rid":2,"data":{"a":[1,2]}}`},
		{"Error", func(*agserver.Request) error {
			return (&protocol.Error{Name: "NoError", Message: "no"}).WithField("why", 7)
		}, `{"rid":2,"error":{"message":"no","name":"NoError","why":7}}`},
		{"Value", func(req *agserver.Request) error { return &protocol.Value{Data: protocol.Data(`"plain"`)} }, `{"rid":2,"error":"plain"}`},
		{"FailNil", func(req *agserver.Request) error { return req.Fail(nil) }, `{"rid":2}`},
		{"Wrapped", func(*agserver.Request) error { return errors.Join(protocol.ErrBroker.Withf("down")) }, `{"rid":2,"error":{"message":"down","name":"BrokerError"}}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, r *rig) {
				srv := r.serve(agserver.Options{})
				srv.HandleProcedure("f", func(_ context.Context, req *agserver.Request) error { return test.answer(req) })
				c, _ := r.shake()
				c.Send(`{"event":"f","data":{"a":[1,2]},"cid":2}`)
				c.Expect(test.want)
			})
		})
	}
}

// An error that was not made for clients stays here.
func TestRequest_InternalsStayInside(t *testing.T) {
	onBothEngines(t, func(t *testing.T, r *rig) {
		srv := r.serve(agserver.Options{})
		secret := errors.New("dial tcp 10.0.0.7:5432: password is hunter2")
		srv.HandleProcedure("f", func(context.Context, *agserver.Request) error { return secret })
		warnings := srv.Events().Warning.Consume()
		c, sock := r.shake()
		c.Send(`{"event":"f","cid":2}`)
		answer := protocol.Data(c.Next())
		if name := answer.Get("error.name").String(); name != "UnknownError" {
			t.Errorf("answer = %s, want UnknownError", answer)
		}
		for _, word := range []string{"hunter2", "10.0.0.7"} {
			if strings.Contains(string(answer), word) {
				t.Errorf("answer = %s, want nothing of the error's own text", answer)
			}
		}
		if ev := next(t, warnings); !errors.Is(ev.Warning, secret) || ev.Socket != sock {
			t.Errorf("warning = %v, want the error", ev.Warning)
		}
	})
}

// What cannot be encoded leaves the call open for another answer.
func TestRequest_ReplyUnencodable(t *testing.T) {
	onBothEngines(t, func(t *testing.T, r *rig) {
		srv := r.serve(agserver.Options{})
		srv.HandleProcedure("f", func(_ context.Context, req *agserver.Request) error {
			if err := req.Reply(make(chan int)); err == nil {
				t.Error("Reply(chan) = nil, want an error")
			}
			return req.Reply("instead")
		})
		c, _ := r.shake()
		c.Send(`{"event":"f","cid":2}`)
		c.Expect(`{"rid":2,"data":"instead"}`)
	})
}

// A detached request may be answered after its handler, or never.
func TestRequest_Detach(t *testing.T) {
	onBothEngines(t, func(t *testing.T, r *rig) {
		srv := r.serve(agserver.Options{})
		detached := make(chan *agserver.Request, 2)
		srv.HandleProcedure("f", func(_ context.Context, req *agserver.Request) error {
			req.Detach()
			detached <- req
			return nil
		})
		c, _ := r.shake()
		c.Send(`{"event":"f","cid":2}`)
		first := await(t, detached)
		c.Send(`{"event":"f","cid":3}`)
		second := await(t, detached)
		check(t, second.Fail(&protocol.Value{Data: protocol.Data("5")}))
		c.Expect(`{"rid":3,"error":5}`)
		check(t, first.Reply(true))
		c.Expect(`{"rid":2,"data":true}`)
	})
}

// Call ids are whatever number the client likes.
func TestRequest_CallIDs(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		srv := r.serve(agserver.Options{})
		srv.HandleProcedure("f", func(context.Context, *agserver.Request) error { return nil })
		c, _ := r.shake()
		for _, test := range []struct{ cid, rid string }{
			{"0", "0"}, {"-0", "0"}, {"-7", "-7"}, {"1.5", "1.5"}, {"1e3", "1000"}, {"1e400", "null"},
			{"9007199254740991", "9007199254740991"},
		} {
			c.Send(`{"event":"f","cid":` + test.cid + `}`)
			if got, want := c.Next(), `{"rid":`+test.rid+`}`; got != want {
				t.Errorf("cid %s: %s, want %s", test.cid, got, want)
			}
		}
	})
}
