package sccbroker

import (
	"fmt"
	"slices"
	"time"

	"github.com/socketcluster-go/socketcluster/channels"
)

// table is the mapping for one list of brokers. It does not change.
type table struct {
	uris  []string // as the scc-state has named them
	site  func(channel string) string
	moved func(channel, uri string) bool // what settles, of the channels and where they are now; nil for none
}

// location is where a table maps a channel to.
type location struct {
	table *table
	uri   string // "" if there is no broker
	moved bool   // it was elsewhere before
}

// locate returns where a channel belongs. It is called without a lock: mapping
// takes its time, and may be the program's own.
func (t *table) locate(channel string) location {
	l := location{table: t}
	if t != nil {
		l.uri = t.site(channel)
		l.moved = t.moved != nil && t.moved(channel, l.uri)
	}
	return l
}

// locateAndLock returns where a channel belongs, with mu held.
func (b *Broker) locateAndLock(channel string) location {
	b.mu.Lock()
	for {
		t := b.table
		b.mu.Unlock()
		l := t.locate(channel)
		b.mu.Lock()
		if b.table == t {
			return l
		}
	}
}

// memberLocked returns the connection that a channel takes, nil if its broker is
// not known.
func (b *Broker) memberLocked(l location, channel string) *member {
	if p := b.pools[l.uri]; p != nil && len(p.members) > 0 {
		return p.members[hashIndex(channel, len(p.members))]
	}
	return nil
}

// routeLocked returns the connection by which a message can be sent now. Without
// one it says whether that is about to change, the channel being on its way to
// another broker, or else why there is none.
func (b *Broker) routeLocked(l location, channel string) (m *member, settling bool, err error) {
	m = b.memberLocked(l, channel)
	switch {
	case l.table == nil:
		return nil, false, fmt.Errorf("%w: the scc-state has not named any brokers yet", channels.ErrDisconnected)
	case m == nil:
		return nil, false, fmt.Errorf("%w: no scc-broker is known for the channel", channels.ErrDisconnected)
	case !m.ready && m.tried:
		return nil, false, fmt.Errorf("%w: scc-broker %s", channels.ErrDisconnected, m.pool.uri)
	case !m.ready, l.moved && b.settling != nil:
		return nil, true, nil
	}
	return m, false, nil
}

// follow is told which brokers there are, by one goroutine at a time. Channels
// are subscribed where they belong now before they are given up where they were.
func (b *Broker) follow(uris []string) {
	b.mu.Lock()
	old, settling := b.table, b.settling != nil
	b.mu.Unlock()
	// A list without any comes from an scc-state that was started anew, before the
	// brokers have come back to it: that moves nothing.
	if len(uris) == 0 || old != nil && slices.Equal(uris, old.uris) {
		return
	}
	t := &table{uris: slices.Clone(uris), site: b.opt.Mapper.Map(slices.Clone(uris))}
	switch {
	case old == nil || b.opt.Settle <= 0:
	case settling: // by the last change, which may have moved what stays now
		t.moved = func(string, string) bool { return true }
	default:
		site := old.site
		t.moved = func(channel, uri string) bool { return site(channel) != uri }
	}
	located := make(map[string]location)
	for !b.use(t, located) { // channels were subscribed meanwhile
		for name, l := range located {
			if l.table == nil {
				located[name] = t.locate(name)
			}
		}
	}
}

// use makes a table the one in use, given where it maps the subscribed channels
// to. If some are missing it notes them there and reports false.
func (b *Broker) use(t *table, located map[string]location) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return true
	}
	missing := false
	for name := range b.subs {
		if _, ok := located[name]; !ok {
			located[name], missing = location{}, true
		}
	}
	if missing {
		return false
	}
	b.openPoolsLocked(t.uris)
	b.table = t
	b.cutUnansweredLocked()
	for _, s := range b.subs {
		b.placeLocked(s, located[s.name])
	}
	if t.moved != nil {
		b.afterLocked(&b.settling, b.opt.Settle, func() {})
	}
	b.afterLocked(&b.pruning, max(b.opt.Overlap, 0), b.pruneLocked)
	b.changedLocked()
	return true
}

// afterLocked has f called in a while, with mu held, unless the timer is set anew
// before. The timer is nil when it is not running.
func (b *Broker) afterLocked(slot **time.Timer, d time.Duration, f func()) {
	if *slot != nil {
		(*slot).Stop()
	}
	var t *time.Timer
	t = time.AfterFunc(d, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		if *slot == t && !b.closed {
			*slot = nil
			f()
			b.changedLocked()
		}
	})
	*slot = t
}

// stopLocked stops a timer.
func stopLocked(t *time.Timer) {
	if t != nil {
		t.Stop()
	}
}
