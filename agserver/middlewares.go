package agserver

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/socketcluster-go/socketcluster/middleware"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// middlewares are the middleware of a server, at most one of each type.
type middlewares struct {
	mu        sync.Mutex // for writing
	installed [4]atomic.Pointer[installed]
}

// installed is a middleware from SetMiddleware to RemoveMiddleware; its address
// tells it from another one.
type installed struct {
	middleware.Middleware
	habit habit // of inbound functions
}

// slot is where a type of middleware stands in arrays.
func slot(t middleware.Type) int {
	switch t {
	case middleware.Handshake:
		return 0
	case middleware.InboundRaw:
		return 1
	case middleware.Inbound:
		return 2
	}
	return 3
}

func (m *middlewares) get(t middleware.Type) *installed { return m.installed[slot(t)].Load() }

func (m *middlewares) has(t middleware.Type) bool { return m.get(t) != nil }

// SetMiddleware installs a middleware; sockets that are open are subject to it
// from their next action on. It returns an InvalidArgumentsError for an unknown
// type and an InvalidActionError when there is one already: remove that first.
func (s *Server) SetMiddleware(t middleware.Type, m middleware.Middleware) error {
	if m == nil {
		return protocol.ErrInvalidArguments.Withf("Middleware %s is nil; RemoveMiddleware takes one out", t)
	}
	if !t.Valid() {
		return protocol.ErrInvalidArguments.Withf("Middleware %s type is not supported", t)
	}
	s.middleware.mu.Lock()
	defer s.middleware.mu.Unlock()
	if !s.middleware.installed[slot(t)].CompareAndSwap(nil, &installed{Middleware: m}) {
		return protocol.ErrInvalidAction.Withf("Middleware %s type has already been set", t)
	}
	if t == middleware.Outbound {
		s.setAllApart(true)
	}
	return nil
}

// RemoveMiddleware takes a middleware out. Actions that it is looking at are
// still its own to decide.
func (s *Server) RemoveMiddleware(t middleware.Type) {
	if !t.Valid() {
		return
	}
	s.middleware.mu.Lock()
	defer s.middleware.mu.Unlock()
	s.middleware.installed[slot(t)].Store(nil)
	if t == middleware.Outbound {
		s.setAllApart(false)
	}
}

// HasMiddleware reports whether there is a middleware of that type.
func (s *Server) HasMiddleware(t middleware.Type) bool {
	return t.Valid() && s.middleware.has(t)
}

// setAllApart makes publications go through the sockets one by one, or not.
func (s *Server) setAllApart(apart bool) {
	for sock := range s.registry.all() {
		sock.setApart(apart)
	}
}

// setApart does that for one socket; it stays apart while it has reasons of its
// own.
func (s *Socket) setApart(apart bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if apart {
		s.standApartLocked(true)
	} else {
		s.settleLocked()
	}
}

// sessions are the middlewares that keep state for one socket.
type sessions struct {
	mu   sync.Mutex
	open [4]struct {
		of *installed
		middleware.Session
	}
	ended bool // the socket has
}

// get returns the session of a middleware, opened now if need be.
func (ss *sessions) get(t middleware.Type, m *installed) middleware.Session {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	if ss.ended {
		return endedSession{middleware.ErrStreamEnded}
	}
	o := &ss.open[slot(t)]
	if o.of != m {
		if o.of != nil {
			o.Close()
		}
		var session middleware.Session
		if err := guarded(func() error { session = m.Open(); return nil }); err != nil {
			return endedSession{err}
		}
		o.of, o.Session = m, session
	}
	return o.Session
}

// endedSession blocks everything: the socket has ended, or its session could not
// be opened.
type endedSession struct{ err error }

func (s endedSession) Decide(context.Context, *middleware.Action) error {
	return &middleware.Blocked{Err: s.err}
}

func (endedSession) Close() {}
func (endedSession) Kill()  {}

