package agserver_test

import (
	"iter"
	"testing"
	"testing/synctest"
	"time"

	"github.com/socketcluster-go/socketcluster/agclient"
	"github.com/socketcluster-go/socketcluster/agserver"
	"github.com/socketcluster-go/socketcluster/middleware"
)

func TestReference_SocketBackpressure(t *testing.T) {
	describe(t, "Socket backpressure", func(t *testing.T) {
		itInTime(t, "Should be able to getInboundBackpressure() on a socket object", testInboundBackpressure((*agserver.Socket).InboundBackpressure))
		itInTime(t, "Should be able to getOutboundBackpressure() on a socket object", testOutboundBackpressure)
		itInTime(t, "Should be able to getBackpressure() on a socket object and it should be the highest backpressure", testInboundBackpressure((*agserver.Socket).Backpressure))
	})
}

// delayFive is middleware that takes 100 ms for the publication of a 5.
func delayFive(actions iter.Seq[*middleware.Action]) {
	for a := range actions {
		if a.Data.String() == "5" {
			time.Sleep(100 * time.Millisecond)
		}
		a.Allow()
	}
}

func testInboundBackpressure(measure func(*agserver.Socket) int) func(t *testing.T, r *rig) {
	return func(t *testing.T, r *rig) {
		srv := r.serve(agserver.Options{})
		var history []int
		check(t, srv.SetMiddleware(middleware.InboundRaw, middleware.Stream(func(actions iter.Seq[*middleware.Action]) {
			for a := range actions {
				history = append(history, measure(a.Socket.(*agserver.Socket)))
				a.Allow()
			}
		})))
		check(t, srv.SetMiddleware(middleware.Inbound, middleware.Stream(delayFive)))
		c, _ := r.connect(agclient.Options{})
		for i := range 20 {
			time.Sleep(10 * time.Millisecond)
			check(t, c.TransmitPublish("foo", i))
		}
		time.Sleep(400 * time.Millisecond)
		synctest.Wait()
		if len(history) != 21 || history[0] != 1 || history[12] <= 4 || history[14] <= 6 || history[19] != 1 {
			t.Errorf("backpressure = %v, want it measured 21 times, 1 at first, up at 12 and 14, 1 at 19", history)
		}
	}
}

// The reference counts a publication from the call that publishes on, so that it
// starts and ends with 1; here a socket counts it once the engine has handed it
// over, and has sent the first ones by the time of looking.
func testOutboundBackpressure(t *testing.T, r *rig) {
	srv := r.serve(agserver.Options{})
	check(t, srv.SetMiddleware(middleware.Outbound, middleware.Stream(delayFive)))
	c, sock := r.connect(agclient.Options{})
	subscribed := sock.Events().Subscribe.Consume()
	c.Subscribe("foo")
	next(t, subscribed)
	var history []int
	for i := range 20 {
		time.Sleep(10 * time.Millisecond)
		check(t, srv.Exchange().TransmitPublish("foo", i))
		synctest.Wait()
		history = append(history, sock.OutboundBackpressure())
	}
	time.Sleep(400 * time.Millisecond)
	if history[0] > 1 || history[13] <= 7 || history[14] <= 8 || history[19] > 1 {
		t.Errorf("backpressure = %v, want none at first, more than 7 at 13, more than 8 at 14, none at 19", history)
	}
}
