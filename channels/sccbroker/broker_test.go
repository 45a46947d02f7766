package sccbroker_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/socketcluster-go/socketcluster/agserver"
	"github.com/socketcluster-go/socketcluster/agserver/agservertest"
	"github.com/socketcluster-go/socketcluster/channels"
	"github.com/socketcluster-go/socketcluster/channels/brokertest"
	"github.com/socketcluster-go/socketcluster/channels/brokertest/certs"
	"github.com/socketcluster-go/socketcluster/channels/sccbroker"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// TestBroker runs the suite in a cluster in memory; conformance/scc has it run
// with the brokers of the Node world.
func TestBroker(t *testing.T) {
	brokertest.Run(t, brokertest.Suite{
		New: func(t *testing.T) func() channels.Broker {
			r := newRig(t, "one:8888", "two:8888", "three:8888")
			return func() channels.Broker { return r.open(sccbroker.Options{PoolSize: 2}) }
		},
		Nodes: 3,
	})
}

func TestBroker_Join(t *testing.T) {
	t.Run("SaysWhoItIs", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, "one:8888")
			r.node(sccbroker.Options{
				AuthKey: "a&b", InstanceID: "me", InstancePort: 8000, InstanceIP: "10.0.0.1", InstanceIPFamily: "IPv4",
			})
			if want := `authKey=a%26b&instancePort=8000&instanceType=scc-worker&version=10.0.0`; r.queries[0] != want {
				t.Errorf("the query is %s, want %s", r.queries[0], want)
			}
			if want := `{"instanceId":"me","instanceIp":"10.0.0.1","instanceIpFamily":"IPv4"}`; string(r.joined[0]) != want {
				t.Errorf("joined with %s, want %s", r.joined[0], want)
			}
		})
	})
	t.Run("TriesAgain", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, "one:8888")
			r.refuse = errors.New("not yet")
			b, s := r.open(sccbroker.Options{}), newSink()
			defer b.Close()
			if err := b.Attach(s); err != nil {
				t.Fatalf("Attach() = %v, want nil", err)
			}
			time.Sleep(30 * sccbroker.DefaultRetryDelay)
			if n := len(s.errors); n < 2 || n > 7 {
				t.Errorf("%d errors of 30 attempts were reported, want some, and ever fewer", n)
			}
			if err := b.Publish(t.Context(), "a", nil); !errors.Is(err, channels.ErrDisconnected) {
				t.Errorf("Publish() = %v, want %v", err, channels.ErrDisconnected)
			}
			r.mu.Lock()
			r.refuse = nil
			r.mu.Unlock()
			<-s.ready
			r.publish(b, "a", `1`)
		})
	})
	t.Run("NoStateServer", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, "one:8888")
			r.cut(stateHost)
			b, s := r.open(sccbroker.Options{}), newSink()
			defer b.Close()
			if err := b.Attach(s); err != nil {
				t.Fatalf("Attach() = %v, want nil", err)
			}
			if err := <-s.errors; !strings.Contains(err.Error(), "no route") {
				t.Errorf("BrokerError(%v), want why", err)
			}
			r.heal(stateHost)
			<-s.ready
			if n := len(s.errors); n != 0 {
				t.Errorf("%d more errors were reported, want none", n)
			}
		})
	})
}

// The brokers stay in use while the scc-state is away, and when it is back
// without knowing of any.
func TestBroker_StateServerLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, "one:8888")
		r.time = 1000
		b, s := r.node(sccbroker.Options{}, "a")
		r.cut(stateHost)
		<-s.errors
		r.publish(b, "a", `1`)
		r.mu.Lock()
		r.uris, r.time = nil, 0 // its clock is another
		r.mu.Unlock()
		r.heal(stateHost)
		time.Sleep(time.Minute)
		r.publish(b, "a", `2`)
		r.addBroker("two:8888")
		r.announce("ws://two:8888")
		synctest.Wait()
		r.publish(b, "a", `3`)
		s.want(t, "a 1", "a 2", "a 3")
		if n := r.subscribers("two:8888", "a"); n != 1 {
			t.Errorf("%d subscribers are at the new broker, want 1", n)
		}
		if n := len(s.states); n != 0 {
			t.Errorf("the state changed %d times, want none", n)
		}
	})
}

