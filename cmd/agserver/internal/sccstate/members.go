package sccstate

import (
	"context"
	"slices"
	"time"

	"github.com/socketcluster-go/socketcluster/agserver"
)

// member is an instance that has joined.
type member struct {
	instance
	// Workers only: what ends the telling of each kind of news.
	calls map[*news]context.CancelFunc
}

// news is the members of one type, and what is to be said of them.
type news struct {
	kind        string
	join, leave string // the procedures
	members     []*member

	timer     *time.Timer      // the announcement is due
	procedure string           // by which it is made
	newcomer  *agserver.Socket // who knows it already
}

// uris returns where the members are, in the order in which they joined.
func (n *news) uris() []string {
	uris := make([]string, 0, len(n.members))
	seen := make(map[string]bool, len(n.members))
	for _, m := range n.members {
		if !seen[m.uri] {
			seen[m.uri] = true
			uris = append(uris, m.uri)
		}
	}
	return uris
}

func (n *news) index(socket *agserver.Socket) int {
	return slices.IndexFunc(n.members, func(m *member) bool { return m.socket == socket })
}

// put makes an instance a member, or changes what is known of it. One whose
// connection has ended is none: nobody would take it out again.
func (n *news) put(i instance) {
	if at := n.index(i.socket); at >= 0 {
		n.members[at].instance = i
	} else if i.socket.State() == agserver.Open {
		n.members = append(n.members, &member{instance: i, calls: make(map[*news]context.CancelFunc)})
	}
}

// remove returns the member that it took out, or nil.
func (n *news) remove(socket *agserver.Socket) *member {
	at := n.index(socket)
	if at < 0 {
		return nil
	}
	m := n.members[at]
	n.members = slices.Delete(n.members, at, at+1)
	for _, end := range m.calls {
		end()
	}
	return m
}

// announceIn sets when and how the members are announced. What was set before
// is dropped: it is part of this.
func (n *news) announceIn(delay time.Duration, procedure string, newcomer *agserver.Socket) {
	n.timer.Reset(delay)
	n.procedure, n.newcomer = procedure, newcomer
}

func (s *State) joinBroker(req *agserver.Request) error {
	i, err := s.readInstance(req, brokerType)
	if err != nil {
		return err
	}
	s.brokers.put(i)
	s.brokers.announceIn(s.options.ScaleOutDelay, s.brokers.join, nil)
	s.logMember("a broker joined", i)
	return nil
}

// cluster is the answer for a worker that joins.
type cluster struct {
	Workers []string `json:"sccWorkerURIs"`
	Brokers []string `json:"sccBrokerURIs"`
	Time    int64    `json:"time"`
	Own     string   `json:"sccSourceWorkerURI"`
}

func (s *State) joinWorker(req *agserver.Request) error {
	i, err := s.readInstance(req, workerType)
	if err != nil {
		return err
	}
	if !s.ready {
		s.options.Log.Warn("a worker has to wait for brokers", "uri", i.uri, "instance", i.id, "socket", i.socket.ID())
		return ErrStarting
	}
	s.workers.put(i)
	s.workers.announceIn(s.options.ScaleOutDelay, s.workers.join, i.socket)
	s.logMember("a worker joined", i)
	// Before any announcement: the worker takes it for the newest that there is.
	return req.Reply(cluster{s.workers.uris(), s.brokers.uris(), s.snapshotTime(), i.uri})
}

// leave takes an instance out and has it announced, also where it was no
// member.
func (s *State) leave(n *news, socket *agserver.Socket) {
	m := n.remove(socket)
	n.announceIn(s.options.ScaleBackDelay, n.leave, nil)
	if m != nil {
		what := map[string]string{brokerType: "a broker left", workerType: "a worker left"}[n.kind]
		s.logMember(what, m.instance)
	}
}

// disconnected takes out whatever the socket has been.
func (s *State) disconnected(socket *agserver.Socket) {
	kind := socket.Request().URL.Query().Get("instanceType")
	for _, n := range []*news{&s.brokers, &s.workers} {
		if n.kind == kind || n.index(socket) >= 0 {
			s.leave(n, socket)
		}
	}
}

func (s *State) logMember(what string, i instance) {
	s.options.Log.Info(what, "uri", i.uri, "instance", i.id, "socket", i.socket.ID())
}
