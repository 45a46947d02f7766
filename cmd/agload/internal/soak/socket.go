package soak

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/socketcluster-go/socketcluster/cmd/agload/internal/wire"
)

// socket is one connection of a client. Its reader is a goroutine that ends with
// the link.
type socket struct {
	owner  *client
	node   int // that it is connected to
	link   *link
	opened time.Time

	writing sync.Mutex
	out     []byte
	mask    uint32

	mu        sync.Mutex // also the owner's intervals
	cid       uint32
	calls     map[uint32]call
	streams   map[uint32]*stream // of publications that are not answered, by call id
	intervals map[string]*interval
	token     string // what the server said last; "" if there is none
	reason    error

	left  bool          // the client ended it
	ended chan struct{} // closed when the reader has ended
}

// call is one that is not answered. then, which may be nil, is called with a good
// answer, while nothing else can arrive.
type call struct {
	waiting chan answer
	then    func()
}

// answer is what a call got.
type answer struct {
	data  []byte
	error string
}

// Why a call has no answer.
var (
	errEnded      = errors.New("the connection ended")
	errNoAnswer   = errors.New("no answer")
	errUnexpected = errors.New("an answer to nothing")
)

func newSocket(owner *client, node int, k *link, opened time.Time, mask uint32) *socket {
	return &socket{
		owner: owner, node: node, link: k, opened: opened, mask: mask | 1, cid: 1, ended: make(chan struct{}),
		calls: map[uint32]call{}, streams: map[uint32]*stream{}, intervals: map[string]*interval{},
	}
}

// send writes a text frame.
func (s *socket) send(packet []byte) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	s.out = wire.AppendFrame(s.out[:0], wire.OpText, packet, s.mask)
	_, err := s.link.client.Write(s.out)
	return err
}

// read feeds on what arrives until an end.
func (s *socket) read(rest []byte) {
	defer close(s.ended)
	buffer := append(make([]byte, 0, piece), rest...)
	var err error
	for err == nil {
		for {
			f, size, frameErr := wire.ParseFrame(buffer)
			if frameErr != nil {
				s.owner.violate(malformed, frameErr.Error())
				err = frameErr
				break
			}
			if size == 0 || size > len(buffer) {
				break
			}
			if err = s.frame(f); err != nil {
				break
			}
			buffer = buffer[:copy(buffer, buffer[size:])]
		}
		if err == nil {
			buffer, err = s.more(buffer)
		}
	}
	s.link.client.Close()
	s.link.close()
	s.finish(err)
}

// more reads on.
func (s *socket) more(buffer []byte) ([]byte, error) {
	if len(buffer) == cap(buffer) {
		buffer = append(buffer, make([]byte, len(buffer)+piece)...)[:len(buffer)]
	}
	n, err := s.link.client.Read(buffer[len(buffer):cap(buffer)])
	if n > 0 {
		err = nil
	}
	return buffer[:len(buffer)+n], err
}

// finish settles everything that was open.
func (s *socket) finish(reason error) {
	s.mu.Lock()
	s.reason = reason
	for _, c := range s.calls {
		close(c.waiting)
	}
	s.calls = nil
	uncertain := len(s.streams)
	var missed uint64
	for _, i := range s.intervals {
		n, _ := i.missing()
		missed += n
	}
	s.mu.Unlock()
	s.owner.run.journal.count(func(c *counts) {
		c.Uncertain += uint64(uncertain)
		c.LostExplained += missed
	})
}

func (s *socket) frame(f wire.Frame) error {
	switch f.Op {
	case wire.OpText:
		return s.message(f.Payload)
	case wire.OpPing:
		s.writing.Lock()
		defer s.writing.Unlock()
		_, err := s.link.client.Write(wire.AppendFrame(nil, wire.OpPong, f.Payload, s.mask))
		return err
	case wire.OpPong:
		return nil
	case wire.OpClose:
		code := uint16(1005)
		if len(f.Payload) >= 2 {
			code = binary.BigEndian.Uint16(f.Payload)
		}
		return fmt.Errorf("closed by the server with %d", code)
	}
	return fmt.Errorf("a frame with opcode %d", f.Op)
}

func (s *socket) message(m []byte) error {
	got := wire.Classify(m)
	switch got.Kind {
	case wire.Delivery:
		s.delivery(m)
	case wire.Reply:
		s.answer(got.RID, answer{data: append([]byte(nil), got.Data...)})
	case wire.Failure:
		s.answer(got.RID, answer{error: string(got.Data)})
	case wire.PingV2:
		return s.send(nil)
	case wire.PingV1:
		return s.send([]byte("#2"))
	case wire.Other:
		return s.event(m)
	case wire.Malformed:
		s.owner.violate(malformed, string(m))
	}
	return nil
}

