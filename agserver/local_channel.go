package agserver

import (
	"bytes"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/socketcluster-go/socketcluster/agserver/engine"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// localChannel is who listens to a channel on this server. The sockets stand in
// the engine's group, to which a publication is posted once for all; those that
// have something of their own to do with it (it joins a batch, packets that
// wait, or has to pass the outbound middleware) stand apart and are given it one
// by one.
type localChannel struct {
	name     string // immutable
	group    *engine.Group
	exchange atomic.Bool // the exchange listens

	mu    sync.RWMutex // taken under a socket's mu
	apart []*Socket    // guarded by mu; seldom more than a few, but for the outbound middleware
}

// join adds a socket.
func (c *localChannel) join(s *Socket, apart bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.joinLocked(s, apart)
}

func (c *localChannel) joinLocked(s *Socket, apart bool) {
	if apart {
		c.apart = append(c.apart, s)
	} else {
		c.group.Add(s.conn)
	}
}

// leave takes a socket out.
func (c *localChannel) leave(s *Socket, apart bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.leaveLocked(s, apart)
}

func (c *localChannel) leaveLocked(s *Socket, apart bool) {
	if !apart {
		c.group.Remove(s.conn)
		return
	}
	if i := slices.Index(c.apart, s); i >= 0 {
		last := len(c.apart) - 1
		c.apart[i] = c.apart[last]
		c.apart[last] = nil
		c.apart = c.apart[:last]
	}
}

// publish sends a publication, as JSON text, to the sockets. The text is
// borrowed. The frame is built once; each event loop gets a pointer to it.
func (c *localChannel) publish(srv *Server, channel string, text []byte) {
	c.mu.RLock()
	if c.group.Len() == 0 && len(c.apart) == 0 {
		c.mu.RUnlock()
		return
	}
	frame, err := srv.frame(text)
	if err != nil {
		c.mu.RUnlock()
		srv.emitError(err)
		return
	}
	c.group.Send(frame)
	apart := slices.Clone(c.apart)
	c.mu.RUnlock()
	if len(apart) > 0 {
		p := outPacket{text: bytes.Clone(text), publication: true, frame: frame}
		for _, s := range apart {
			s.take(channel, p)
		}
	}
}

// take gives a publication to a socket that stands apart.
func (s *Socket) take(channel string, p outPacket) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.subs.get(channel); ok && s.state == Open {
		s.sendLocked(p, !s.spent)
	}
}

// standApartLocked moves the socket out of its channels' groups, or back. What
// was published before is sent before.
func (s *Socket) standApartLocked(apart bool) {
	if s.apart == apart {
		return
	}
	s.apart = apart
	for _, sub := range s.subs.all() {
		if sub.local != nil {
			sub.local.move(s, apart)
		}
	}
}

// move does that for one channel.
func (c *localChannel) move(s *Socket, apart bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.leaveLocked(s, !apart)
	c.joinLocked(s, apart)
}

// frame makes a message of packets, as JSON text, to be shared by sockets.
func (s *Server) frame(text []byte) (*engine.Frame, error) {
	c := s.codec()
	if c == nil {
		return engine.NewFrame(engine.OpText, text), nil
	}
	message, err := encode(c, nil, text)
	if err != nil {
		return nil, err
	}
	return engine.NewFrame(opCode(c), message), nil
}

// deliver sends a publication to everybody who listens on this server. Channel
// and data are borrowed.
func (s *Server) deliver(channel string, data protocol.Data) {
	local, ok := s.index.Lookup(channel)
	if !ok {
		return
	}
	built(func(dst []byte) []byte { return protocol.AppendPublish(dst, channel, data) },
		func(text []byte) { local.publish(s, channel, text) })
	if local.exchange.Load() {
		s.exchange.Deliver(channel, data)
	}
}
