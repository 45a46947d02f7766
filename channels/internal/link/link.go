package link

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/socketcluster-go/socketcluster/channels"
)

// Options say how publications wait for a connection.
type Options struct {
	Wait time.Duration // for how long; 0 = not at all
	Max  int           // how many bytes may
}

// Link is the state of a broker's connection. It is made by New, starts no
// goroutine, and is safe for concurrent use.
type Link struct {
	// Immutable.
	opt    Options
	ctx    context.Context // ends with Close
	cancel context.CancelFunc

	mu sync.Mutex

	// Guarded by mu.
	sink    channels.Sink // nil before Attach
	closed  bool
	ready   bool                // it has been up
	up      chan struct{}       // closed while it is up
	waiting int                 // bytes that wait for up
	reasons map[string]reported // why there is no connection
}

// New returns a link that is down.
func New(o Options) *Link {
	l := &Link{opt: o, up: make(chan struct{})}
	l.ctx, l.cancel = context.WithCancel(context.Background())
	return l
}

// Attach sets the sink, once.
func (l *Link) Attach(sink channels.Sink) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.closed:
		return channels.ErrClosed
	case l.sink != nil:
		return channels.ErrAttached
	}
	l.sink = sink
	return nil
}

// Detach undoes Attach, for a broker that could not make use of it.
func (l *Link) Detach() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sink = nil
}

// Check returns an error unless the broker can be used.
func (l *Link) Check() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.checkLocked()
}

func (l *Link) checkLocked() error {
	switch {
	case l.closed:
		return channels.ErrClosed
	case l.sink == nil:
		return channels.ErrNotAttached
	}
	return nil
}

// Up says that there is a connection, with every subscription, and tells the
// sink.
func (l *Link) Up() {
	l.mu.Lock()
	sink, first := l.sink, !l.ready
	if l.closed || isClosed(l.up) {
		l.mu.Unlock()
		return
	}
	l.ready = true
	l.reasons = nil
	close(l.up)
	l.mu.Unlock()
	if first {
		sink.BrokerReady()
	} else {
		sink.BrokerStateChange(nil)
	}
}

// Down says that the connection is lost, and why, and tells the sink.
func (l *Link) Down(cause error) {
	l.mu.Lock()
	sink := l.sink
	if l.closed || !isClosed(l.up) {
		l.mu.Unlock()
		return
	}
	l.up = make(chan struct{})
	l.mu.Unlock()
	lost := channels.ErrDisconnected
	if cause != nil {
		lost = fmt.Errorf("%w: %w", channels.ErrDisconnected, cause)
	}
	sink.BrokerStateChange(lost)
}

// Report tells the sink of an error, unless the broker is closed.
func (l *Link) Report(err error) {
	l.mu.Lock()
	sink, closed := l.sink, l.closed
	l.mu.Unlock()
	if !closed {
		sink.BrokerError(err)
	}
}

// maxReasons bounds how many reasons of failures are told apart until there is a
// connection, or the older ones are forgotten: some have a port in their text that
// is another one each time.
const maxReasons = 8

// The same reason is reported again after the first of these times, then after
// twice that, up to the second.
const (
	firstSilence = time.Second
	longSilence  = time.Minute
)

// reported says when a reason may be reported again.
type reported struct {
	again   time.Time
	silence time.Duration
}

// Failed reports that an attempt to connect failed. Attempts come often, reports of
// the same reason ever less often, until there has been a connection. There is more
// than one since nobody may listen yet when a server has just been made.
func (l *Link) Failed(err error) {
	text, now := err.Error(), time.Now()
	l.mu.Lock()
	r, known := l.reasons[text]
	if !known && len(l.reasons) >= maxReasons {
		maps.DeleteFunc(l.reasons, func(_ string, r reported) bool { return now.Sub(r.again) > longSilence })
	}
	if now.Before(r.again) || !known && len(l.reasons) >= maxReasons {
		l.mu.Unlock()
		return
	}
	if l.reasons == nil {
		l.reasons = make(map[string]reported)
	}
	r.silence = min(max(2*r.silence, firstSilence), longSilence)
	r.again = now.Add(r.silence)
	l.reasons[text] = r
	l.mu.Unlock()
	l.Report(err)
}

// IsUp reports whether there is a connection.
func (l *Link) IsUp() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return isClosed(l.up)
}

// Await returns nil when there is a connection. Without one it waits for it as
// Options say, on behalf of a publication of that many bytes.
func (l *Link) Await(ctx context.Context, size int) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.checkLocked(); err != nil {
		return err
	}
	up := l.up
	switch {
	case isClosed(up):
		return nil
	case l.opt.Wait <= 0:
		return channels.ErrDisconnected
	case l.waiting+size > l.opt.Max:
		return fmt.Errorf("%w: %w", channels.ErrOverload, channels.ErrDisconnected)
	}
	l.waiting += size
	l.mu.Unlock()
	err := l.wait(ctx, up)
	l.mu.Lock()
	l.waiting -= size
	return err
}

func (l *Link) wait(ctx context.Context, up <-chan struct{}) error {
	t := time.NewTimer(l.opt.Wait)
	defer t.Stop()
	select {
	case <-up:
		return nil
	case <-t.C:
		return channels.ErrDisconnected
	case <-l.ctx.Done():
		return channels.ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Close ends every wait and the telling of the sink. It reports false if that
// had been done.
func (l *Link) Close() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return false
	}
	l.closed = true
	l.cancel()
	return true
}

// Context returns a context that ends with Close.
func (l *Link) Context() context.Context { return l.ctx }

// IsClosed reports whether Close was called.
func (l *Link) IsClosed() bool { return l.ctx.Err() != nil }

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