// delivery takes a message into account.
func (s *socket) delivery(m []byte) {
	s.owner.run.delivered.Add(1)
	name, ok := wire.ChannelOf(m)
	s.mu.Lock()
	i := s.intervals[name]
	s.mu.Unlock()
	if !ok || i == nil {
		s.owner.violate(uninvited, string(m))
		return
	}
	mark, _, ok := i.channel.wire.ParseDelivery(m)
	if !ok {
		s.owner.violate(malformed, string(m))
		return
	}
	s.mu.Lock()
	kind, text, excused := i.arrive(mark.At, mark.Sequence)
	s.mu.Unlock()
	s.owner.run.lostBetween.Add(uint64(excused))
	if kind != "" {
		s.owner.violate(kind, name+": "+text)
	}
}

// answer hands an answer to whoever waits for it.
func (s *socket) answer(rid uint32, a answer) {
	s.mu.Lock()
	asked, isCall := s.calls[rid]
	published, isPublication := s.streams[rid]
	delete(s.calls, rid)
	delete(s.streams, rid)
	if asked.then != nil && a.error == "" {
		asked.then()
	}
	s.mu.Unlock()
	switch {
	case isCall:
		asked.waiting <- a
	case !isPublication:
		s.owner.violate(malformed, fmt.Sprintf("%v: rid %d", errUnexpected, rid))
	default:
		s.publicationAnswered(published, rid, a)
	}
}

// publicationAnswered takes the end of a publication into account.
func (s *socket) publicationAnswered(st *stream, rid uint32, a answer) {
	r := s.owner.run
	p, isNext := st.answered(rid, a.error == "")
	switch {
	case !isNext:
		s.owner.violate(outOfOrder, fmt.Sprintf("answer %d of stream %d", rid, st.id))
	case a.error == "":
		r.acknowledged.Add(1)
		r.mesh.published(s.node, p.began)
	case r.mesh.mayFail(s.node, p.began):
		r.failed.Add(1)
	default:
		s.owner.violate(refused, fmt.Sprintf("a publication on node %d: %s", s.node, a.error))
	}
}

// event answers what the server asks, and keeps the token it sets.
func (s *socket) event(m []byte) error {
	var packet struct {
		Event string
		Data  struct{ Token string }
		CID   int
	}
	if err := json.Unmarshal(m, &packet); err != nil {
		s.owner.violate(malformed, string(m))
		return nil
	}
	switch packet.Event {
	case "#setAuthToken":
		s.mu.Lock()
		s.token = packet.Data.Token
		s.mu.Unlock()
	case "#removeAuthToken":
		s.mu.Lock()
		s.token = ""
		s.mu.Unlock()
	}
	if packet.CID == 0 {
		return nil
	}
	return s.send(fmt.Appendf(nil, `{"rid":%d}`, packet.CID))
}

// call sends what packet makes of a call id, and waits for the answer.
func (s *socket) call(packet func(cid uint32) []byte) (answer, error) {
	return s.callThen(packet, nil)
}

// callThen is call with something to be done at the moment of a good answer,
// under the socket's lock.
func (s *socket) callThen(packet func(cid uint32) []byte, then func()) (answer, error) {
	waiting := make(chan answer, 1)
	s.mu.Lock()
	s.cid++
	cid := s.cid
	if s.calls == nil {
		s.mu.Unlock()
		return answer{}, errEnded
	}
	s.calls[cid] = call{waiting, then}
	s.mu.Unlock()
	s.owner.run.journal.count(func(c *counts) { c.Calls++ })
	if err := s.send(packet(cid)); err != nil {
		s.link.close()
	}
	patience := time.NewTimer(s.owner.run.plan.Patience)
	defer patience.Stop()
	select {
	case a, ok := <-waiting:
		if !ok {
			s.owner.run.journal.count(func(c *counts) { c.CallsCutOff++ })
			return a, errEnded
		}
		return a, nil
	case <-patience.C:
		return answer{}, errNoAnswer
	}
}

// publish sends the next number of a stream.
func (s *socket) publish(st *stream) error {
	s.mu.Lock()
	s.cid++
	cid := s.cid
	if s.calls == nil {
		s.mu.Unlock()
		return errEnded
	}
	s.streams[cid] = st
	s.mu.Unlock()
	number := st.next(cid)
	s.owner.run.published.Add(1)
	mark := wire.Marker{Publisher: s.owner.id, Sequence: number, At: st.id}
	return s.send(st.channel.wire.AppendPublish(nil, cid, mark))
}

// isOver reports whether the connection has ended.
func (s *socket) isOver() bool {
	select {
	case <-s.ended:
		return true
	default:
		return false
	}
}

// leave ends the connection for the client: with a close frame, or without a
// word.
func (s *socket) leave(politely bool) {
	s.mu.Lock()
	s.left = true
	s.mu.Unlock()
	if politely {
		s.writing.Lock()
		s.link.client.SetWriteDeadline(time.Now().Add(time.Second))
		s.link.client.Write(wire.AppendFrame(nil, wire.OpClose, []byte{1000 >> 8, 1000 & 255}, s.mask))
		s.writing.Unlock()
	}
	s.link.client.Close()
	s.link.close()
	<-s.ended
}
