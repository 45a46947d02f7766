package brokertest

import (
	"testing"
	"time"

	"github.com/socketcluster-go/socketcluster/channels"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// Tap is a sink for a broker's own tests: it hands on what the broker tells it. The
// broker waits when nobody has received for long.
type Tap struct {
	Ready    chan struct{}
	Messages chan string // the data
	Errors   chan error
	States   chan error

	// Blocked, if not nil, has Deliver wait until it is closed.
	Blocked chan struct{}
}

var _ channels.Sink = (*Tap)(nil)

// NewTap returns a tap with room for 1,000 of each.
func NewTap() *Tap {
	const room = 1000
	return &Tap{
		Ready: make(chan struct{}, room), Messages: make(chan string, room),
		Errors: make(chan error, room), States: make(chan error, room),
	}
}

// Deliver implements channels.Sink.
func (t *Tap) Deliver(_ string, data protocol.Data) {
	if t.Blocked != nil {
		<-t.Blocked
	}
	t.Messages <- string(data)
}

// BrokerReady implements channels.Sink.
func (t *Tap) BrokerReady() { t.Ready <- struct{}{} }

// BrokerError implements channels.Sink.
func (t *Tap) BrokerError(err error) { t.Errors <- err }

// BrokerStateChange implements channels.Sink.
func (t *Tap) BrokerStateChange(lost error) { t.States <- lost }

// Await receives what a broker tells its node. It gives up after half a minute.
func Await[T any](t testing.TB, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(30 * time.Second):
		t.Fatal("nothing came")
		panic("unreachable")
	}
}
