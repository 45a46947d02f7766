package sccbroker

import (
	"fmt"

	"github.com/socketcluster-go/socketcluster/channels"
	"github.com/socketcluster-go/socketcluster/channels/stream"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// arrival is what a broker has published. All of them wait in one queue: a channel
// that has moved has messages from two connections, and a node that is behind must
// not deliver the new ones first.
type arrival struct {
	from    *member
	channel string
	data    protocol.Data
}

// onMessage takes what a broker has sent.
func (b *Broker) onMessage(m *member, message []byte) {
	p := protocol.Parse(message)
	if p.Kind != protocol.KindBatch {
		b.onPacket(m, p)
		return
	}
	for e := range p.Elements() {
		b.onPacket(m, e)
	}
}

func (b *Broker) onPacket(m *member, p protocol.Packet) {
	if p.Kind != protocol.KindTransmit || p.Event != protocol.EventPublish {
		return
	}
	if channel, data, ok := protocol.ChannelOf(p.Data); ok {
		b.arrivals.Emit(arrival{m, channel, data})
	}
}

// deliverArrivals delivers what has come, until the broker is closed. When too much
// waits it is dropped, until it is half as much.
func (b *Broker) deliverArrivals(arrivals *stream.Consumer[arrival]) {
	dropping := false
	for {
		a, err := arrivals.Next(b.link.Context())
		if err != nil {
			return
		}
		if n := arrivals.Backpressure(); dropping {
			dropping = n > b.opt.MaxPending/2
		} else if dropping = n > b.opt.MaxPending; dropping {
			b.link.Report(fmt.Errorf("sccbroker: from scc-broker %s: %w", a.from.pool.uri, channels.ErrOverload))
		}
		if !dropping {
			b.deliverArrival(a)
		}
	}
}

func (b *Broker) deliverArrival(a arrival) {
	err := unpack(a.data, b.opt.InstanceID, func(message protocol.Data) { b.deliver(a.channel, message) })
	if err != nil {
		b.link.Report(fmt.Errorf("sccbroker: a message in channel %q at scc-broker %s: %w", a.channel, a.from.pool.uri, err))
	}
}
