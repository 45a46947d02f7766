package load

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/socketcluster-go/socketcluster/cmd/agload/internal/wire"
)

// runner carries out one plan.
type runner struct {
	plan      Plan
	nodes     []*node // of URLs, then those of PublishURLs that are others
	shape     *wire.Shape
	procedure []byte        // its name as JSON
	interval  time.Duration // between paced publications
	lanes     []*lane
	n         int // of sessions
	driver    driver
	pids      []int // of all nodes
	engine    []int // pids of what joins the nodes
	progress  func(Progress)
	began     time.Time

	running   atomic.Bool // the load is on
	measuring atomic.Bool
	stopping  atomic.Bool
}

// Run carries out a plan. An error means that there is nothing to report: the
// load was not begun. A context that ends, ends the run in order, with what was
// measured so far. progress may be nil; it is called from time to time.
func Run(ctx context.Context, plan Plan, progress func(Progress)) (*Result, error) {
	if err := plan.Check(); err != nil {
		return nil, err
	}
	r := &runner{plan: plan, progress: progress, began: time.Now()}
	var err error
	if err := r.findNodes(ctx); err != nil {
		return nil, err
	}
	r.shape = wire.NewShape(plan.Payload, plan.Text)
	r.procedure = wire.Quote(plan.Procedure)
	if plan.Mode.isPaced() {
		r.interval = time.Duration(float64(time.Second) / plan.Rate)
	}
	if err := allowFiles(plan.sockets()); err != nil {
		return nil, err
	}
	for _, n := range r.nodes {
		if err := r.probe(ctx, n); err != nil {
			return nil, err
		}
	}
	r.findProcesses()
	r.build()
	if r.driver, err = newDriver(r); err != nil {
		return nil, err
	}
	limited, cancel := context.WithTimeout(ctx, plan.MaxTime)
	defer cancel()
	result := r.measure(limited)
	result.Interrupted = ctx.Err() != nil
	result.TimeUp = ctx.Err() == nil && limited.Err() != nil
	return result, nil
}

// measure goes through the phases of a run.
func (r *runner) measure(ctx context.Context) *Result {
	var m measurement
	m.start = r.reading()
	r.driver.connect()
	r.wait(ctx, "connecting", never, r.newConnected())
	m.connected = r.reading()
	isComplete := r.ready() == uint64(r.n)
	switch {
	case r.plan.Mode == Idle:
		r.wait(ctx, "idle", r.plan.Wait, nil)
		r.findProcesses() // there may be more of them
		m.end = r.reading()
	case isComplete:
		r.wait(ctx, "settling", r.plan.Settle, nil)
		r.running.Store(true)
		r.driver.begin()
		r.wait(ctx, "warming up", r.plan.Warm, r.isDeserted)
		m.before = r.reading()
		r.measuring.Store(true)
		r.wait(ctx, "measuring", r.plan.Measure, r.isDeserted)
		r.measuring.Store(false)
		m.end = r.reading()
		r.running.Store(false)
		r.drain()
		m.isLoaded = true
	}
	r.stopping.Store(true)
	r.driver.stop()
	return r.result(&m)
}

// stallTime is how long no connection may come up before the rest is given up.
const stallTime = 20 * time.Second

// newConnected returns a function that reports that all connections are up or
// have failed, or that nothing goes on.
func (r *runner) newConnected() func() bool {
	last, since := uint64(0), time.Now()
	if r.plan.Ramp > 0 { // the ramp itself is no stall
		since = since.Add(time.Duration(float64(time.Second) / r.plan.Ramp))
	}
	return func() bool {
		n := r.ready() + r.failed()
		if n != last {
			last, since = n, time.Now()
		}
		return n == uint64(r.n) || time.Since(since) > stallTime
	}
}

// isDeserted reports that no connection is left to go on with.
func (r *runner) isDeserted() bool { return r.closed() >= uint64(r.n) }

// How often a run looks whether its connections are up, and otherwise around: a
// thread that wakes more often costs what is being measured.
const (
	lookEvery = time.Millisecond
	tellEvery = 250 * time.Millisecond
	never     = time.Duration(-1)
)

// wait waits for a time, for a condition (nil: none), or for the context.
func (r *runner) wait(ctx context.Context, phase string, d time.Duration, done func() bool) {
	start := time.Now()
	look, end := tellEvery, (<-chan time.Time)(nil)
	if d == never {
		look = lookEvery
	} else {
		end = time.After(d)
	}
	tick := time.NewTicker(look)
	defer tick.Stop()
	told, before := start, r.operations()
	for done == nil || !done() {
		select {
		case <-tick.C:
		case <-end:
			return
		case <-ctx.Done():
			return
		}
		if since := time.Since(told); since >= tellEvery && r.progress != nil {
			operations := r.operations()
			r.progress(Progress{
				Phase: phase, Elapsed: time.Since(start), Of: max(0, d), Ready: r.ready(), Sockets: uint64(r.n),
				PerSecond: float64(operations-before) / since.Seconds(), Wrong: r.wrong(),
			})
			told, before = time.Now(), operations
		}
	}
}

// drain waits until everything that was sent has arrived, or nothing comes any
// more.
func (r *runner) drain() {
	time.Sleep(20 * time.Millisecond) // what was being sent is counted
	last, since := r.operations(), time.Now()
	for time.Since(since) < r.plan.Drain {
		got := r.operations()
		acknowledged := r.plan.Mode == RPC || r.plan.NoAck || r.replies() >= r.sent()
		if got >= r.owed() && acknowledged || r.isDeserted() {
			return
		}
		if got != last {
			last, since = got, time.Now()
		}
		time.Sleep(5 * time.Millisecond)
	}
}