// An scc-state that was started anew names the brokers that have come back to it so far.
// One that has not, and serves, is not given up for that.
func TestBroker_StateServerStartedAnew(t *testing.T) {
	both, one := []string{"ws://one:8888", "ws://two:8888"}, []string{"ws://one:8888"}
	_, moves := movers(both, one)
	for name, tt := range map[string]struct {
		then func(r *rig)
		wait time.Duration // and then
		want []string
	}{
		"ItComesBack":    {func(r *rig) { r.announce(both...) }, time.Minute, both},
		"ItNeverDoes":    {func(r *rig) {}, 25 * time.Second, one},
		"ItIsLost":       {func(r *rig) { r.cut("two:8888") }, time.Second, one},
		"ItLeaves":       {func(r *rig) { r.announce(both...); r.announce(one...) }, time.Second, one},
		"NoBrokerIsBack": {func(r *rig) { r.announce() }, time.Minute, both},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, "one:8888", "two:8888")
				a, _ := r.node(sccbroker.Options{}, moves)
				b, inB := r.node(sccbroker.Options{}, moves)
				r.cut(stateHost)
				<-inB.errors
				r.mu.Lock()
				r.uris, r.time = one, 0
				r.mu.Unlock()
				r.heal(stateHost)
				time.Sleep(10 * time.Second)
				r.publish(a, moves, `1`)
				inB.want(t, moves+" 1")
				if n := r.subscribers("two:8888", moves); n != 2 {
					t.Errorf("%d subscribers are at the broker that has yet to come back, want 2", n)
				}
				tt.then(r)
				time.Sleep(tt.wait)
				if got := b.Brokers(); !slices.Equal(got, tt.want) {
					t.Errorf("Brokers() = %v, want %v", got, tt.want)
				}
			})
		})
	}
}

// What the scc-state repeats because it was not answered in time may be old.
func TestBroker_OldAnnouncement(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, "one:8888")
		r.node(sccbroker.Options{}, "a")
		r.call("sccBrokerLeaveCluster", map[string]any{"sccBrokerURIs": []string{"ws://gone:1"}, "time": 0})
		r.call("sccBrokerLeaveCluster", nil)
		r.call("sccWorkerLeaveCluster", map[string]any{"sccWorkerURIs": []string{}, "time": 99})
		time.Sleep(time.Minute)
		if n := r.subscribers("one:8888", "a"); n != 1 {
			t.Errorf("%d subscribers, want 1", n)
		}
		for _, host := range r.dials {
			if host == "gone:1" {
				t.Error("the broker of an old announcement was dialled")
			}
		}
	})
}

// A publication that got stuck in a network which failed without a word does not come
// after newer ones, should the network work again when the connection is given up.
func TestBroker_HalfOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, "one:8888")
		a, inA := r.node(sccbroker.Options{Timeout: time.Hour}, "a")
		_, inB := r.node(sccbroker.Options{}, "a")
		r.publish(a, "a", `1`)
		synctest.Wait()
		release := r.hold("one:8888")
		start := time.Now()
		if err := a.Publish(t.Context(), "a", protocol.Data(`2`)); !errors.Is(err, channels.ErrUnconfirmed) {
			t.Errorf("Publish() = %v, want %v", err, channels.ErrUnconfirmed)
		}
		if d, most := time.Since(start), r.broker("one:8888").Options().PingTimeout; d > most {
			t.Errorf("the node found out after %v, want no more than %v", d, most)
		}
		for range 2 {
			<-inA.states
			<-inB.states
		}
		r.publish(a, "a", `3`)
		release()
		inA.want(t, "a 1", "a 3")
		inB.want(t, "a 1", "a 3")
		synctest.Wait()
		inB.want(t)
	})
}

func TestBroker_ClosedByTheBroker(t *testing.T) {
	for _, code := range []protocol.CloseCode{protocol.CloseNormal, 4500} {
		synctest.Test(t, func(t *testing.T) { // after these a client stays away
			r := newRig(t, "one:8888")
			b, s := r.node(sccbroker.Options{}, "a")
			for sock := range r.broker("one:8888").Clients() {
				if err := sock.Disconnect(code, "go"); err != nil {
					t.Fatal(err)
				}
			}
			<-s.states
			<-s.states
			r.publish(b, "a", `1`)
			s.want(t, "a 1")
		})
	}
}

