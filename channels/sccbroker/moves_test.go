package sccbroker_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/socketcluster-go/socketcluster/channels"
	"github.com/socketcluster-go/socketcluster/channels/sccbroker"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// A broker that comes takes over channels: publications wait until all have had
// the time to subscribe there, and until then nobody stops to listen where they
// were.
func TestBroker_BrokerJoins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		before, after := []string{"ws://one:8888"}, []string{"ws://one:8888", "ws://two:8888"}
		stays, moves := movers(before, after)
		r := newRig(t, "one:8888")
		a, inA := r.node(sccbroker.Options{}, stays, moves)
		_, inB := r.node(sccbroker.Options{}, stays, moves)
		r.addBroker("two:8888")
		r.announce(after...)
		synctest.Wait()
		for host, want := range map[string]int{"one:8888": 2, "two:8888": 2} {
			if n := r.subscribers(host, moves); n != want {
				t.Errorf("%d subscribers of the channel that moves are at %s, want %d", n, host, want)
			}
		}
		r.client(t, "one:8888").publish(t, moves, `{"sender":"slow","messages":["late"]}`)
		synctest.Wait()
		start := time.Now()
		r.publish(a, stays, `1`)
		if d := time.Since(start); d != 0 {
			t.Errorf("a channel that stays waited %v", d)
		}
		r.publish(a, moves, `2`)
		if d := time.Since(start); d != sccbroker.DefaultSettle {
			t.Errorf("a channel that moves waited %v, want %v", d, sccbroker.DefaultSettle)
		}
		for _, in := range []*sink{inA, inB} {
			in.want(t, moves+` "late"`, stays+" 1", moves+" 2")
		}
		time.Sleep(sccbroker.DefaultOverlap)
		synctest.Wait()
		if n := r.subscribers("one:8888", moves); n != 0 {
			t.Errorf("%d subscribers are still where the channel was, want none", n)
		}
		r.publish(a, moves, `3`)
		inB.want(t, moves+" 3")
		if n := len(inA.states) + len(inB.states); n != 0 {
			t.Errorf("the state changed %d times, want none", n)
		}
	})
}

// A channel that moves with one change waits for the others to hear of it, though
// another change follows in which it stays.
func TestBroker_BrokersJoinOneAfterTheOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		two := []string{"ws://one:8888", "ws://two:8888"}
		three := []string{"ws://one:8888", "ws://two:8888", "ws://three:8888"}
		site := sccbroker.SkeletonRendezvous{}.Map(three)
		channel := 0
		for site(fmt.Sprint(channel)) != "ws://two:8888" {
			channel++
		}
		moves := fmt.Sprint(channel)
		r := newRig(t, "one:8888")
		a, _ := r.node(sccbroker.Options{}, moves)
		r.addBroker("two:8888")
		r.addBroker("three:8888")
		r.announce(two...)
		r.announce(three...)
		synctest.Wait()
		start := time.Now()
		r.publish(a, moves, `1`)
		if d := time.Since(start); d != sccbroker.DefaultSettle {
			t.Errorf("a channel that has just moved waited %v, want %v", d, sccbroker.DefaultSettle)
		}
		start = time.Now()
		r.publish(a, moves, `2`)
		if d := time.Since(start); d != 0 {
			t.Errorf("a channel that had moved waited %v, want no longer", d)
		}
	})
}

// A node that is behind with what it has got delivers what came from a channel's old
// broker before what comes from its new one.
func TestBroker_OrderAcrossAMove(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		before, after := []string{"ws://one:8888"}, []string{"ws://one:8888", "ws://two:8888"}
		_, moves := movers(before, after)
		r := newRig(t, "one:8888")
		a, _ := r.node(sccbroker.Options{}, moves)
		_, inB := r.node(sccbroker.Options{}, moves)
		r.addBroker("two:8888")
		var want []string
		publish := func() {
			for range 100 {
				number := fmt.Sprint(len(want))
				r.publish(a, moves, number)
				want = append(want, moves+" "+number)
			}
		}
		unblock := inB.block()
		publish()
		r.announce(after...)
		publish()
		synctest.Wait()
		unblock()
		inB.want(t, want...)
	})
}

