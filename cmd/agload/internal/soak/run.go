package soak

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/socketcluster-go/socketcluster/cmd/agload/internal/proc"
	"github.com/socketcluster-go/socketcluster/cmd/agload/internal/wire"
)

// runner is one soak.
type runner struct {
	plan    Plan
	node    node
	target  string // address of the server
	upgrade []byte
	shape   *wire.Shape
	ledger  *ledger
	proxy   *proxy
	journal *journal
	clients []*client
	memory  []Sample
	began   time.Time

	// calm is set while it is calm.
	calm atomic.Pointer[calm]

	published, acknowledged, delivered atomic.Uint64
}

// calm is one calm.
type calm struct {
	over chan struct{} // closed at its end
}

func (r *runner) isCalm() bool { return r.calm.Load() != nil }

// Run carries out a plan. An error means that it could not begin. A context that
// ends, ends it in order: the accounts of the last round are settled.
func Run(ctx context.Context, plan Plan) (*Result, error) {
	if err := plan.Check(); err != nil {
		return nil, err
	}
	r := &runner{plan: plan, shape: wire.NewShape(plan.Payload, false), journal: newJournal(plan.Log)}
	var names []string
	for i := range plan.Channels {
		names = append(names, fmt.Sprintf("soak-%d-%d", plan.Seed, i))
	}
	r.ledger = newLedger(names, r.shape)
	path, err := r.newNode()
	if err != nil {
		return nil, err
	}
	if r.proxy, err = newProxy(); err != nil {
		return nil, err
	}
	defer r.proxy.close()
	if r.target, err = r.node.start(ctx); err != nil {
		return nil, fmt.Errorf("the server cannot be started: %w", err)
	}
	r.upgrade = wire.AppendUpgrade(nil, path, r.target)
	r.began = time.Now()
	r.soak(ctx)
	if err := r.node.stop(context.WithoutCancel(ctx)); err != nil {
		r.journal.violate(restartFailed, "the server", err.Error())
	}
	return r.result(ctx.Err() != nil), nil
}

// newNode chooses the server, and returns the path of its sockets.
func (r *runner) newNode() (path string, err error) {
	path = "/socketcluster/"
	switch {
	case r.plan.URL != "":
		u, err := url.Parse(r.plan.URL)
		if err != nil {
			return "", err
		}
		if u.Path != "" && u.Path != "/" {
			path = u.RequestURI()
		}
		n := &external{address: u.Host}
		if r.plan.PID != 0 {
			n.pids = proc.Group(r.plan.PID)
		}
		r.node = n
	case len(r.plan.Command) > 0:
		r.node = &child{words: r.plan.Command}
	default:
		r.node = &inside{portable: r.plan.Portable}
	}
	return path, nil
}

// soak starts the clients, has the director do its work, and ends the clients.
func (r *runner) soak(ctx context.Context) {
	// The clients outlive the context: they are needed for the last calm.
	living, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	var all sync.WaitGroup
	for i := range r.plan.Clients {
		c := &client{id: i, run: r, name: fmt.Sprintf("user %d", i), random: rand.New(rand.NewPCG(r.plan.Seed, uint64(i)))}
		r.clients = append(r.clients, c)
	}
	for _, c := range r.clients {
		act := c.act
		if c.id < r.plan.Publishers {
			act = c.publish
		}
		all.Go(func() { c.live(living, act) })
	}
	d := &director{runner: r, random: rand.New(rand.NewPCG(r.plan.Seed, 1<<32))}
	d.direct(ctx)
	end()
	for _, k := range r.proxy.all() {
		k.heal()
	}
	all.Wait()
	r.checkReleased()
}

// checkReleased asks that the server has forgotten its sockets.
func (r *runner) checkReleased() {
	var n int
	for deadline := time.Now().Add(r.plan.Patience); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		var ok bool
		if n, ok = r.node.sockets(); !ok || n == 0 {
			return
		}
	}
	r.journal.violate(notReleased, "the server", fmt.Sprintf("%d sockets %v after their end", n, r.plan.Patience))
}