// end ends the sessions, and those that somebody still asks for.
func (ss *sessions) end(f func(middleware.Session)) {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	ss.ended = true
	for i := range ss.open {
		if ss.open[i].of != nil {
			f(ss.open[i].Session)
		}
	}
}

// closeOne ends the session of one type.
func (ss *sessions) closeOne(t middleware.Type) {
	if ss == nil {
		return
	}
	ss.mu.Lock()
	defer ss.mu.Unlock()
	o := &ss.open[slot(t)]
	if o.of != nil {
		o.Close()
		o.of, o.Session = nil, nil
	}
}

// session returns the middleware at work on the socket, and the context for it.
// A function has no state to keep; a stream is not hurried by the socket's end,
// so that what was allowed late still happens, as in the reference.
func (s *Socket) session(t middleware.Type, m *installed) (middleware.Session, context.Context) {
	if f, ok := m.Middleware.(middleware.Func); ok {
		return f.Open(), s.Context()
	}
	return s.sessions().get(t, m), s.srv.ctx
}

// sessions returns the socket's sessions, made now if need be. Those that are made
// after its end are ended: that may have found none, and no middleware either, which
// an action that is under way knows all the same.
func (s *Socket) sessions() *sessions {
	mw := &s.seldom().middleware
	ss := mw.Load()
	if ss == nil {
		mw.CompareAndSwap(nil, new(sessions))
		if ss = mw.Load(); s.isDead() {
			ss.end(middleware.Session.Close)
		}
	}
	return ss
}

// openSessions returns the socket's sessions if there are any; otherwise nil.
func (s *Socket) openSessions() *sessions {
	if r := s.rare.Load(); r != nil {
		return r.middleware.Load()
	}
	return nil
}

// decide asks the middleware of a type about an action, by way of run, and
// returns nil or what a client may be told. What blocks is reported.
func (s *Socket) decide(t middleware.Type, a *middleware.Action, run func(*habit, userCode) error) error {
	m := s.srv.middleware.get(t)
	if m == nil {
		return nil
	}
	data, message := a.Data, a.Message
	err := run(&m.habit, codeFunc(func() error {
		session, ctx := s.session(t, m)
		return session.Decide(ctx, a)
	}))
	if err == nil {
		if a.Data == nil {
			a.Data = data
		}
		if a.Message == nil {
			a.Message = message
		}
		return nil
	}
	reported, told := blocked(t, a.Kind, err)
	if r := refusalOf(err); !s.srv.opt.QuietMiddleware && (r == nil || !r.Quiet) {
		s.emitError(reported)
	}
	return told
}

// blocked returns what is reported of an action that was not allowed, and what
// the client is told.
func blocked(t middleware.Type, k middleware.Kind, err error) (reported, told error) {
	var b *middleware.Blocked
	if errors.As(err, &b) {
		err = b.Err
	}
	silent := protocol.NewSilentMiddlewareBlockedError(
		fmt.Sprintf("The %s AGAction was blocked by %s middleware", k, t), string(t))
	r := refusalOf(err)
	if r != nil && r.Err == nil {
		err = nil
	}
	var v *protocol.Value
	switch {
	case err == nil, errors.As(err, &v) && v.Falsy():
		return withStatus(silent, r), withStatus(silent, r)
	case r != nil && r.Silent, truthy(err, "silent"):
		return err, withStatus(silent, r)
	}
	return err, err
}

// withStatus keeps the status code of a refusal whose error is not shown.
func withStatus(silent *protocol.Error, r *middleware.Refusal) error {
	if r == nil || r.StatusCode == 0 {
		return silent
	}
	return &middleware.Refusal{Err: silent, StatusCode: r.StatusCode}
}

// truthy reports whether an error has a field that JavaScript takes for true.
func truthy(err error, field string) bool {
	var (
		value *protocol.Value
		v     protocol.Data
	)
	if errors.As(err, &value) {
		v = value.Data.Member(field)
	} else if e := public(err); e != nil {
		v = e.Field(field)
	}
	return v.Exists() && !v.Falsy()
}
