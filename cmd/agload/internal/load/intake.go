package load

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/socketcluster-go/socketcluster/cmd/agload/internal/wire"
)

// intake is the handling of what arrived at once for a session.
type intake struct {
	*session
	at        int64
	measuring bool

	deliveries, replies uint64
}

// count publishes what was counted. Once for each read is often enough.
func (in *intake) count() {
	l := in.lane
	l.reads.Add(1)
	if in.deliveries > 0 {
		l.deliveries.Add(in.deliveries)
	}
	if in.replies > 0 {
		l.replies.Add(in.replies)
	}
	if in.role != subscriber && l.run.running.Load() && !l.run.plan.Mode.isPaced() {
		in.fill()
	}
}

// frame handles one frame; an error ends the session.
func (in *intake) frame(f wire.Frame) error {
	switch {
	case f.Op == wire.OpText && f.Final && !in.inParts:
		return in.message(f.Payload)
	case f.Op == wire.OpText && !in.inParts, f.Op == wire.OpContinuation && in.inParts:
		in.partial = append(in.partial, f.Payload...)
		in.inParts = !f.Final
		if in.inParts {
			return nil
		}
		err := in.message(in.partial)
		in.partial = in.partial[:0]
		return err
	case f.Op == wire.OpPing:
		in.write(wire.OpPong, f.Payload)
		return nil
	case f.Op == wire.OpPong:
		return nil
	case f.Op == wire.OpClose:
		if len(f.Payload) < 2 {
			return errors.New("closed by the server")
		}
		return fmt.Errorf("closed by the server with %d %s", binary.BigEndian.Uint16(f.Payload), f.Payload[2:])
	case f.Op == wire.OpBinary:
		in.lane.bad.Add(1)
		return errors.New("a binary message: only JSON is understood")
	}
	in.lane.bad.Add(1)
	return wire.ErrFrame
}

// message handles a message, which may be a batch of packets.
func (in *intake) message(m []byte) error {
	if !wire.IsBatch(m) {
		return in.packet(m)
	}
	for len(m) > 0 {
		packet, rest, ok := wire.NextOfBatch(m)
		if !ok && len(rest) > 0 {
			in.malformed(m)
			return nil
		}
		if ok {
			if err := in.packet(packet); err != nil {
				return err
			}
		}
		m = rest
	}
	return nil
}

func (in *intake) packet(m []byte) error {
	got := wire.Classify(m)
	switch got.Kind {
	case wire.Delivery:
		in.delivery(m)
	case wire.Reply:
		return in.reply(m, got)
	case wire.Failure:
		return in.failure(m, got)
	case wire.PingV2:
		in.lane.pings.Add(1)
		in.write(wire.OpText, nil)
	case wire.PingV1:
		in.lane.pings.Add(1)
		in.write(wire.OpText, []byte("#2"))
	case wire.Malformed:
		in.malformed(m)
	case wire.Other:
	}
	return nil
}

func (in *intake) malformed(m []byte) {
	in.lane.bad.Add(1)
	in.lane.note("not what was to be expected: " + clip(string(m)))
}

// delivery checks a publication and follows its number.
func (in *intake) delivery(m []byte) {
	if in.channel == nil {
		in.malformed(m)
		return
	}
	mark, exact, ok := in.channel.ParseDelivery(m)
	stream := 0
	if in.lane.run.plan.Mode.isFanout() {
		stream = mark.Publisher
	}
	if !ok || stream >= len(in.next) {
		in.malformed(m)
		return
	}
	if !exact {
		in.lane.inexact.Add(1)
	}
	in.deliveries++
	in.follow(stream, mark.Sequence)
	if in.measuring {
		in.lane.latency.Add(time.Duration(in.at - mark.At))
	}
}

// follow finds out what the number of a publication says about the order.
func (in *intake) follow(stream int, number uint32) {
	next := &in.next[stream]
	id := streamID{in.id, stream}
	switch {
	case number == *next:
		*next++
	case number > *next:
		in.lane.gaps.add(id, span{*next, number})
		*next = number + 1
	case in.lane.gaps.take(id, number):
		in.lane.outOfOrder.Add(1)
	default:
		in.lane.duplicates.Add(1)
	}
}

// reply handles the answer to a request.
func (in *intake) reply(m []byte, got wire.Message) error {
	switch {
	case in.state == shaking && got.RID == in.cid:
		if err := checkHandshake(got.Data, in.lane.run.plan.Token); err != nil {
			return err
		}
		in.shaken()
		return nil
	case in.state == subscribing && got.RID == in.cid:
		in.becomeReady()
		return nil
	case !in.open.take(got.RID):
		in.malformed(m)
		return nil
	}
	in.replies++
	if in.role != caller {
		return nil
	}
	mark, exact := in.lane.run.shape.Parse(got.Data)
	if !exact {
		var ok bool
		if mark, ok = in.lane.run.shape.ParseEqual(got.Data); !ok {
			in.malformed(m)
			return nil
		}
		in.lane.inexact.Add(1)
	}
	if mark.Publisher != in.number || mark.Sequence != got.RID-in.base {
		in.malformed(m)
		return nil
	}
	if in.measuring {
		in.lane.latency.Add(time.Duration(in.at - mark.At))
	}
	return nil
}

// failure handles an answer that is an error.
func (in *intake) failure(m []byte, got wire.Message) error {
	in.lane.errors.Add(1)
	in.lane.note("refused: " + clip(string(got.Data)))
	if in.state != ready {
		return fmt.Errorf("refused: %s", clip(string(got.Data)))
	}
	if !in.open.take(got.RID) {
		in.malformed(m)
		return nil
	}
	in.replies++
	return nil
}
