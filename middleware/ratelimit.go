package middleware

import (
	"context"
	"time"

	"github.com/socketcluster-go/socketcluster/middleware/rate"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// ErrRateLimit answers what a client does more often than RateLimit allows. Its name
// on the wire is RateLimitError.
var ErrRateLimit = &protocol.Error{Name: "RateLimitError"}

// Excess is what becomes of an action that is over its rate.
type Excess int

const (
	// Refuse answers calls with ErrRateLimit and drops transmits. Subscriptions
	// wait, as with Delay: a client gives up a channel whose subscription fails.
	Refuse Excess = iota
	// Delay has the action wait until it is within the rate, and with it whatever
	// the client sends behind it: once its buffer is full it is read no further, and
	// TCP slows it down. Raw messages do not wait: they are dropped.
	Delay
	// Disconnect closes the socket.
	Disconnect
)

// RateLimits are the rates of RateLimit. The zero value of each field is no limit.
type RateLimits struct {
	// By kind of action. Those of a batch count one by one.
	Publish, Subscribe, Invoke, Transmit, Authenticate rate.Limit

	// Message is for all messages, of whatever kind and however broken, pongs
	// included; a batch is one. It takes a second middleware, of type InboundRaw.
	Message rate.Limit

	// Key says on whose account an action is: that of a user, say, or of an address
	// (ForwardedFor of *agserver.Socket), with all its sockets. nil means each socket
	// by itself. It is called for every action that has a limit, and must not block.
	Key func(*Action) string

	// Excess is what becomes of an action that is over its rate.
	Excess Excess

	// CloseCode is what Disconnect closes with. 0 means 1008, after which the
	// JavaScript client connects again in 10 to 20 s; after 4500 and more it does not.
	CloseCode protocol.CloseCode

	// MaxKeys bounds the accounts that are held for each kind. Those that have not
	// been used for a while are not held at all; past the bound, those that are used
	// the least are forgotten. 0 means rate.DefaultMaxKeys.
	MaxKeys int
}

// reportEvery is how often refusals are reported to the listeners of the server, for
// each account, in seconds: a flood must not become one of reports.
const reportEvery = 10

// RateLimit limits how often a client does something. The function is for types
// Inbound and, because of Message, InboundRaw; it may be installed as both.
//
//	limit := middleware.RateLimit(&middleware.RateLimits{Publish: rate.Limit{PerSecond: 50, Burst: 200}})
//	srv.SetMiddleware(middleware.Inbound, middleware.Chain(limit, mine))
//
// A socket that has done nothing for a while costs nothing, an action costs about
// 0.2 µs. What is refused is reported once in 10 s for each account.
func RateLimit(o *RateLimits) Func {
	if o == nil {
		o = new(RateLimits)
	}
	r := &rateLimit{o: *o, reports: rate.NewTable[string](rate.Limit{PerSecond: 1.0 / reportEvery, Burst: 1}, o.MaxKeys), tables: make(map[Kind]*rate.Table[string])}
	for kind, limit := range map[Kind]rate.Limit{
		PublishIn: o.Publish, Subscribe: o.Subscribe, Invoke: o.Invoke, Transmit: o.Transmit,
		Authenticate: o.Authenticate, Message: o.Message,
	} {
		if limit.IsOn() {
			r.tables[kind] = rate.NewTable[string](limit, o.MaxKeys)
		}
	}
	if r.o.CloseCode == 0 {
		r.o.CloseCode = protocol.ClosePolicyViolation
	}
	return r.decide
}

// rateLimit is what RateLimit counts with. It is immutable but for the tables.
type rateLimit struct {
	o       RateLimits
	tables  map[Kind]*rate.Table[string]
	reports *rate.Table[string]
}

func (r *rateLimit) decide(ctx context.Context, a *Action) error {
	table := r.tables[a.Kind]
	if table == nil || a.Socket == nil {
		return nil
	}
	key := ""
	if r.o.Key != nil {
		key = r.o.Key(a)
	} else {
		key = a.Socket.ID()
	}
	if r.o.Excess != Disconnect && a.Kind == Subscribe || r.o.Excess == Delay && a.Kind != Message {
		return wait(ctx, a, table, key)
	}
	if table.Take(key) == 0 {
		return nil
	}
	if s, ok := a.Socket.(disconnecter); ok && r.o.Excess == Disconnect {
		_ = s.Disconnect(r.o.CloseCode, "Too many messages") // it reports a bad code itself
	}
	return &Refusal{
		Err:   &protocol.Error{Name: ErrRateLimit.Name, Message: "The rate limit for " + string(a.Kind) + " was exceeded"},
		Quiet: r.reports.Take(key) > 0,
	}
}

// disconnecter is what Disconnect asks of a socket.
type disconnecter interface {
	Disconnect(code protocol.CloseCode, reason string) error
}

// wait waits until there is room for the action. It blocks.
func wait(ctx context.Context, a *Action, table *rate.Table[string], key string) error {
	pause := table.Reserve(key)
	if pause == 0 {
		return nil
	}
	a.Yield()
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		table.Return(key)
		return context.Cause(ctx)
	}
}
