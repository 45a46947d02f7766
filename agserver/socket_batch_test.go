package agserver_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/socketcluster-go/socketcluster/agserver"
	"github.com/socketcluster-go/socketcluster/agserver/agservertest"
)

func TestSocket_Batch(t *testing.T) {
	onBothEngines(t, func(t *testing.T, r *rig) {
		srv := r.serve(agserver.Options{})
		c, sock := r.shake()
		c.Send(`{"event":"#subscribe","data":{"channel":"a"},"cid":2}`)
		c.Expect(`{"rid":2}`)
		fill := func(n int) {
			check(t, sock.Transmit("note", n))
			check(t, srv.Exchange().InvokePublish(t.Context(), "a", n))
			check(t, sock.Transmit("note", -n))
		}
		t.Run("Flush", func(t *testing.T) {
			sock.StartBatch()
			fill(1)
			eventually(t, "the publication is collected", func() bool { return sock.OutboundBackpressure() == 3 })
			sock.FlushBatch()
			// A publication comes by way of the engine: its place among the
			// transmits of other goroutines is its own.
			if got := c.Next(); batchLen([]byte(got)) != 3 {
				t.Errorf("received %s, want a batch of 3", got)
			}
		})
		t.Run("AfterFlush", func(t *testing.T) {
			check(t, sock.Transmit("note", 2))
			c.Expect(`{"event":"note","data":2}`)
		})
		t.Run("Empty", func(t *testing.T) {
			sock.StartBatch()
			sock.FlushBatch()
			sock.FlushBatch()
			check(t, sock.Transmit("note", 3))
			c.Expect(`{"event":"note","data":3}`)
		})
		t.Run("Cancel", func(t *testing.T) {
			sock.StartBatch()
			check(t, sock.Transmit("lost", nil))
			sock.CancelBatch()
			check(t, sock.Transmit("note", 4))
			c.Expect(`{"event":"note","data":4}`)
		})
		t.Run("StartAgainDrops", func(t *testing.T) {
			sock.StartBatch()
			check(t, sock.Transmit("lost", nil))
			sock.StartBatch()
			check(t, sock.Transmit("note", 5))
			sock.FlushBatch()
			c.Expect(`[{"event":"note","data":5}]`)
		})
	})
}

// The answer to the call that starts a batch is part of it.
func TestSocket_BatchHoldsAnswers(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		srv := r.serve(agserver.Options{})
		srv.HandleProcedure("start", func(_ context.Context, req *agserver.Request) error {
			req.Socket.StartBatch()
			return req.Reply("started")
		})
		c, sock := r.shake()
		c.Send(`{"event":"start","cid":2}`)
		synctest.Wait()
		check(t, sock.Transmit("note", 1))
		sock.FlushBatch()
		c.Expect(`[{"rid":2,"data":"started"},{"event":"note","data":1}]`)
	})
}

func TestSocket_Batching(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		r.serve(agserver.Options{BatchInterval: 100 * time.Millisecond, PingTimeoutDisabled: true})
		c, sock := r.shake()
		sock.StartBatching()
		sock.StartBatching() // changes nothing
		began := time.Now()
		for round := range 3 {
			check(t, sock.Transmit("note", round))
			check(t, sock.Transmit("note", -round))
			c.Expect(fmt.Sprintf(`[{"event":"note","data":%d},{"event":"note","data":%d}]`, round, -round))
			if d := time.Since(began); d != time.Duration(round+1)*100*time.Millisecond {
				t.Errorf("batch %d came after %v, want an interval each", round, d)
			}
		}
		check(t, sock.Transmit("note", "last"))
		sock.StopBatching()
		c.Expect(`[{"event":"note","data":"last"}]`)
		check(t, sock.Transmit("note", "alone"))
		c.Expect(`{"event":"note","data":"alone"}`)

		sock.StartBatching()
		check(t, sock.Transmit("lost", nil))
		sock.CancelBatching()
		check(t, sock.Transmit("note", "found"))
		c.Expect(`{"event":"note","data":"found"}`)
	})
}

// Pings are not collected, and what is collected at the end is lost.
func TestSocket_BatchingPingsAndEnd(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		r.serve(agserver.Options{BatchInterval: time.Hour, PingInterval: time.Second, PingTimeout: time.Minute})
		c, sock := r.shake()
		sock.StartBatching()
		check(t, sock.Transmit("lost", nil))
		for range 2 {
			if f := c.ReadFrame(); f.Op != agservertest.OpText || len(f.Payload) != 0 {
				t.Fatalf("received %q, want a ping", f.Payload)
			}
		}
		check(t, sock.Disconnect(0, ""))
		c.ExpectClose(1000)
	})
}

func TestBatchOnHandshake(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		r.serve(agserver.Options{BatchOnHandshake: true}) // for 400 ms, every 50 ms
		c, sock := r.shake()
		for i := range 3 {
			check(t, sock.Transmit("note", i))
		}
		c.Expect(`[{"event":"note","data":0},{"event":"note","data":1},{"event":"note","data":2}]`)
		time.Sleep(500 * time.Millisecond)
		check(t, sock.Transmit("note", 3))
		c.Expect(`{"event":"note","data":3}`)
	})
}

// StartBatching during the time after the handshake goes on behind it.
func TestBatchOnHandshake_Wanted(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		r.serve(agserver.Options{BatchOnHandshake: true})
		c, sock := r.shake()
		sock.StartBatching()
		time.Sleep(time.Second)
		check(t, sock.Transmit("note", 1))
		c.Expect(`[{"event":"note","data":1}]`)
		sock.StopBatching()
	})
}
