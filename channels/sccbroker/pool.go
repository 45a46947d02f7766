package sccbroker

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/socketcluster-go/socketcluster/agclient"
	"github.com/socketcluster-go/socketcluster/channels/stream"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// pool is the connections to one broker. A channel keeps to one of them.
type pool struct {
	uri     string
	members []*member // none if the URI is not one
}

// member is one connection to a broker, again and again.
type member struct {
	// Immutable.
	pool   *pool
	client *agclient.Client

	// Guarded by Broker.mu.
	places  map[string]*place // channels that are to be subscribed here
	pending int               // how many of them are not
	sending int               // publications without an answer yet
	open    bool
	ready   bool  // it is open and was subscribed to everything since
	tried   bool  // it has been ready, or has failed to be
	failure error // why the connection is about to end, if it was said

	// A publication was not answered in time, and none since: it may still be on its
	// way.
	unanswered bool
}

// How a lost broker is come back to: sooner than scc-broker-client does, whose
// first attempt is after ten to twenty seconds.
var reconnect = agclient.ReconnectOptions{
	InitialDelay: 100 * time.Millisecond, Randomness: 100 * time.Millisecond, MaxDelay: 2 * time.Second,
}

// closeTimeout bounds the closing handshakes.
const closeTimeout = time.Second

// openPoolsLocked connects to the brokers that the scc-state names, before that counts.
// One that was not named until now, and was lost before, is connected to anew: the next
// attempt may be seconds away, and its channels are about to move there.
func (b *Broker) openPoolsLocked(uris []string) {
	for _, uri := range uris {
		p := b.pools[uri]
		if p != nil && !b.listedLocked(p) && !p.isOpen() {
			b.forgetPoolLocked(p)
			p = nil
		}
		if p == nil {
			b.openPoolLocked(uri)
		}
	}
}

// isOpen reports whether there is a connection to the broker.
func (p *pool) isOpen() bool {
	return slices.ContainsFunc(p.members, func(m *member) bool { return m.open })
}

// forgetPoolLocked leaves a broker to which there is no connection, and which no channel
// belongs to.
func (b *Broker) forgetPoolLocked(p *pool) {
	for _, m := range p.members {
		for _, gone := range m.places {
			gone.sub.former = slices.DeleteFunc(gone.sub.former, func(p *place) bool { return p == gone })
			b.dropLocked(gone)
		}
	}
	b.closePoolLocked(p)
}

// openPoolLocked starts to connect to a broker.
func (b *Broker) openPoolLocked(uri string) {
	p := &pool{uri: uri}
	b.pools[uri] = p
	for i := range b.opt.PoolSize {
		client, err := agclient.New(uri, b.clientOptions(i))
		if err != nil {
			b.reportLocked(fmt.Errorf("scc-broker %q: %w", uri, err))
			return
		}
		m := &member{pool: p, client: client, places: make(map[string]*place)}
		p.members = append(p.members, m)
		events := client.Events().All.Consume()
		b.running.Go(func() { b.read(m, events) })
		_ = client.Connect() // it is not closed yet
	}
}

// read handles what happens to a connection, until the client or the broker is
// closed. It never waits for the node.
func (b *Broker) read(m *member, events *stream.Consumer[agclient.Event]) {
	for {
		ev, err := events.Next(b.link.Context())
		if err != nil {
			return
		}
		b.on(m, ev)
	}
}

// clientOptions returns those of a pool's nth connection.
func (b *Broker) clientOptions(n int) *agclient.Options {
	query := url.Values{"poolIndex": {strconv.Itoa(n)}}
	if b.opt.AuthKey != "" {
		query.Set("authKey", b.opt.AuthKey)
	}
	return &agclient.Options{
		Query: query, TLS: b.opt.TLS, NetDial: b.opt.NetDial,
		ConnectTimeout: b.opt.Timeout, AckTimeout: b.opt.Timeout, CloseTimeout: closeTimeout,
		Reconnect: reconnect, MaxBuffered: -1, // what is under way is bounded by who waits for it
	}
}

// closePoolLocked leaves a broker.
func (b *Broker) closePoolLocked(p *pool) {
	delete(b.pools, p.uri)
	for _, m := range p.members {
		m.open, m.ready = false, false
		b.running.Go(func() { _ = m.client.Close() })
	}
}

// on is told of everything that happens to a connection, in order.
func (b *Broker) on(m *member, ev agclient.Event) {
	switch ev := ev.(type) {
	case agclient.MessageEvent:
		b.onMessage(m, ev.Message)
	case agclient.ConnectingEvent:
		b.onConnecting(m)
	case agclient.ConnectEvent:
		b.onConnect(m)
	case agclient.SubscribeEvent:
		b.onSubscribe(m, ev.Channel)
	case agclient.SubscribeFailEvent:
		b.onSubscribeFail(m, ev.Channel, ev.Error)
	case agclient.KickOutEvent:
		b.onSubscribeFail(m, ev.Channel, fmt.Errorf("kicked out: %s", ev.Message))
	case agclient.ErrorEvent:
		b.onError(m, ev.Error)
	case agclient.CloseEvent:
		b.onClose(m, ev)
	}
}

func (b *Broker) onConnecting(m *member) {
	b.mu.Lock()
	defer b.mu.Unlock()
	m.failure = nil
}

func (b *Broker) onConnect(m *member) {
	b.mu.Lock()
	defer b.mu.Unlock()
	m.open = true
	b.readyLocked(m)
}

// readyLocked notes that a connection has every subscription, if so.
func (b *Broker) readyLocked(m *member) {
	if m.open && m.pending == 0 {
		m.ready, m.tried = true, true
		b.changedLocked()
	}
}

// onError notes why a connection is about to end.
func (b *Broker) onError(m *member, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if m.failure == nil {
		m.failure = err
	}
}

// onClose notes the end of a connection, or of an attempt. The first of attempts
// in a row that fail is reported.
func (b *Broker) onClose(m *member, ev agclient.CloseEvent) {
	b.mu.Lock()
	defer b.mu.Unlock()
	err := fmt.Errorf("scc-broker %s: %w", m.pool.uri, why(m.failure, ev))
	switch {
	case b.closed || !b.listedLocked(m.pool):
	case m.ready:
		b.lost = err
	case !m.tried:
		b.reportLocked(err)
		b.lost = err // if there was a connection to all of them
	}
	m.open, m.ready, m.tried, m.unanswered = false, false, true, false
	m.pending = len(m.places)
	for _, p := range m.places {
		p.confirmed = false
		p.settle(nil)
	}
	b.changedLocked()
	b.comeBack(m.client)
}

// comeBack connects a client that stays away, as it does after some status codes.
func (b *Broker) comeBack(c *agclient.Client) {
	if _, coming := c.PendingReconnect(); !coming && !b.link.IsClosed() {
		time.AfterFunc(b.opt.RetryDelay, func() { _ = c.Connect() })
	}
}

// why returns why a connection has ended.
func why(failure error, ev agclient.CloseEvent) error {
	switch {
	case failure != nil:
		return failure
	case ev.Cause != nil:
		return ev.Cause
	}
	return protocol.NewSocketProtocolError(ev.Reason, ev.Code)
}

// listedLocked reports whether the scc-state names the pool's broker.
func (b *Broker) listedLocked(p *pool) bool {
	return b.table != nil && b.pools[p.uri] == p && slices.Contains(b.table.uris, p.uri)
}
