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

// Link is the state of a broker's connection: up, or down. It is made by New, starts
// no goroutine, and is safe for concurrent use. Who calls Up, Down or Hold may find
// himself telling the sink of what others have changed meanwhile.
type Link struct {
	// Immutable.
	opt    Options
	ctx    context.Context // ends with Close
	cancel context.CancelFunc

	mu sync.Mutex

	// Guarded by mu.
	sink      channels.Sink // nil before Attach
	closed    bool
	connected bool                // Up was called, and not Down after it
	lack      error               // what a connection is not enough without; nil = nothing
	up        chan struct{}       // closed while it is up: connected, and nothing is lacking
	waiting   int                 // bytes that wait for up
	reasons   map[string]reported // why there is no connection
	ready     bool                // the sink was told that it has been up
	untold    []error             // changes that the sink has yet to be told of; nil = up
	telling   bool                // a goroutine tells the sink
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

// Up says that there is a connection, with every subscription.
func (l *Link) Up() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.connected = true
	l.changeLocked(nil)
}

// Down says that the connection is lost, and why.
func (l *Link) Down(cause error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.connected = false
	l.changeLocked(cause)
}

// Hold says what is lacking: the link is not up, connection or not, until Hold is
// called with nil. It may be called before Attach.
func (l *Link) Hold(lack error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lack = lack
	l.changeLocked(lack)
}

// changeLocked finds out whether the link has come up or gone down, and tells the
// sink: the cause is why it went down.
func (l *Link) changeLocked(cause error) {
	up := l.connected && l.lack == nil
	if up == isClosed(l.up) {
		return
	}
	var lost error
	if up {
		l.reasons = nil
		close(l.up)
	} else {
		l.up = make(chan struct{})
		lost = channels.ErrDisconnected
		if cause != nil {
			lost = fmt.Errorf("%w: %w", channels.ErrDisconnected, cause)
		}
	}
	if n := len(l.untold); n < maxUntold {
		l.untold = append(l.untold, lost)
	} else {
		l.untold = l.untold[:n-1] // the sink is stuck, and is spared this change and its opposite before it
	}
	l.tellLocked()
}

// maxUntold bounds how many changes wait for a sink that takes its time.
const maxUntold = 16

// tellLocked tells the sink of changes, in their order. Where a goroutine is at it,
// that one goes on with these: no lock is held meanwhile.
func (l *Link) tellLocked() {
	if l.telling {
		return
	}
	l.telling = true
	for len(l.untold) > 0 && !l.closed {
		lost := l.untold[0]
		l.untold = l.untold[1:]
		sink, first := l.sink, !l.ready
		l.ready = true
		func() {
			l.mu.Unlock()
			defer l.mu.Lock()
			if first {
				sink.BrokerReady()
			} else {
				sink.BrokerStateChange(lost)
			}
		}()
	}
	l.telling = false
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

// Failed reports what may come often, such as that an attempt to connect failed: the
// same reason ever less often, until there has been a connection. There is more than
// one report since nobody may listen yet when a server has just been made.
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

// IsUp reports whether there is a connection, and nothing is lacking.
func (l *Link) IsUp() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return isClosed(l.up)
}

// Now returns nil if the link is up.
func (l *Link) Now() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.checkLocked(); err != nil || isClosed(l.up) {
		return err
	}
	return channels.ErrDisconnected
}

// Await returns nil when the link is up. Until then it waits as Options say, on
// behalf of a publication of that many bytes.
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

// Close ends every wait and the telling of the sink, but for a call of the sink that
// is under way. It reports false if that had been done.
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
