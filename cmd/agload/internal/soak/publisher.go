package soak

import (
	"context"
	"fmt"
	"time"
)

// maxOpen is how many publications of a stream may wait for their answers: what
// cannot be kept up with is not published.
const maxOpen = 200

// publish is what a publisher does while it is connected: it publishes to one
// channel after the other at its share of the rate.
func (c *client) publish(ctx context.Context, s *socket) {
	var streams []*stream
	for i := c.id; i < len(c.run.ledger.channels); i += c.run.plan.Publishers {
		streams = append(streams, c.run.begin(i, s.node))
	}
	if len(streams) == 0 { // more publishers than channels
		streams = append(streams, c.run.begin(c.id%len(c.run.ledger.channels), s.node))
	}
	defer func() {
		if !s.isOver() {
			s.leave(false)
		}
		for _, st := range streams {
			st.isOver.Store(true)
		}
	}()
	tick := time.NewTicker(time.Duration(float64(c.run.plan.Publishers) / c.run.plan.Rate * float64(time.Second)))
	defer tick.Stop()
	life := time.Now().Add(c.someLife())
	for n := 0; life.After(time.Now()) || c.run.isCalm(); n++ {
		select {
		case <-ctx.Done():
			return
		case <-s.ended:
			return
		case <-tick.C:
		}
		if c.run.isCalm() && (!c.awaitAnswers(ctx, s, streams) || !c.restAndShow(ctx, s, streams)) {
			return
		}
		st := streams[n%len(streams)]
		if st.open() < maxOpen && s.publish(st) != nil {
			return
		}
	}
}

// restAndShow waits for the end of a calm, as rest does. Meanwhile it publishes
// what shows subscribers on other nodes that the way to them is there.
func (c *client) restAndShow(ctx context.Context, s *socket, streams []*stream) bool {
	calm := c.run.calm.Load()
	if calm == nil {
		return true
	}
	c.isSettled.Store(true)
	defer c.isSettled.Store(false)
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for {
		select {
		case <-calm.over:
			return true
		case <-s.ended:
			return false
		case <-ctx.Done():
			return false
		case <-look.C:
		}
		for _, st := range streams {
			if st.open() == 0 && st.wanted.Swap(false) && s.publish(st) != nil {
				return false
			}
		}
	}
}

// awaitAnswers waits until all publications are acknowledged; it reports whether
// the connection still stands.
func (c *client) awaitAnswers(ctx context.Context, s *socket, streams []*stream) bool {
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for deadline := time.Now().Add(c.run.plan.Patience); time.Now().Before(deadline); {
		waiting := 0
		for _, st := range streams {
			waiting += st.open()
		}
		if waiting == 0 {
			return true
		}
		select {
		case <-look.C:
		case <-s.ended:
			return false
		case <-ctx.Done():
			return false
		}
	}
	c.violate(unanswered, fmt.Sprintf("publications, for %v", c.run.plan.Patience))
	return false
}
