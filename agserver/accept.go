package agserver

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/socketcluster-go/socketcluster/agserver/engine"
	"github.com/socketcluster-go/socketcluster/middleware"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// connector is the server as the engine sees it.
type connector struct{ *Server }

var _ engine.QuickHandler = connector{}

// maxOpening is the time from the decision over an upgrade to the connection's
// opening, which usually takes microseconds.
const maxOpening = 10 * time.Second

// upgrade is what the decision over an upgrade request leaves to the socket: the
// session of a handshake middleware that keeps state. A nil *upgrade has none.
type upgrade struct {
	session middleware.Session
	of      *installed
}

// Upgrade decides over an upgrade request.
func (c connector) Upgrade(ctx context.Context, r *engine.Request) engine.Decision {
	return c.decideUpgrade(ctx, r, c.middleware.get(middleware.Handshake))
}

// UpgradeQuickly does so where nobody but the options is to be asked.
func (c connector) UpgradeQuickly(r *engine.Request) (engine.Decision, bool) {
	if c.middleware.has(middleware.Handshake) || c.opt.HandleProtocols != nil {
		return engine.Decision{}, false
	}
	return c.decideUpgrade(c.ctx, r, nil), true
}

// decideUpgrade looks at the path, asks the handshake middleware, and looks at the
// origin: the order of the reference. Before all that comes the rate of a proxy's
// client.
func (c connector) decideUpgrade(ctx context.Context, r *engine.Request, m *installed) engine.Decision {
	if !c.admitForwarded(r) {
		return engine.Decision{Status: http.StatusTooManyRequests}
	}
	if c.opt.Path != AnyPath && r.Path() != c.opt.Path {
		return engine.Decision{Status: http.StatusBadRequest}
	}
	up, told := c.allowUpgrade(ctx, r, m)
	if told != nil {
		up.close()
		return engine.Decision{Status: http.StatusUnauthorized, Body: refusalBody(told)}
	}
	if !c.origins.allow(r.Origin()) {
		err := protocol.ErrServerProtocol.Withf("Failed to authorize socket handshake - Invalid origin: %s", shownOrigin(r))
		c.emitWarning(err)
		up.close()
		return engine.Decision{Status: http.StatusForbidden, Body: err.Message}
	}
	c.upgrades.await(up, maxOpening)
	d := engine.Decision{User: up}
	if choose := c.opt.HandleProtocols; choose != nil {
		if offered := r.Subprotocols(); len(offered) > 0 {
			err := guarded(func() error { d.Subprotocol = choose(offered, r.HTTP()); return nil })
			if err != nil {
				c.emitError(err)
				c.upgrades.opened(up)
				up.close()
				return engine.Decision{Status: http.StatusInternalServerError}
			}
			d.NoSubprotocol = d.Subprotocol == ""
		}
	}
	return d
}

// allowUpgrade asks the handshake middleware, nil = there is none, and returns what
// the client is told if it blocks.
func (c connector) allowUpgrade(ctx context.Context, r *engine.Request, m *installed) (up *upgrade, told error) {
	if m == nil {
		return nil, nil
	}
	var session middleware.Session
	if err := guarded(func() error { session = m.Open(); return nil }); err != nil {
		c.emitError(err)
		return nil, err
	}
	if _, ok := m.Middleware.(middleware.Func); !ok {
		up = &upgrade{session, m}
	}
	a := &middleware.Action{Kind: middleware.HandshakeWS, Request: r.HTTP()}
	err := guarded(func() error { return session.Decide(ctx, a) })
	if err == nil {
		return up, nil
	}
	reported, told := blocked(middleware.Handshake, a.Kind, err)
	if !c.opt.QuietMiddleware {
		c.emitWarning(reported)
	}
	return up, told
}

// close ends the middleware of a request that was refused.
func (up *upgrade) close() {
	if up != nil {
		up.session.Close()
	}
}

// upgrades are the accepted requests with a middleware at work whose connection
// is not open yet. It may never be: the client can go away in between.
type upgrades struct {
	mu     sync.Mutex
	timers map[*upgrade]*time.Timer
}

// await ends the middleware of an upgrade unless its connection is opened in
// time.
func (u *upgrades) await(up *upgrade, limit time.Duration) {
	if up == nil {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.timers == nil {
		u.timers = make(map[*upgrade]*time.Timer)
	}
	u.timers[up] = time.AfterFunc(limit, func() {
		if u.opened(up) {
			up.close()
		}
	})
}

// opened forgets an upgrade and reports whether it was still waited for.
func (u *upgrades) opened(up *upgrade) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	t, ok := u.timers[up]
	if ok {
		t.Stop()
		delete(u.timers, up)
	}
	return ok
}

// close ends the middlewares of all that will not be opened any more.
func (u *upgrades) close() {
	u.mu.Lock()
	defer u.mu.Unlock()
	for up, t := range u.timers {
		t.Stop()
		up.close()
	}
	clear(u.timers)
}

