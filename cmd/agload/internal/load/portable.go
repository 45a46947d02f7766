package load

import (
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"sync"
	"time"
)

// portable drives each connection by a goroutine that reads, and each lane by
// one that opens connections and one that publishes. It takes any net.Conn, TLS
// too.
type portable struct {
	run    *runner
	shards []*shard
	ctx    context.Context
	cancel context.CancelFunc
	all    sync.WaitGroup
}

// shard is a lane with its lock.
type shard struct {
	*portable
	mu    sync.Mutex // guards the lane and its sessions
	lane  *lane
	links []*link // of the lane's sessions, by their index
	free  chan struct{}
}

// link is a session with its connection.
type link struct {
	*session
	shard *shard
	conn  net.Conn

	// writing orders the writes; it is taken before the shard's lock.
	writing sync.Mutex
	spare   []byte // out and spare take turns; guarded by writing
}

// writeTime is how long the server may take nothing of what is written.
const writeTime = 30 * time.Second

func newPortable(r *runner) *portable {
	p := &portable{run: r}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	for _, l := range r.lanes {
		s := &shard{portable: p, lane: l, links: make([]*link, len(l.sessions)), free: make(chan struct{}, len(l.sessions))}
		for i, own := range l.sessions {
			s.links[i] = &link{session: own, shard: s}
		}
		p.shards = append(p.shards, s)
	}
	return p
}

func (p *portable) connect() {
	for _, s := range p.shards {
		p.all.Go(s.open)
	}
}

func (p *portable) begin() {
	for _, s := range p.shards {
		if len(s.lane.senders) > 0 {
			p.all.Go(s.load)
		}
	}
}

func (p *portable) stop() {
	p.cancel()
	p.all.Wait()
	for _, s := range p.shards {
		for _, k := range s.links {
			if k.conn == nil {
				continue
			}
			k.conn.SetDeadline(time.Now().Add(time.Second))
			if k.state > upgrading && k.state != ended {
				k.writeClose()
				k.conn.Write(k.out)
			}
			k.conn.Close()
		}
	}
}

// open opens connections as the slots allow.
func (s *shard) open() {
	slots := s.run.newSlots(s.lane)
	for i := 0; i < len(s.links); {
		ok, wait := slots.take()
		if ok {
			s.all.Go(s.links[i].serve)
			i++
			continue
		}
		timer := (<-chan time.Time)(nil)
		if wait > 0 {
			timer = time.After(wait)
		}
		select {
		case <-s.free:
			slots.taken--
		case <-timer:
		case <-s.ctx.Done():
			return
		}
	}
}

// load fills the windows, or publishes what is due until the end.
func (s *shard) load() {
	if !s.run.plan.Mode.isPaced() {
		for _, own := range s.lane.senders {
			s.mu.Lock()
			own.fill()
			s.mu.Unlock()
			s.links[own.index].flush()
		}
		return
	}
	for s.run.running.Load() {
		var sent []*session
		s.mu.Lock()
		wait := s.lane.pace(func(own *session) {
			if !slices.Contains(sent, own) {
				sent = append(sent, own)
			}
		})
		s.mu.Unlock()
		for _, own := range sent {
			s.links[own.index].flush()
		}
		select {
		case <-time.After(max(0, wait)):
		case <-s.ctx.Done():
			return
		}
	}
}

// serve opens the connection and reads until its end.
func (k *link) serve() {
	conn, err := k.node.target.dial(k.shard.ctx)
	if err != nil {
		k.shard.mu.Lock()
		k.end(err)
		k.shard.mu.Unlock()
		k.shard.free <- struct{}{}
		return
	}
	k.conn = conn
	// The end of the run makes reads and writes return.
	defer context.AfterFunc(k.shard.ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })()
	k.shard.mu.Lock()
	k.connected()
	k.shard.mu.Unlock()
	err = k.flush()
	if err == nil {
		err = k.read()
	}
	k.shard.mu.Lock()
	wasOpening := k.state < ready
	ends := !k.shard.run.stopping.Load()
	if ends {
		k.end(err)
	}
	k.shard.mu.Unlock()
	if wasOpening {
		k.shard.free <- struct{}{}
	}
	if ends {
		conn.Close()
	}
}

// read feeds the session until an error.
func (k *link) read() error {
	in := make([]byte, 0, 4<<10)
	for {
		in = slices.Grow(in, max(512, k.need-len(in)))
		n, err := k.conn.Read(in[len(in):cap(in)])
		if n == 0 && err != nil {
			if errors.Is(err, io.EOF) {
				err = errClosedByServer
			}
			return err
		}
		in = in[:len(in)+n]
		k.shard.mu.Lock()
		before := k.state
		rest, err := k.feed(in)
		isReady := before < ready && k.state == ready
		hasOutput := len(k.out) > 0
		k.shard.mu.Unlock()
		if isReady {
			k.shard.free <- struct{}{}
		}
		if err != nil {
			return err
		}
		in = in[:copy(in, rest)]
		if hasOutput {
			if err := k.flush(); err != nil {
				return err
			}
		}
	}
}

// flush writes what the session has to send.
func (k *link) flush() error {
	k.writing.Lock()
	defer k.writing.Unlock()
	k.shard.mu.Lock()
	b := k.out
	k.out = k.spare[:0]
	isOver := k.state == ended
	k.shard.mu.Unlock()
	k.spare = b[:0]
	if len(b) == 0 || isOver || k.conn == nil {
		return nil
	}
	k.conn.SetWriteDeadline(time.Now().Add(writeTime))
	_, err := k.conn.Write(b)
	return err
}
