package channels_test

import (
	"testing"

	"github.com/socketcluster-go/socketcluster/channels"
	"github.com/socketcluster-go/socketcluster/channels/brokertest"
	"github.com/socketcluster-go/socketcluster/protocol"
)

func TestMemoryBroker(t *testing.T) {
	brokertest.Run(t, brokertest.Suite{
		New: func(*testing.T) func() channels.Broker {
			return func() channels.Broker { return channels.NewMemoryBroker() }
		},
	})
}

// sinkFunc is a sink that looks at messages only.
type sinkFunc func(channel string, data protocol.Data)

func (f sinkFunc) Deliver(channel string, data protocol.Data) { f(channel, data) }
func (sinkFunc) BrokerReady()                                 {}
func (sinkFunc) BrokerError(error)                            {}
func (sinkFunc) BrokerStateChange(error)                      {}

func TestMemoryBroker_DeliversBeforePublishReturns(t *testing.T) {
	var b channels.MemoryBroker
	delivered := 0
	sink := sinkFunc(func(string, protocol.Data) { delivered++ })
	if err := b.Attach(sink); err != nil {
		t.Fatalf("Attach() = %v, want nil", err)
	}
	if err := b.Publish(t.Context(), "a", protocol.Null); err != nil || delivered != 1 {
		t.Errorf("Publish() = %v with %d messages delivered, want nil and 1", err, delivered)
	}
	if !channels.IsLocal(&b) {
		t.Error("IsLocal() = false, want true")
	}
}

func TestMemoryBroker_PublishDoesNotAllocate(t *testing.T) {
	var b channels.MemoryBroker
	if err := b.Attach(sinkFunc(func(string, protocol.Data) {})); err != nil {
		t.Fatalf("Attach() = %v, want nil", err)
	}
	data := protocol.Data(`"x"`)
	if n := testing.AllocsPerRun(100, func() { b.Publish(t.Context(), "a", data) }); n > 0 {
		t.Errorf("Publish() allocates %v times, want 0", n)
	}
}
