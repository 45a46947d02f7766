package stream_test

import (
	"runtime"
	"sync"
	"testing"

	"github.com/socketcluster-go/socketcluster/channels/stream"
)

func TestDemux_IDsAreShared(t *testing.T) {
	var d stream.Demux[string]
	a, b, c := d.Stream("a").Consume(), d.Stream("b").Consume(), d.Stream("a").Consume()
	defer d.Kill()
	for i, c := range []*stream.Consumer[string]{a, b, c} {
		wantEqual(t, "ID()", c.ID(), stream.ID(i+1))
	}
}

func TestDemux_EntriesVanishWithTheirLastConsumer(t *testing.T) {
	var d stream.Demux[string]
	handle := d.Stream("name")
	a, b := handle.Consume(), handle.Consume()
	wantEqual(t, "HasConsumers(name)", d.HasConsumers("name"), true)
	wantEqual(t, "HasConsumers(other)", d.HasConsumers("other"), false)
	a.Kill()
	wantEqual(t, "Emit()", d.Emit("name", "x"), true)
	b.Close()
	wantEqual(t, "HasConsumers(name) after Close", d.HasConsumers("name"), false)
	wantEqual(t, "Consumers() before the end is read", d.Consumers(), 1)
	wantValues(t, drain(t, b, 0), []string{"x"})
	wantEqual(t, "Consumers()", d.Consumers(), 0)
	wantEqual(t, "Emit() to nobody", d.Emit("name", "y"), false)

	c := handle.Consume() // the handle outlives the entry
	defer c.Kill()
	wantEqual(t, "Emit()", d.Emit("name", "z"), true)
	v, _ := c.TryNext()
	wantEqual(t, "TryNext()", v, "z")
	wantEqual(t, "ID()", c.ID(), stream.ID(3))
}

func TestDemux_EmitToNobodyDoesNotAllocate(t *testing.T) {
	var d stream.Demux[string]
	emit := func() { d.Emit("unknown", "x") }
	if n := testing.AllocsPerRun(100, emit); n > 0 {
		t.Errorf("Emit() of an idle demux allocates %v times, want 0", n)
	}
	c := d.Stream("name").Consume()
	defer c.Kill()
	if n := testing.AllocsPerRun(100, emit); n > 0 {
		t.Errorf("Emit() allocates %v times, want 0", n)
	}
}

// Consumers come and go while others emit: nobody who is registered may miss a
// value of a writer that started afterwards.
func TestDemux_Race(t *testing.T) {
	var d stream.Demux[int]
	gone := d.Stream("name").Consume() // no reader's number
	gone.Kill()
	var stop sync.WaitGroup
	done := make(chan struct{})
	stop.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
				d.Emit("name", 1)
				runtime.Gosched()
			}
		}
	})
	stop.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
				d.Stats()
				d.Backpressure()
				d.Stream("name").CloseConsumer(gone.ID())
				runtime.Gosched()
			}
		}
	})
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for range 200 {
				c := d.Stream("name").Consume()
				if !d.Emit("name", 2) {
					t.Error("Emit() = false with a consumer present, want true")
				}
				for seen := false; !seen; {
					v, ok := c.TryNext()
					if !ok {
						t.Error("TryNext() found nothing, want the value emitted after Consume")
						break
					}
					seen = v == 2
				}
				c.Kill()
			}
		})
	}
	readers.Wait()
	close(done)
	stop.Wait()
	wantEqual(t, "Consumers()", d.Consumers(), 0)
}

func TestDemux_Unread(t *testing.T) {
	var d stream.Demux[int]
	wantEqual(t, "Unread() of nobody", d.Unread("a"), 0)
	closed := d.Stream("a").Consume()
	defer closed.Kill()
	d.Emit("a", 1)
	slow := d.Stream("a").Consume()
	defer slow.Kill()
	d.Emit("a", 2)
	wantEqual(t, "Unread()", d.Unread("a"), 2)
	closed.Close()
	wantEqual(t, "Unread() of those that are not closed", d.Unread("a"), 1)
	wantEqual(t, "BackpressureOf()", d.BackpressureOf("a"), 3) // with the end
	wantEqual(t, "Unread() of another name", d.Unread("b"), 0)
	wantEqual(t, "Skip()", d.Skip("a", 1), 0)
	d.Emit("a", 3)
	wantEqual(t, "Skip()", d.Skip("a", 1), 2)
	wantEqual(t, "Unread() afterwards", d.Unread("a"), 0)
}
