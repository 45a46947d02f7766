package load

import (
	"errors"
	"fmt"
	"strings"

	"github.com/socketcluster-go/socketcluster/cmd/agload/internal/wire"
)

// state is how far a session has come.
type state uint8

const (
	connecting state = iota
	upgrading
	shaking
	subscribing
	ready
	ended
)

func (s state) String() string {
	return [...]string{"connecting", "upgrading", "shaking hands", "subscribing", "ready", "ended"}[s]
}

type role uint8

const (
	subscriber role = iota
	publisher
	caller
)

// session is one WebSocket. It is fed what arrives, and appends to out what is
// to be sent. It belongs to its lane.
type session struct {
	id    int // of the run
	index int // in its lane
	role  role
	state state
	lane  *lane
	node  *node

	out     []byte // to be sent
	need    int    // length of the frame of which feed left a part, 0 if unknown
	partial []byte // what came of a fragmented message
	inParts bool
	mask    uint32
	cid     uint32
	open    calls

	// Of a subscriber. next has the number that each stream goes on with: one
	// stream for each publisher of the channel.
	channel *wire.Channel
	next    []uint32

	// Of a publisher or caller. A caller's numbers are its call ids from base on.
	number    int
	channels  []*wire.Channel
	sequences []uint32
	turn      int
	base      uint32
}

// Why a session ends.
var (
	errClosedByServer = errors.New("closed by the server without a close frame")
	errUnsent         = errors.New("the server takes too little of what is sent")
)

// maxUnsent bounds what may wait to be taken by the server, in the paced modes.
const maxUnsent = 64 << 20

// maxFilled is how much may wait before a window is filled further.
const maxFilled = 1 << 20

// connected begins the opening of the WebSocket.
func (s *session) connected() {
	s.state = upgrading
	s.out = append(s.out, s.node.upgrade...)
}

// feed takes what has arrived, from the first byte that an earlier call left
// over. rest is what it leaves.
func (s *session) feed(b []byte) (rest []byte, err error) {
	s.need = 0
	if s.state == upgrading {
		size, err := wire.ParseUpgraded(b)
		if err != nil || size == 0 {
			return b, err
		}
		b = b[size:]
		s.state = shaking
		s.cid = 1
		s.write(wire.OpText, wire.AppendHandshake(nil, s.cid, s.lane.run.plan.Token))
	}
	in := intake{session: s, at: now(), measuring: s.lane.run.measuring.Load()}
	defer in.count()
	for {
		frame, size, err := wire.ParseFrame(b)
		if err != nil {
			s.lane.bad.Add(1)
			return nil, err
		}
		if size == 0 || size > len(b) {
			s.need = size
			return b, nil
		}
		b = b[size:]
		if err := in.frame(frame); err != nil {
			return nil, err
		}
	}
}

// write appends a frame.
func (s *session) write(op wire.Opcode, payload []byte) {
	s.out = wire.AppendFrame(s.out, op, payload, s.mask)
}

// shaken goes on from a completed handshake.
func (s *session) shaken() {
	s.base = s.cid + 1
	if s.role != subscriber {
		s.becomeReady()
		return
	}
	s.state = subscribing
	s.cid++
	s.write(wire.OpText, s.channel.AppendSubscribe(nil, s.cid))
}

func (s *session) becomeReady() {
	s.state = ready
	s.lane.ready.Add(1)
}

// end counts the end of a session that nobody here asked for.
func (s *session) end(reason error) {
	if s.state == ended {
		return
	}
	if s.lane.run.stopping.Load() {
		s.state = ended
		return
	}
	if s.state == ready {
		s.lane.closed.Add(1)
	} else {
		s.lane.failed.Add(1)
	}
	s.lane.note(fmt.Sprintf("connection %d, %s: %s", s.id, s.state, clip(reason.Error())))
	s.state = ended
}

// fill keeps the window full.
func (s *session) fill() {
	for s.state == ready && s.open.len() < s.lane.run.plan.Window && len(s.out) < maxFilled {
		s.send()
	}
}

// send queues one publication or call.
func (s *session) send() {
	if s.state != ready {
		return
	}
	if len(s.out) > maxUnsent {
		s.end(errUnsent)
		return
	}
	plan := &s.lane.run.plan
	s.cid++
	cid := s.cid
	start := len(s.out)
	s.out = wire.Open(s.out)
	if s.role == caller {
		mark := wire.Marker{Publisher: s.number, Sequence: cid - s.base, At: now()}
		s.out = s.lane.run.shape.AppendCall(s.out, cid, s.lane.run.procedure, mark)
	} else {
		if plan.NoAck {
			cid = 0
		}
		mark := wire.Marker{Publisher: s.number, Sequence: s.sequences[s.turn], At: now()}
		s.out = s.channels[s.turn].AppendPublish(s.out, cid, mark)
		s.sequences[s.turn]++
		if s.turn++; s.turn == len(s.channels) {
			s.turn = 0
		}
	}
	s.out = wire.Seal(s.out, start, wire.OpText, s.mask)
	if cid != 0 {
		s.open.add(cid)
	}
	s.lane.sent.Add(1)
}

// clip shortens what a server said, for a message.
func clip(text string) string {
	const most = 300
	text = strings.ToValidUTF8(text, "?")
	if len(text) > most {
		return strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}

// writeClose says good-bye.
func (s *session) writeClose() { s.write(wire.OpClose, []byte{1000 >> 8, 1000 & 255}) }