// A publication that a broker has not answered does not come after newer ones by the
// broker that took its channel over, should the first one be reached again.
func TestBroker_UnansweredBeforeAMove(t *testing.T) {
	for name, movesFirst := range map[string]bool{"Before": false, "Meanwhile": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				both, one := []string{"ws://one:8888", "ws://two:8888"}, []string{"ws://one:8888"}
				_, moves := movers(both, one)
				r := newRig(t, "one:8888", "two:8888")
				a, _ := r.node(sccbroker.Options{Timeout: time.Second})
				_, inB := r.node(sccbroker.Options{}, moves)
				release := r.hold("two:8888", 0)
				published := make(chan error)
				go func() { published <- a.Publish(t.Context(), moves, protocol.Data(`1`)) }()
				if movesFirst {
					synctest.Wait()
					r.announce(one...)
				}
				if err := <-published; !errors.Is(err, channels.ErrUnconfirmed) {
					t.Errorf("Publish() = %v, want %v", err, channels.ErrUnconfirmed)
				}
				if !movesFirst {
					r.announce(one...)
				}
				r.publish(a, moves, `2`)
				synctest.Wait() // the connection is cut by another goroutine
				release()
				inB.want(t, moves+" 2")
				synctest.Wait()
				inB.want(t)
			})
		})
	}
}

// A broker that dies cuts off its channels, by name, until the scc-state names
// the others only.
func TestBroker_BrokerDies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		both, one := []string{"ws://one:8888", "ws://two:8888"}, []string{"ws://one:8888"}
		stays, moves := movers(both, one)
		r := newRig(t, "one:8888", "two:8888")
		a, inA := r.node(sccbroker.Options{}, stays, moves)
		_, inB := r.node(sccbroker.Options{}, stays, moves)
		r.cut("two:8888")
		if err := <-inA.states; !errors.Is(err, channels.ErrDisconnected) || !strings.Contains(err.Error(), "two:8888") {
			t.Errorf("BrokerStateChange(%v), want %v and the broker's name", err, channels.ErrDisconnected)
		}
		<-inB.states
		r.publish(a, stays, `1`)
		if err := a.Publish(t.Context(), moves, protocol.Data(`0`)); !errors.Is(err, channels.ErrDisconnected) {
			t.Errorf("Publish() to the channel of the lost broker = %v, want %v", err, channels.ErrDisconnected)
		}
		r.announce(one...)
		if err := <-inA.states; err != nil {
			t.Errorf("BrokerStateChange(%v), want nil", err)
		}
		<-inB.states
		r.publish(a, moves, `2`)
		for _, in := range []*sink{inA, inB} {
			in.want(t, stays+" 1", moves+" 2")
		}
		time.Sleep(sccbroker.DefaultOverlap)
		r.mu.Lock()
		r.dials = nil
		r.mu.Unlock()
		time.Sleep(time.Minute)
		if len(r.dials) != 0 {
			t.Errorf("dialled %v, want nothing: the broker was left", r.dials)
		}
	})
}

// A broker that was lost and taken off the list, and is named again, is connected to at
// once: its channels wait for that, and nobody misses what the first one publishes there.
func TestBroker_BrokerComesBack(t *testing.T) {
	for _, after := range []time.Duration{time.Second, 3 * time.Second, time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			both, one := []string{"ws://one:8888", "ws://two:8888"}, []string{"ws://one:8888"}
			_, moves := movers(both, one)
			r := newRig(t, "one:8888", "two:8888")
			a, inA := r.node(sccbroker.Options{}, moves)
			_, inB := r.node(sccbroker.Options{}, moves)
			r.cut("two:8888")
			<-inA.states
			<-inB.states
			r.announce(one...)
			r.publish(a, moves, `1`)
			time.Sleep(after)
			r.heal("two:8888")
			r.announce(both...)
			r.publish(a, moves, `2`)
			for _, in := range []*sink{inA, inB} {
				in.want(t, moves+" 1", moves+" 2")
			}
		})
	}
}