func TestBroker_SubscribeRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, "one:8888")
		b, s := r.node(sccbroker.Options{}, "a")
		r.mu.Lock()
		r.forbid = "b"
		r.mu.Unlock()
		if err := b.Subscribe(t.Context(), "b"); err == nil || !strings.Contains(err.Error(), "forbidden") {
			t.Errorf("Subscribe() = %v, want the broker's answer", err)
		}
		// What had been granted is asked for until it is granted again.
		for sock := range r.broker("one:8888").Clients() {
			if err := sock.KickOut("a", "out"); err != nil {
				t.Fatal(err)
			}
		}
		if err := <-s.errors; !strings.Contains(err.Error(), "kicked out: out") {
			t.Errorf("BrokerError(%v), want the kick", err)
		}
		time.Sleep(sccbroker.DefaultRetryDelay)
		synctest.Wait()
		if n := r.subscribers("one:8888", "a"); n != 1 {
			t.Errorf("%d subscribers after a kick, want 1", n)
		}
		// Nor for longer than it is wanted.
		for sock := range r.broker("one:8888").Clients() {
			if err := sock.KickOut("a", "out"); err != nil {
				t.Fatal(err)
			}
		}
		<-s.errors
		if err := b.Unsubscribe(t.Context(), "a"); err != nil {
			t.Errorf("Unsubscribe() = %v, want nil", err)
		}
		time.Sleep(2 * sccbroker.DefaultRetryDelay)
		synctest.Wait()
		if n := r.subscribers("one:8888", "a"); n != 0 {
			t.Errorf("%d subscribers of a channel that nobody wants", n)
		}
	})
}

// A broker that refuses a channel which moves to it is asked again.
func TestBroker_MoveRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		after := []string{"ws://one:8888", "ws://two:8888"}
		_, moves := movers(after[:1], after)
		r := newRig(t, "one:8888")
		_, s := r.node(sccbroker.Options{}, moves)
		r.addBroker("two:8888")
		r.mu.Lock()
		r.forbid = moves
		r.mu.Unlock()
		r.announce(after...)
		if err := <-s.errors; !strings.Contains(err.Error(), "forbidden") {
			t.Errorf("BrokerError(%v), want the broker's answer", err)
		}
		time.Sleep(time.Minute)
		if n := r.subscribers("one:8888", moves); n != 1 {
			t.Errorf("%d subscribers are where the channel was, want 1 as long as it cannot move", n)
		}
		r.mu.Lock()
		r.forbid = ""
		r.mu.Unlock()
		time.Sleep(time.Minute)
		for host, want := range map[string]int{"one:8888": 0, "two:8888": 1} {
			if n := r.subscribers(host, moves); n != want {
				t.Errorf("%d subscribers are at %s, want %d", n, host, want)
			}
		}
	})
}

func TestBroker_Overload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, "one:8888")
		const limit, n = 100, 1000
		_, s := r.node(sccbroker.Options{MaxPending: limit}, "a")
		unblock := s.block()
		other := r.client(t, "one:8888")
		for i := range n {
			other.publish(t, "a", fmt.Sprintf(`{"messages":[%d]}`, i))
		}
		synctest.Wait()
		unblock()
		if err := <-s.errors; !errors.Is(err, channels.ErrOverload) {
			t.Errorf("BrokerError(%v), want %v", err, channels.ErrOverload)
		}
		synctest.Wait()
		if got := len(s.messages); got < limit/2 || got > limit {
			t.Errorf("%d of %d messages were delivered, want between %d and %d", got, n, limit/2, limit)
		}
		if len(s.errors) != 0 {
			t.Errorf("the overload was reported again: %v", <-s.errors)
		}
	})
}

// Brokers and the scc-state may be reached by TLS.
func TestBroker_TLS(t *testing.T) {
	ca := certs.New(t)
	serve := func(o *agserver.Options) (srv *agserver.Server, address string) {
		srv = agservertest.NewServer(t, o)
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		served := make(chan error, 1)
		go func() {
			served <- srv.ServeTLS(l, &tls.Config{Certificates: []tls.Certificate{ca.Issue("127.0.0.1").TLS}})
		}()
		t.Cleanup(func() {
			if err := srv.Close(context.Background()); err != nil {
				t.Error(err)
			}
			<-served
		})
		return srv, l.Addr().String()
	}
	_, broker := serve(nil)
	state, address := serve(nil)
	state.HandleProcedure("sccWorkerJoinCluster", func(_ context.Context, req *agserver.Request) error {
		return req.Reply(map[string]any{"sccBrokerURIs": []string{"wss://" + broker}, "time": 1})
	})
	b, err := sccbroker.New(&sccbroker.Options{StateServer: "wss://" + address, TLS: &tls.Config{RootCAs: ca.Pool()}})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	s := newSink()
	if err := b.Attach(s); err != nil {
		t.Fatal(err)
	}
	<-s.ready
	if err := b.Subscribe(t.Context(), "a"); err != nil {
		t.Errorf("Subscribe() = %v, want nil", err)
	}
	if err := b.Publish(t.Context(), "a", protocol.Data(`1`)); err != nil {
		t.Errorf("Publish() = %v, want nil", err)
	}
	s.want(t, "a 1")
}
