package agserver

import (
	"context"

	"github.com/socketcluster-go/socketcluster/channels"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// node is the server as its broker and its exchange see it.
type node struct{ *Server }

var (
	_ channels.Sink = node{}
	_ channels.Node = node{}
)

// Publish hands a publication of server code to the broker. A server whose options
// were refused has neither engine nor broker, and says so.
func (n node) Publish(ctx context.Context, channel string, data protocol.Data) error {
	if n.err != nil {
		return n.err
	}
	if err := n.engine.Relief(ctx); err != nil { // slower than the sockets can be sent to
		return err
	}
	return n.publish(ctx, channel, data)
}

// Transmit does so without waiting for it.
func (n node) Transmit(channel string, data protocol.Data) error {
	if n.err != nil {
		return n.err
	}
	return channels.Transmit(n.opt.Broker, channel, data)
}

// Retain subscribes the exchange to a channel.
func (n node) Retain(ctx context.Context, channel string) error {
	if n.err != nil {
		return n.err
	}
	local, err := n.index.Acquire(ctx, channel)
	if err == nil {
		local.exchange.Store(true)
	}
	return err
}

// Release ends that.
func (n node) Release(ctx context.Context, channel string) error {
	if local, ok := n.index.Lookup(channel); ok {
		local.exchange.Store(false)
	}
	return n.index.Release(ctx, channel)
}

// Deliver takes a publication from the broker. Channel and data are borrowed. What
// comes from elsewhere is looked at once, before it is put into the text of packets:
// whoever reaches the broker can send anything.
func (n node) Deliver(channel string, data protocol.Data) {
	if !n.brokerBlocks {
		n.deliver(channel, data)
		return
	}
	if data != nil {
		checked, err := protocol.ParseData(data)
		if err != nil {
			n.foreign.add(func(dropped int64) {
				n.emitWarning(protocol.ErrBroker.Withf("%d messages of the broker were dropped, which are not JSON: no node sends such", dropped))
			})
			return
		}
		data = checked
	}
	n.holdUp(len(data))
	n.deliver(channel, data)
}

// maxAhead is how much a broker may deliver while the event loops cannot keep up:
// 256 small messages, or 1 MiB. So the loops find something to do while it wakes;
// to wait at once made a saturated node a fifth slower.
const (
	maxAhead      = 1 << 20
	messageWeight = 4 << 10
)

// holdUp makes a broker wait while more is being published than the sockets can be
// sent, so that the rest stands in the broker's queues, which have a bound. A
// broker that is part of the process is held up where its publishers are: their
// sockets are not read.
func (s *Server) holdUp(size int) {
	switch {
	case !s.engine.Congested():
		if s.ahead.Load() != 0 {
			s.ahead.Store(0)
		}
	case s.ahead.Add(messageWeight+int64(size)) > maxAhead:
		_ = s.engine.Relief(s.ctx) // at the end nobody is there to be sent to
		s.ahead.Store(0)
	}
}

// BrokerReady reports that the broker is ready.
func (n node) BrokerReady() { n.brokerReady() }

// BrokerError reports what went wrong in the broker, as a warning.
func (n node) BrokerError(err error) { n.emitWarning(err) }

// BrokerStateChange reports that the broker is cut off, or back.
func (n node) BrokerStateChange(lost error) {
	emit(n.Server, &n.emit.brokerStateChange, BrokerStateChangeEvent{Lost: lost})
}

// brokerBlocks reports whether what asks the broker may block, and is for runner r
// to hold: the end of the connection does not wait for it, and its panics are
// errors.
func (s *Socket) brokerBlocks(r *runner) bool { return r != nil && s.srv.brokerBlocks }

// publish hands a publication to the broker. The data is borrowed.
func (s *Server) publish(ctx context.Context, channel string, data protocol.Data) error {
	return s.opt.Broker.Publish(ctx, channel, data)
}

// release gives back a channel where no error can be dealt with.
func (s *Server) release(channel string) {
	if err := s.index.Release(s.ctx, channel); err != nil {
		s.emitWarning(protocol.ErrBroker.Withf("Failed to unsubscribe from the %s channel - %s", channel, errorText(err)))
	}
}
