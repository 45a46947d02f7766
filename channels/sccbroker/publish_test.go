package sccbroker_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/socketcluster-go/socketcluster/agclient"
	"github.com/socketcluster-go/socketcluster/agserver/agservertest"
	"github.com/socketcluster-go/socketcluster/channels"
	"github.com/socketcluster-go/socketcluster/channels/sccbroker"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// stranger is a client of a broker that is no worker of ours.
type stranger struct{ *agclient.Client }

func (r *rig) client(t *testing.T, host string) stranger {
	t.Helper()
	return stranger{agservertest.Connect(t, r.broker(host), nil)}
}

func (c stranger) publish(t *testing.T, channel, data string) {
	t.Helper()
	if err := c.InvokePublish(t.Context(), channel, protocol.Data(data)); err != nil {
		t.Fatalf("InvokePublish() = %v, want nil", err)
	}
}

func TestBroker_Packets(t *testing.T) {
	t.Run("OneByOne", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, "one:8888")
			b, _ := r.node(sccbroker.Options{InstanceID: "me"})
			for _, data := range []string{`1`, `"two"`, `{"three":[3]}`} {
				r.publish(b, "a", data)
			}
			want := `[{"sender":"me","messages":[1]} {"sender":"me","messages":["two"]} {"sender":"me","messages":[{"three":[3]}]}]`
			if got := fmt.Sprint(r.sent("a")); got != want {
				t.Errorf("sent %s, want %s", got, want)
			}
		})
	})
	t.Run("Batched", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, "one:8888")
			b, s := r.node(sccbroker.Options{InstanceID: "me", BatchDuration: 20 * time.Millisecond}, "a")
			start := time.Now()
			for i := range 3 {
				if err := b.Transmit("a", protocol.Data(fmt.Sprint(i))); err != nil {
					t.Fatalf("Transmit() = %v, want nil", err)
				}
			}
			r.publish(b, "a", `3`)
			if d := time.Since(start); d != 20*time.Millisecond {
				t.Errorf("the packet took %v, want 20ms", d)
			}
			if got, want := fmt.Sprint(r.sent("a")), `[{"sender":"me","messages":[0,1,2,3]}]`; got != want {
				t.Errorf("sent %s, want %s", got, want)
			}
			s.want(t, "a 0", "a 1", "a 2", "a 3")
		})
	})
	t.Run("Large", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, "one:8888")
			b, s := r.node(sccbroker.Options{BatchDuration: time.Millisecond}, "a")
			large := `"` + strings.Repeat("x", 100<<10) + `"`
			var want []string
			for range 10 {
				if err := b.Transmit("a", protocol.Data(large)); err != nil {
					t.Fatalf("Transmit() = %v, want nil", err)
				}
				want = append(want, "a "+large)
			}
			s.want(t, want...)
			if n := len(r.sent("a")); n != 5 {
				t.Errorf("they were sent as %d packets, want 5 of two", n)
			}
		})
	})
	t.Run("OfOthers", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, "one:8888")
			_, s := r.node(sccbroker.Options{InstanceID: "me"}, "a")
			other := r.client(t, "one:8888")
			other.publish(t, "a", `{"sender":"you","messages":[1,{"x":[2]},null,"3"]}`)
			other.publish(t, "a", `{"messages":[4]}`)
			other.publish(t, "a", `{"sender":null,"messages":[5]}`)
			other.publish(t, "a", `{"sender":"me","messages":[6]}`)
			other.publish(t, "a", `{"sender":"you","messages":[]}`)
			synctest.Wait()
			s.want(t, `a 1`, `a {"x":[2]}`, `a null`, `a "3"`, `a 4`, `a 5`)
			if n := len(s.errors); n != 0 {
				t.Errorf("%d errors were reported, want none", n)
			}
			for _, data := range []string{`1`, `null`, `"text"`, `[]`, `{}`, `{"messages":"text"}`} {
				other.publish(t, "a", data)
				synctest.Wait()
				if n := len(s.errors); n != 1 {
					t.Fatalf("%d errors were reported for %s, want 1", n, data)
				}
				<-s.errors
			}
			s.want(t)
		})
	})
}

func TestBroker_Pool(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, "one:8888")
		b, s := r.node(sccbroker.Options{PoolSize: 3})
		const n = 60
		for i := range n {
			if err := b.Subscribe(t.Context(), fmt.Sprint("room", i)); err != nil {
				t.Fatalf("Subscribe() = %v, want nil", err)
			}
		}
		clients := 0
		for sock := range r.broker("one:8888").Clients() {
			clients++
			if got := len(sock.Subscriptions()); got < n/6 {
				t.Errorf("a connection has %d of %d channels, want about a third", got, n)
			}
		}
		if clients != 3 {
			t.Errorf("%d connections, want 3", clients)
		}
		other := r.client(t, "one:8888")
		for i := range n {
			other.publish(t, fmt.Sprint("room", i), `{"messages":[1]}`)
			synctest.Wait()
			s.want(t, fmt.Sprintf("room%d 1", i))
		}
	})
}

