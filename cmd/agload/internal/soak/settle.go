package soak

import (
	"fmt"
	"time"
)

// Sample is the memory of a server in a calm.
type Sample struct {
	Node    int     `json:"node"`
	Seconds float64 `json:"s"` // since the beginning
	Bytes   int64   `json:"bytes"`
	Sockets int     `json:"sockets"`
}

// settle makes it calm, checks the accounts, and lets the weather in again.
func (d *director) settle() {
	for _, k := range d.proxy.all() {
		k.heal()
	}
	for _, p := range d.sick {
		p.heal()
	}
	d.sick = d.sick[:0]
	c := &calm{over: make(chan struct{})}
	d.calm.Store(c)
	d.gather()
	d.mesh.refresh(d.ledger)
	d.balance()
	for _, ch := range d.ledger.channels {
		ch.forget()
	}
	d.eachInterval(func(i *interval) { i.forget() })
	d.sample()
	d.journal.count(func(c *counts) { c.Rounds++ })
	d.tell()
	d.calm.Store(nil)
	close(c.over)
}

// sample notes the memory of each node.
func (d *director) sample() {
	sockets := make([]int, len(d.nodes))
	for _, c := range d.clients {
		if s := c.socket.Load(); s != nil {
			sockets[s.node]++
		}
	}
	seconds := time.Since(d.began).Round(time.Millisecond).Seconds()
	for i, n := range d.nodes {
		if bytes := n.memory(); bytes > 0 {
			d.memory = append(d.memory, Sample{Node: i, Seconds: seconds, Bytes: bytes, Sockets: sockets[i]})
		}
	}
}

// lookEvery is how often the director looks for what it waits for.
const lookEvery = 10 * time.Millisecond

// await waits until a condition holds; it reports whether it did in time.
func (d *director) await(condition func() bool) bool {
	for deadline := time.Now().Add(d.plan.Patience); ; time.Sleep(lookEvery) {
		if condition() {
			return true
		}
		if time.Now().After(deadline) {
			return false
		}
	}
}

// gather waits until every client is there and has nothing under way.
func (d *director) gather() {
	missing := 0
	isBack := d.await(func() bool {
		missing = 0
		for _, c := range d.clients {
			if !c.isSettled.Load() {
				missing++
			}
		}
		return missing == 0
	})
	if isBack {
		return
	}
	for _, c := range d.clients {
		if !c.isSettled.Load() {
			c.violate(notBack, fmt.Sprintf("it is calm for %v, and it is not", d.plan.Patience))
		}
	}
}

// balance waits until everything has arrived that was acknowledged, and every
// subscriber hears every node that publishes to its channel.
func (d *director) balance() {
	var lostN uint64
	var unheardN int
	var lostExample, unheardExample string
	isComplete := d.await(func() bool {
		lostN, unheardN = 0, 0
		d.eachInterval(func(i *interval) {
			if n, text := i.missing(); n > 0 {
				lostN, lostExample = lostN+n, text
			}
			if n, text := i.unheard(); n > 0 {
				unheardN, unheardExample = unheardN+n, text
			}
		})
		return lostN == 0 && unheardN == 0
	})
	if isComplete {
		d.mesh.trust()
	}
	if lostN > 0 {
		d.journal.violate(lost, "in the calm", fmt.Sprintf("%d acknowledged messages have not arrived, such as %s", lostN, lostExample))
	}
	if unheardN > 0 {
		d.journal.violate(unheard, "in the calm", fmt.Sprintf("%d times after %v, such as %s", unheardN, d.plan.Patience, unheardExample))
	}
}

// eachInterval goes through what the clients are subscribed to.
func (d *director) eachInterval(do func(*interval)) {
	for _, c := range d.clients {
		s := c.socket.Load()
		if s == nil {
			continue
		}
		s.mu.Lock()
		for _, i := range s.intervals {
			do(i)
		}
		s.mu.Unlock()
	}
}

// tell tells how it goes.
func (d *director) tell() {
	if d.plan.Progress == nil {
		return
	}
	line := fmt.Sprintf("%4.0f s of %.0f  %d published, %d delivered, %d connections",
		time.Since(d.began).Seconds(), d.plan.For.Seconds(), d.published.Load(), d.delivered.Load(), d.connects())
	if n := len(d.memory); n >= len(d.nodes) {
		for i, s := range d.memory[n-len(d.nodes):] {
			line += [2]string{", ", " + "}[min(i, 1)] + fmt.Sprintf("%.1f", float64(s.Bytes)/1e6)
		}
		line += " MB"
	}
	if wrong := d.journal.wrong(); wrong > 0 {
		line += fmt.Sprintf("  WRONG: %d", wrong)
	}
	d.plan.Progress(line)
}

func (d *director) connects() (n uint64) {
	d.journal.count(func(c *counts) { n = c.Connects })
	return n
}
