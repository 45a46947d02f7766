package agserver

import (
	"iter"
	"sync"
	"sync/atomic"
)

// registryShards is the number of locks over which the sockets are spread.
const registryShards = 64

// registry holds the sockets that are connecting or open. An id is random, so
// that any byte of it spreads them evenly and none can be chosen by a client.
type registry struct {
	pending atomic.Int64
	open    atomic.Int64
	shards  [registryShards]registryShard
}

type registryShard struct {
	mu      sync.RWMutex
	sockets socketTable
}

func (r *registry) shard(id socketID) *registryShard { return &r.shards[id[0]%registryShards] }

// add takes in a socket that is connecting.
func (r *registry) add(s *Socket) {
	r.pending.Add(1)
	sh := r.shard(s.id)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	sh.sockets.add(s)
}

// admit counts a socket as open that was counted as pending.
func (r *registry) admit() {
	r.pending.Add(-1)
	r.open.Add(1)
}

// remove forgets a socket that was in state before it was closed.
func (r *registry) remove(s *Socket, before SocketState) {
	if before == Open {
		r.open.Add(-1)
	} else {
		r.pending.Add(-1)
	}
	sh := r.shard(s.id)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	sh.sockets.remove(s)
}

func (r *registry) get(id socketID) *Socket {
	sh := r.shard(id)
	sh.mu.RLock()
	defer sh.mu.RUnlock()
	return sh.sockets.get(id)
}

// all goes over the sockets without holding a lock while it yields.
func (r *registry) all() iter.Seq[*Socket] {
	return func(yield func(*Socket) bool) {
		var batch []*Socket
		for i := range r.shards {
			sh := &r.shards[i]
			batch = batch[:0]
			sh.mu.RLock()
			for _, s := range sh.sockets.slots {
				if s != nil {
					batch = append(batch, s)
				}
			}
			sh.mu.RUnlock()
			for _, s := range batch {
				if !yield(s) {
					return
				}
			}
		}
	}
}

// Clients goes over the sockets that have completed the handshake, in no
// order. Sockets that come or go meanwhile may be seen or not.
func (s *Server) Clients() iter.Seq[*Socket] { return s.clientsIn(Open) }

// PendingClients goes over the sockets that have not completed the handshake.
func (s *Server) PendingClients() iter.Seq[*Socket] { return s.clientsIn(Connecting) }

func (s *Server) clientsIn(state SocketState) iter.Seq[*Socket] {
	return func(yield func(*Socket) bool) {
		for sock := range s.registry.all() {
			if sock.State() == state && !yield(sock) {
				return
			}
		}
	}
}

// Client returns the socket of that id, connecting or open, or nil.
func (s *Server) Client(id string) *Socket {
	parsed, ok := parseID(id)
	if !ok {
		return nil
	}
	return s.registry.get(parsed)
}

// ClientsCount returns how many sockets have completed the handshake and are
// not closed; PendingClientsCount how many have yet to.
func (s *Server) ClientsCount() int { return int(s.registry.open.Load()) }

// PendingClientsCount returns how many sockets are connecting.
func (s *Server) PendingClientsCount() int { return int(s.registry.pending.Load()) }