func TestBroker_Wait(t *testing.T) {
	t.Run("ForTheBroker", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, "one:8888")
			b, s := r.node(sccbroker.Options{Wait: time.Minute, MaxWaiting: 4}, "a")
			for range 3 { // what has been confirmed does not wait
				r.publish(b, "a", `1234`)
				s.want(t, "a 1234")
			}
			r.cut("one:8888")
			<-s.states
			published := make(chan error)
			go func() { published <- b.Publish(t.Context(), "a", protocol.Data(`1234`)) }()
			synctest.Wait()
			if err := b.Publish(t.Context(), "a", protocol.Data(`56789`)); !errors.Is(err, channels.ErrOverload) {
				t.Errorf("Publish() of more than may wait = %v, want %v", err, channels.ErrOverload)
			}
			r.heal("one:8888")
			if err := <-published; err != nil {
				t.Errorf("Publish() = %v, want nil once there is a connection", err)
			}
			s.want(t, "a 1234")
		})
	})
	t.Run("NoLongerThanSaid", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, "one:8888")
			b, s := r.node(sccbroker.Options{Wait: time.Second})
			r.cut("one:8888")
			<-s.states
			start := time.Now()
			if err := b.Publish(t.Context(), "a", nil); !errors.Is(err, channels.ErrDisconnected) {
				t.Errorf("Publish() = %v, want %v", err, channels.ErrDisconnected)
			}
			if d := time.Since(start); d != time.Second {
				t.Errorf("Publish() waited %v, want 1s", d)
			}
		})
	})
	t.Run("TakenBack", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, "one:8888")
			b, s := r.node(sccbroker.Options{Wait: time.Hour, MaxWaiting: 4}, "a")
			r.cut("one:8888")
			<-s.states
			for range 3 { // each has the room of the one before
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				err := b.Publish(ctx, "a", protocol.Data(`1234`))
				cancel()
				if !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, channels.ErrUnconfirmed) {
					t.Errorf("Publish() = %v, want %v alone: it was not sent", err, context.DeadlineExceeded)
				}
			}
			r.heal("one:8888")
			<-s.states
			r.publish(b, "a", `5`)
			s.want(t, "a 5")
			if got := r.sent("a"); len(got) != 1 {
				t.Errorf("sent %v, want one packet", got)
			}
		})
	})
	t.Run("OnItsWay", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, "one:8888")
			b, s := r.node(sccbroker.Options{}, "a")
			release := r.hold("one:8888")
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			if err := b.Publish(ctx, "a", protocol.Data(`1`)); !errors.Is(err, channels.ErrUnconfirmed) || !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("Publish() = %v, want %v: it may have been sent", err, channels.ErrUnconfirmed)
			}
			release()
			s.want(t, "a 1")
		})
	})
	t.Run("NotForOneThatIsClosed", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, "one:8888")
			b, s := r.node(sccbroker.Options{Wait: time.Hour})
			r.cut("one:8888")
			<-s.states
			published := make(chan error)
			go func() { published <- b.Publish(t.Context(), "a", nil) }()
			synctest.Wait()
			start := time.Now()
			go b.Close()
			if err := <-published; !errors.Is(err, channels.ErrClosed) {
				t.Errorf("Publish() = %v, want %v", err, channels.ErrClosed)
			}
			if d := time.Since(start); d > time.Minute {
				t.Errorf("Publish() waited %v for a broker that was closed", d)
			}
		})
	})
	// A channel that is given up before its broker is back is not waited for.
	t.Run("NotForAChannelGivenUp", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, "one:8888")
			b, s := r.node(sccbroker.Options{Wait: time.Minute}, "a")
			r.cut("one:8888")
			<-s.states
			if err := errors.Join(b.Subscribe(t.Context(), "b"), b.Unsubscribe(t.Context(), "b")); err != nil {
				t.Errorf("Subscribe(), Unsubscribe() = %v, want nil", err)
			}
			r.heal("one:8888")
			r.publish(b, "a", `5`)
			s.want(t, "a 5")
		})
	})
	t.Run("NoLongerThanItsContext", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t)
			b := r.open(sccbroker.Options{Wait: time.Hour})
			defer b.Close()
			if err := b.Attach(newSink()); err != nil {
				t.Fatalf("Attach() = %v, want nil", err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			if err := b.Publish(ctx, "a", nil); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("Publish() = %v, want %v", err, context.DeadlineExceeded)
			}
		})
	})
}

func TestNew(t *testing.T) {
	for name, o := range map[string]sccbroker.Options{
		"NoStateServer": {},
		"BadURL":        {StateServer: "http://state"},
		"BadHost":       {StateServer: "sta te"},
		"IPFamily":      {StateServer: "state", InstanceIPFamily: "4"},
		"PoolSize":      {StateServer: "state", PoolSize: -1},
		"Wait":          {StateServer: "state", Wait: -1},
		"Timeout":       {StateServer: "state", Timeout: -1},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := sccbroker.New(&o); err == nil {
				t.Error("New() = nil, want an error")
			}
		})
	}
	for _, state := range []string{"state", "state:1", "10.0.0.1", "[::1]:7777", "ws://state", "wss://state:7777"} {
		if _, err := sccbroker.New(&sccbroker.Options{StateServer: state}); err != nil {
			t.Errorf("New() with StateServer %q = %v, want nil", state, err)
		}
	}
}