// A broker that is named and cannot be reached is a connection that is lost.
func TestBroker_UnreachableBroker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, "one:8888")
		_, s := r.node(sccbroker.Options{})
		r.announce("ws://one:8888", "ws://nowhere:1")
		if err := <-s.states; !errors.Is(err, channels.ErrDisconnected) || !strings.Contains(err.Error(), "nowhere:1") {
			t.Errorf("BrokerStateChange(%v), want %v and the broker's name", err, channels.ErrDisconnected)
		}
		r.announce("ws://one:8888")
		if err := <-s.states; err != nil {
			t.Errorf("BrokerStateChange(%v), want nil", err)
		}
	})
}

// A channel that comes back before it was given up where it was.
func TestBroker_BackAndForth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		before, after := []string{"ws://one:8888"}, []string{"ws://one:8888", "ws://two:8888"}
		_, moves := movers(before, after)
		r := newRig(t, "one:8888")
		r.addBroker("two:8888")
		a, inA := r.node(sccbroker.Options{}, moves)
		for range 5 {
			r.announce(after...)
			r.announce(before...)
		}
		time.Sleep(time.Minute)
		for host, want := range map[string]int{"one:8888": 1, "two:8888": 0} {
			if n := r.subscribers(host, moves); n != want {
				t.Errorf("%d subscribers are at %s, want %d", n, host, want)
			}
		}
		r.publish(a, moves, `1`)
		inA.want(t, moves+" 1")
	})
}

// A broker that is no longer named is left, but not before it has answered what was
// published there.
func TestBroker_LeftBehindItsAnswers(t *testing.T) {
	for name, answers := range map[string]bool{"Answers": true, "Silent": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				both, one := []string{"ws://one:8888", "ws://two:8888"}, []string{"ws://one:8888"}
				_, moves := movers(both, one)
				r := newRig(t, "one:8888", "two:8888")
				a, _ := r.node(sccbroker.Options{Timeout: 15 * time.Second, Overlap: time.Second})
				release := r.hold("two:8888")
				published := make(chan error)
				go func() { published <- a.Publish(t.Context(), moves, protocol.Data(`1`)) }()
				synctest.Wait()
				r.announce(one...)
				time.Sleep(10 * time.Second)
				if answers {
					release()
				}
				if err := <-published; answers && err != nil || !answers && !errors.Is(err, channels.ErrUnconfirmed) {
					t.Errorf("Publish() = %v, want what the broker says of it", err)
				}
				time.Sleep(time.Minute)
				clients := 0
				for range r.broker("two:8888").Clients() {
					clients++
				}
				r.mu.Lock()
				r.dials = nil
				r.mu.Unlock()
				time.Sleep(time.Minute)
				if clients != 0 || len(r.dials) != 0 {
					t.Errorf("%d connections, %v dialled: want none, the broker was left", clients, r.dials)
				}
				if !answers {
					release()
				}
			})
		})
	}
}

// A connection on which a publication was not answered, and later ones were, is not cut
// when channels move.
func TestBroker_AnsweredAgainBeforeAMove(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		both, one := []string{"ws://one:8888", "ws://two:8888"}, []string{"ws://one:8888"}
		stays, _ := movers(both, one)
		r := newRig(t, "one:8888", "two:8888")
		b, s := r.node(sccbroker.Options{Timeout: time.Second}, stays)
		release := r.hold("one:8888")
		if err := b.Publish(t.Context(), stays, protocol.Data(`1`)); !errors.Is(err, channels.ErrUnconfirmed) {
			t.Errorf("Publish() = %v, want %v", err, channels.ErrUnconfirmed)
		}
		release()
		r.publish(b, stays, `2`)
		r.announce(one...)
		time.Sleep(time.Minute)
		if n := len(s.states); n != 0 {
			t.Errorf("the state changed %d times, first to %v: want none", n, <-s.states)
		}
		s.want(t, stays+" 2")
	})
}