// refusalBody is the text that a refused client gets; "" stands for that of the
// status.
func refusalBody(err error) string {
	var v *protocol.Value
	if e := public(err); e != nil {
		return e.Message
	} else if errors.As(err, &v) {
		text, ok := v.Text()
		if !ok {
			text, _ = v.Member("message").Text()
		}
		return text
	}
	return ""
}

// Open takes in a connection.
func (c connector) Open(conn *engine.Conn) {
	now := c.engine.Now()
	s := newSocket(c.Server, conn, now)
	if up := conn.User().(*upgrade); up != nil && c.upgrades.opened(up) {
		ss := new(sessions)
		ss.open[slot(middleware.Handshake)].of = up.of
		ss.open[slot(middleware.Handshake)].Session = up.session
		s.seldom().middleware.Store(ss)
	}
	conn.SetUser(s)
	c.registry.add(s)
	if c.middleware.has(middleware.Outbound) { // or SetMiddleware finds the socket registered
		s.setApart(true)
	}
	conn.WakeAt(s.nextWake(now))
	s.expectConsumers(now)
	emit(c.Server, &c.emit.handshake, HandshakeEvent{s})
	if c.draining.Load() { // or drainLate finds the socket registered
		s.drain()
	}
}

func socketOf(conn *engine.Conn) *Socket { return conn.User().(*Socket) }

// Message takes a message from the engine.
func (c connector) Message(conn *engine.Conn, op engine.OpCode, p []byte) {
	socketOf(conn).receive(op == engine.OpBinary, p)
}

// Wake is called when one of a socket's times has come.
func (c connector) Wake(conn *engine.Conn, now engine.Instant) engine.Instant {
	return socketOf(conn).wake(now)
}

// Closed is told of the end of a connection.
func (c connector) Closed(conn *engine.Conn, code int, reason string, err error) {
	socketOf(conn).ended(protocol.CloseCode(code), reason, err)
}

// origins are the pages that may connect.
type origins struct {
	all     bool
	entries map[string]bool
}

// newOrigins reads entries of the form "host:port", either of which may be "*".
// An IPv6 address may stand in brackets.
func newOrigins(entries []string) origins {
	o := origins{entries: make(map[string]bool, len(entries))}
	for _, e := range entries {
		e = strings.NewReplacer("[", "", "]", "").Replace(strings.ToLower(strings.TrimSpace(e)))
		o.all = o.all || e == "*:*"
		o.entries[e] = true
	}
	return o
}

// allow reports whether a page of that origin may connect. None, and "null", are
// let in only with everybody else.
func (o origins) allow(origin string) bool {
	if o.all {
		return true
	}
	if origin == "" || origin == "null" {
		return false
	}
	u, err := url.Parse(origin)
	if err != nil || u.Hostname() == "" {
		return false
	}
	host, port := strings.ToLower(u.Hostname()), u.Port()
	if port == "" {
		if port = "80"; u.Scheme == "https" {
			port = "443"
		}
	}
	return o.entries[host+":"+port] || o.entries[host+":*"] || o.entries["*:"+port]
}

// shownOrigin is the origin of a request as the reference names it: "*" where
// there is none.
func shownOrigin(r *engine.Request) string {
	origin := r.Origin()
	if origin == "null" || origin == "" && !r.HasOrigin() {
		return "*"
	}
	return origin
}

// parseProxies reads addresses and prefixes.
func parseProxies(texts []string) ([]netip.Prefix, error) {
	var prefixes []netip.Prefix
	for _, text := range texts {
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			addr, err2 := netip.ParseAddr(text)
			if err2 != nil {
				return nil, optionError("TrustedProxies must be addresses or prefixes (192.0.2.1, 10.0.0.0/8), not %q", text)
			}
			prefix = netip.PrefixFrom(addr, addr.BitLen())
		}
		prefixes = append(prefixes, prefix)
	}
	return prefixes, nil
}

// ForwardedFor returns the client's address as the trusted proxies tell it: the
// last entry of X-Forwarded-For that is not itself one of them. When the peer is
// no trusted proxy it is the peer's own address.
func (s *Socket) ForwardedFor() netip.Addr {
	return s.srv.forwardedFor(s.RemoteAddr().Addr().Unmap(), s.conn.Request())
}

// forwardedFor does that for a request of a peer.
func (s *Server) forwardedFor(client netip.Addr, r *engine.Request) netip.Addr {
	entries := strings.Split(r.Header("X-Forwarded-For"), ",")
	for i := len(entries) - 1; i >= 0 && s.trusts(client); i-- {
		addr, err := netip.ParseAddr(strings.TrimSpace(entries[i]))
		if err != nil {
			break
		}
		client = addr.Unmap()
	}
	return client
}

func (s *Server) trusts(addr netip.Addr) bool {
	for _, p := range s.proxies {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}

// addrPort reads a network address; what has no IP address is the zero value.
func addrPort(a net.Addr) netip.AddrPort {
	if a, ok := a.(interface{ AddrPort() netip.AddrPort }); ok {
		ap := a.AddrPort()
		return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
	}
	return netip.AddrPort{}
}
