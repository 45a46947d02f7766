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
		streams = append(streams, c.run.ledger.begin(c.run.ledger.channels[i]))
	}
	if len(streams) == 0 { // more publishers than channels
		streams = append(streams, c.run.ledger.begin(c.run.ledger.channels[c.id%len(c.run.ledger.channels)]))
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
		if c.run.isCalm() && (!c.awaitAnswers(ctx, s, streams) || !c.rest(ctx, s)) {
			return
		}
		st := streams[n%len(streams)]
		if st.open() < maxOpen && s.publish(st) != nil {
			return
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
