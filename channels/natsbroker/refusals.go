package natsbroker

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/nats-io/nats.go"

	"github.com/socketcluster-go/socketcluster/channels"
)

// What a NATS server may refuse, in its words.
const (
	publication  = "Publish"
	subscription = "Subscription"
)

// refusals knows what the NATS server has refused for want of a permission. The server
// says so behind the message, before it confirms what it was sent: in the order in
// which it was sent, and by subject alone.
type refusals struct {
	count atomic.Uint64 // of all so far

	mu sync.Mutex

	// Guarded by mu.
	told         []error           // the last ones that the NATS client told of, the oldest at (count-1) % maxTold
	more         chan struct{}     // closed when there is one more; nil = nobody waits
	recent, past map[string]uint64 // the number of its last refusal, by what was refused
	forgotten    uint64            // refusals up to this one may have been forgotten
}

const (
	maxTold    = 1_024
	maxRefused = 4_096 // in each of recent and past
)

// add takes note of a refusal.
func (r *refusals) add(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := r.count.Load() + 1
	if len(r.told) < maxTold {
		r.told = append(r.told, err)
	} else {
		r.told[(n-1)%maxTold] = err
	}
	if r.recent == nil || len(r.recent) >= maxRefused {
		for _, old := range r.past {
			r.forgotten = max(r.forgotten, old)
		}
		r.recent, r.past = make(map[string]uint64), r.recent
	}
	if what, ok := parseRefusal(err); ok {
		r.recent[what] = n
	}
	r.count.Store(n)
	if r.more != nil {
		close(r.more)
		r.more = nil
	}
}

// parseRefusal returns what was refused, by an error of the NATS client which has the
// server's words: its kind and its subject.
func parseRefusal(err error) (what string, ok bool) {
	_, text, _ := strings.Cut(err.Error(), "Permissions Violation for ")
	kind, subject, _ := strings.Cut(text, " to ")
	if subject, err = strconv.QuotedPrefix(subject); err != nil {
		return "", false
	}
	subject, err = strconv.Unquote(subject)
	return kind + " to " + subject, err == nil
}

// of returns an error if this was refused, after as many refusals as there had been
// before.
func (r *refusals) of(what string, before uint64) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case max(r.recent[what], r.past[what]) > before:
		return channels.ErrUnauthorized
	case r.forgotten > before:
		return channels.ErrUnconfirmed // it may have been among those
	}
	return nil
}

// wait waits until the NATS client has told of an error.
func (r *refusals) wait(ctx context.Context, err error) {
	for {
		r.mu.Lock()
		known := slices.Contains(r.told, err)
		if r.more == nil {
			r.more = make(chan struct{})
		}
		more := r.more
		r.mu.Unlock()
		if known {
			return
		}
		select {
		case <-more:
		case <-ctx.Done():
			return
		}
	}
}

// refused returns an error if the server has refused what was sent in a channel, after
// as many refusals as there had been before.
func (b *Broker) refused(kind, channel string, before uint64) error {
	if b.refusals.count.Load() == before {
		return nil
	}
	return b.refusals.of(kind+" to "+b.subject(channel), before)
}

// hear waits, when the server has confirmed what it was sent, until the NATS client,
// which tells of errors by another goroutine, has told of the last refusal that came
// before. It is for ask.
//
// The client keeps the last error alone: when a message was dropped at the same moment,
// say, this does not know that there was a refusal before. Then only the sink is told.
func (b *Broker) hear(conn *nats.Conn) {
	err := conn.LastError()
	if !errors.Is(err, nats.ErrPermissionViolation) || err == b.heard {
		return
	}
	ctx, cancel := context.WithTimeout(b.link.Context(), b.opt.Timeout)
	defer cancel()
	b.refusals.wait(ctx, err)
	b.heard = err
}
