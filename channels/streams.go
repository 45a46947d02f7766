package channels

import (
	"github.com/socketcluster-go/socketcluster/channels/stream"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// Streams holds the streams of all channels of one exchange or client. The zero
// value is ready to use. Its demuxes are the controls over all channels at once
// ("closeAllChannelOutputs" and its family).
type Streams struct {
	outputs   stream.Demux[protocol.Data]
	listeners stream.Demux[ChannelEvent]
}

// Outputs returns the messages of all channels, a stream per channel name.
func (s *Streams) Outputs() *stream.Demux[protocol.Data] { return &s.outputs }

// Listeners returns the events of all channels. The streams are named as in the
// reference, "channel/event".
func (s *Streams) Listeners() *stream.Demux[ChannelEvent] { return &s.listeners }

// Deliver writes a message to the channel's output and reports whether anybody
// reads it. The data is borrowed: it is cloned if so.
func (s *Streams) Deliver(channel string, data protocol.Data) bool {
	return s.outputs.HasConsumers(channel) && s.outputs.Emit(channel, data.Clone())
}

// Notify writes an event to the channel's listeners. It calls nobody, so it may
// be called under the lock that ordered the change.
func (s *Streams) Notify(ev ChannelEvent) {
	s.listeners.Emit(listenerName(ev.Channel, ev.Event), ev)
}

// Backpressure returns the largest backpressure of any consumer of any channel.
func (s *Streams) Backpressure() int {
	return max(s.outputs.Backpressure(), s.listeners.Backpressure())
}

// Close closes all streams of all channels.
func (s *Streams) Close() {
	s.outputs.Close()
	s.listeners.Close()
}

// Kill kills all streams of all channels.
func (s *Streams) Kill() {
	s.outputs.Kill()
	s.listeners.Kill()
}

// listenerName is unambiguous because no event has a slash.
func listenerName(channel string, event Event) string { return channel + "/" + string(event) }
