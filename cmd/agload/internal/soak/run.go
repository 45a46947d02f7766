package soak

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/socketcluster-go/socketcluster/cmd/agload/internal/wire"
)

// runner is one soak.
type runner struct {
	plan Plan
	cluster
	shape   *wire.Shape
	ledger  *ledger
	proxy   *proxy
	journal *journal
	clients []*client
	memory  []Sample
	began   time.Time

	// calm is set while it is calm.
	calm atomic.Pointer[calm]

	published, acknowledged, failed, delivered, lostBetween atomic.Uint64
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
	err := r.cluster.build(&plan)
	defer r.cluster.close()
	if err != nil {
		return nil, err
	}
	if r.proxy, err = newProxy(); err != nil {
		return nil, err
	}
	defer r.proxy.close()
	if err = r.cluster.start(ctx); err == nil {
		r.began = time.Now()
		r.soak(ctx)
	}
	stopErr := r.cluster.stop(context.WithoutCancel(ctx))
	if err != nil {
		return nil, err
	}
	if stopErr != nil {
		r.journal.violate(restartFailed, "the server", stopErr.Error())
	}
	return r.result(ctx.Err() != nil), nil
}

// begin opens a stream in a channel.
func (r *runner) begin(channel, node int) *stream {
	return r.mesh.begin(r.ledger, r.ledger.channels[channel], node)
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
	d := &director{runner: r, ill: make([]bool, len(r.gates)), random: rand.New(rand.NewPCG(r.plan.Seed, 1<<32))}
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
		if n, ok = r.nodes[0].sockets(); !ok || n == 0 {
			return
		}
	}
	r.journal.violate(notReleased, "the server", fmt.Sprintf("%d sockets %v after their end", n, r.plan.Patience))
}
