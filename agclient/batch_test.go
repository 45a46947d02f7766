package agclient_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/socketcluster-go/socketcluster/agclient"
)

func TestClient_Batch(t *testing.T) {
	t.Run("Once", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			c, p := f.connected(agclient.Options{})
			c.StartBatch()
			c.Transmit("a", 1)
			done := future(func() error { return c.Invoke(t.Context(), "b", nil, nil) })
			synctest.Wait()
			c.StartBatch() // drops nothing
			c.Transmit("c", nil)
			p.write("")
			p.expect("") // pongs do not wait
			synctest.Wait()
			p.nothing()
			c.FlushBatch()
			p.expect(`[{"event":"a","data":1},{"event":"b","cid":2},{"event":"c"}]`)
			p.write(`[{"rid":2}]`)
			if err := <-done; err != nil {
				t.Errorf("Invoke() = %v", err)
			}
			c.Transmit("d", nil)
			p.expect(`{"event":"d"}`)
			c.FlushBatch() // nothing there
			c.StartBatch()
			c.Transmit("lost", nil)
			c.CancelBatch()
			c.Transmit("e", nil)
			p.expect(`{"event":"e"}`)
		})
	})

	t.Run("ByInterval", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			c := f.client(agclient.Options{BatchInterval: time.Second})
			c.StartBatching() // for when it is open
			if !c.IsBatching() {
				t.Error("IsBatching() = false")
			}
			c.Connect()
			p := f.accept()
			p.handshake(`{"id":"x","pingTimeout":20000}`) // not batched
			synctest.Wait()
			for range 2 {
				start := time.Now()
				c.Transmit("a", nil)
				c.Transmit("b", nil)
				p.expect(`[{"event":"a"},{"event":"b"}]`)
				if got := time.Since(start); got != time.Second {
					t.Errorf("batch after %v, want 1s", got)
				}
			}
			c.Transmit("c", nil)
			c.StopBatching()
			p.expect(`[{"event":"c"}]`)
			c.Transmit("d", nil)
			p.expect(`{"event":"d"}`)
			c.StartBatching()
			c.Transmit("lost", nil)
			c.CancelBatching()
			c.Transmit("e", nil)
			p.expect(`{"event":"e"}`)
		})
	})

	t.Run("OnHandshake", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			c := f.client(agclient.Options{BatchOnHandshake: true})
			c.Subscribe("x")
			c.Subscribe("y")
			c.Transmit("z", nil)
			p := f.accept()
			p.handshake(`{"id":"x","pingTimeout":20000}`)
			start := time.Now()
			p.expect(`[{"event":"#subscribe","data":{"channel":"x"},"cid":2},
				{"event":"#subscribe","data":{"channel":"y"},"cid":3},{"event":"z"}]`)
			if got := time.Since(start); got != 50*time.Millisecond {
				t.Errorf("batch after %v, want 50ms", got)
			}
			time.Sleep(time.Second)
			c.Transmit("a", nil)
			synctest.Wait()
			p.expect(`{"event":"a"}`)
		})
	})

	t.Run("DroppedWithTheConnection", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			c, p := f.connected(agclient.Options{})
			c.StartBatch()
			c.Transmit("lost", nil)
			c.Reconnect(0, "")
			p.expectClose(1000, "")
			p = f.accept()
			p.handshake(`{"id":"x","pingTimeout":20000}`)
			c.Transmit("a", nil)
			p.expect(`{"event":"a"}`)
		})
	})
}
