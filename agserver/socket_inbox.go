package agserver

import (
	"sync"
	"sync/atomic"

	"github.com/socketcluster-go/socketcluster/protocol"
)

// inMessage is a message on its way to being handled. packet is what it says,
// or one packet of the batch that it is.
type inMessage struct {
	packet protocol.Packet
	text   []byte // the whole message, as it came
	binary bool
	owned  bool // text is the socket's to keep, although no runner is at work
	pong   bool
	raw    bool // has yet to pass the raw middleware

	unpacked bool       // from a batch
	turn     turnNumber // ends with this message, the last one of a batch
}

// inbox holds the messages of one socket that wait while user code is at work
// for an earlier one, and is worked off by one runner at a time. A socket has
// one only while there is something to wait for; otherwise messages are handled
// where they are read. With raw middleware there is another one in front, so
// that messages are shown to it whatever holds up the ones before.
//
// Filled by the engine's calls for the socket, and behind the raw middleware by
// the runner of the one in front; emptied by its own runner.
type inbox struct {
	home   *inboxes // where the socket holds it
	runner atomic.Pointer[runner]

	mu sync.Mutex

	// Guarded by mu.
	queue   []inMessage
	head    int // queue[head:] waits
	bytes   int // of the messages in it
	paused  bool
	done    bool         // the runner has left; take a new inbox
	closing *CloseStatus // the connection has ended: behind what waits
}

// inboxes is how a socket holds its inbox.
type inboxes = atomic.Pointer[inbox]

// enqueue hands a message to the runner of one of the socket's inboxes, which it
// starts if there is none. The message must be owned by the caller: its text is
// kept.
func (s *Socket) enqueue(home *inboxes, m inMessage) {
	s.unhandled.Add(1)
	for {
		in := home.Load()
		if in == nil {
			in = &inbox{home: home}
			in.queue = append(in.queue, m)
			in.bytes = len(m.text)
			if home.CompareAndSwap(nil, in) {
				s.startRunner(in)
				return
			}
			continue
		}
		if in.put(s, m) {
			return
		}
	}
}

// put appends a message; it reports false if the inbox is no longer in use.
func (in *inbox) put(s *Socket, m inMessage) bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.done {
		return false
	}
	in.queue = append(in.queue, m)
	in.bytes += len(m.text)
	if limit := s.srv.opt.MaxInbound; limit > 0 && !in.paused && in.exceedsLocked(limit) {
		in.paused = true
		s.pause()
	}
	return true
}

// exceedsLocked reports whether more than limit bytes wait.
func (in *inbox) exceedsLocked(limit int) bool {
	return in.bytes > limit || len(in.queue)-in.head > limit/minMessageCost
}

// pause stops reading the socket until everybody who asked for that has called
// resume.
func (s *Socket) pause() {
	p := &s.seldom().pauses
	p.Lock()
	defer p.Unlock()
	if p.n++; p.n == 1 {
		s.conn.Pause()
	}
}

func (s *Socket) resume() {
	p := &s.seldom().pauses
	p.Lock()
	defer p.Unlock()
	if p.n--; p.n == 0 {
		s.conn.Resume()
	}
}

// isPaused reports whether the socket is not read for want of room.
func (s *Socket) isPaused() bool {
	r := s.rare.Load()
	if r == nil {
		return false
	}
	r.pauses.Lock()
	defer r.pauses.Unlock()
	return r.pauses.n > 0
}

// minMessageCost is what a message counts for at least, in bytes, when it
// waits: an empty one takes room too, an inMessage and its share of the queue.
const minMessageCost = 128

// next takes the first message for runner r. It reports false when there is
// none (the inbox is out of use then) or when r has been relieved.
func (in *inbox) next(s *Socket, r *runner) (inMessage, bool) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.runner.Load() != r {
		return inMessage{}, false
	}
	if in.head == len(in.queue) {
		in.done = true
		in.home.CompareAndSwap(in, nil)
		return inMessage{}, false
	}
	m := in.queue[in.head]
	in.queue[in.head] = inMessage{}
	in.head++
	in.bytes -= len(m.text)
	if in.head == len(in.queue) {
		in.queue, in.head = in.queue[:0], 0
	}
	if in.paused && !in.exceedsLocked(s.srv.opt.MaxInbound/2) {
		in.paused = false
		s.resume()
	}
	return m, true
}

// largeMessage is the size in bytes from which it matters that who keeps a part
// of a message keeps it all.
const largeMessage = 4 << 10

// unpack puts the packets of a batch in front of what waits. The last one ends
// the batch's turn.
func (in *inbox) unpack(m inMessage, turn turnNumber) {
	var packets []inMessage
	for p := range m.packet.Elements() {
		if len(m.text) > largeMessage {
			p = p.Clone() // who keeps one element shall not keep them all
		}
		packets = append(packets, inMessage{packet: p, text: m.text, binary: m.binary, unpacked: true})
	}
	packets[len(packets)-1].turn = turn
	in.mu.Lock()
	defer in.mu.Unlock()
	in.queue = append(packets, in.queue[in.head:]...)
	in.head = 0
	in.bytes += len(packets) * len(m.text)
}

// clear forgets what waits: the socket has ended. It may be called for no inbox.
func (in *inbox) clear() {
	if in == nil {
		return
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	in.queue, in.head, in.bytes = nil, 0, 0
	in.closing = nil
}

// postpone leaves the end of the connection to the runner, behind what waits.
// It reports false if there is no runner any more.
func (in *inbox) postpone(n CloseStatus) bool {
	if in == nil {
		return false
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.done {
		return false
	}
	in.closing = &n
	return true
}

// takeClosing returns the notice that postpone left, once.
func (in *inbox) takeClosing() *CloseStatus {
	in.mu.Lock()
	defer in.mu.Unlock()
	n := in.closing
	in.closing = nil
	return n
}
