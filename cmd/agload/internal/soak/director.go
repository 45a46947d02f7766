package soak

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// director makes the weather. It has one goroutine, that of Run.
type director struct {
	*runner
	random *rand.Rand
	sick   []patient // what has a fault
	ill    []bool    // the gates that are among them
}

// patient is what recovers at some time.
type patient struct {
	heal  func()
	until time.Time
}

// weatherShare is how much of a round is weather.
const weatherShare = 0.7

// planned is something that happens at some time in the weather.
type planned struct {
	at time.Time
	do func()
}

// direct goes through the rounds.
func (d *director) direct(ctx context.Context) {
	end := d.began.Add(d.plan.For)
	for round := 0; ctx.Err() == nil && time.Now().Before(end); round++ {
		length := time.Duration(weatherShare * float64(d.plan.Round))
		roundEnd := time.Now().Add(length)
		events := d.forecast(ctx, round, length)
		for time.Now().Before(roundEnd) && ctx.Err() == nil {
			d.pause(ctx)
			d.recover()
			for len(events) > 0 && time.Now().After(events[0].at) {
				events[0].do()
				events = events[1:]
			}
			d.makeWeather()
		}
		for _, e := range events { // the last ones were missed
			e.do()
		}
		d.settle()
	}
}

// forecast chooses what happens to servers in a round. The first one has a
// restart, also of the engine, and each has a fault between nodes, so that no soak
// is without.
func (d *director) forecast(ctx context.Context, round int, length time.Duration) (events []planned) {
	add := func(do func()) {
		events = append(events, planned{time.Now().Add(time.Duration(d.random.Float64() * float64(length))), do})
	}
	if d.mayRestart() && (round == 0 || d.random.IntN(2) == 0) {
		add(func() { d.restartSome(ctx) })
	}
	if len(d.gates) > 0 {
		node := d.random.IntN(len(d.gates))
		add(func() { d.shutGates(d.shortTime(), node) })
		for range int(length / disturbEvery) {
			add(d.disturbNodes)
		}
	}
	if d.engine != nil && (round == 0 || d.random.IntN(4) == 0) {
		add(func() { d.restartEngine(ctx) })
	}
	slices.SortFunc(events, func(a, b planned) int { return a.at.Compare(b.at) })
	return events
}

// mayRestart reports whether servers may still restart: in the second half
// memory is judged.
func (d *director) mayRestart() bool {
	return !d.plan.NoRestarts && d.canRestart() && time.Since(d.began) < d.plan.For/2
}

func (d *director) pause(ctx context.Context) {
	select {
	case <-time.After(time.Duration(20+d.random.IntN(150)) * time.Millisecond):
	case <-ctx.Done():
	}
}

// recover heals links whose time has come.
func (d *director) recover() {
	kept := d.sick[:0]
	for _, p := range d.sick {
		if time.Now().After(p.until) {
			p.heal()
		} else {
			kept = append(kept, p)
		}
	}
	d.sick = kept
}

// makeWeather makes one kind of fault on some links.
func (d *director) makeWeather() {
	links := d.proxy.all()
	if len(links) == 0 {
		return
	}
	some := d.some(links, 0.02)
	switch n := d.random.IntN(24); {
	case n == 0:
		d.storm(links)
	case n < 4:
		for _, k := range some {
			d.journal.fault("cut", fmt.Sprintf("link %d, reset", k.id))
			k.cut(true)
		}
	case n < 8:
		for _, k := range some {
			d.journal.fault("cut", fmt.Sprintf("link %d, closed", k.id))
			k.cut(false)
		}
	case n < 12:
		d.infect(some, "cut", fault{cut: true})
	case n < 16:
		d.infect(some, "delay", fault{delay: time.Duration(5+d.random.IntN(200)) * time.Millisecond})
	case n < 20:
		d.infect(some, "throttle", fault{rate: 1000 + d.random.IntN(20_000)})
	default:
		d.infect(some, "stall", fault{stall: true})
	}
}

// some chooses a share of the links, one at least.
func (d *director) some(links []*link, share float64) []*link {
	n := max(1, int(share*float64(len(links))))
	chosen := make([]*link, 0, n)
	for _, i := range d.random.Perm(len(links))[:n] {
		chosen = append(chosen, links[i])
	}
	return chosen
}

// infect gives links a fault for a while.
func (d *director) infect(links []*link, kind string, f fault) {
	for _, k := range links {
		until := time.Duration(300+d.random.IntN(2500)) * time.Millisecond
		d.journal.fault(kind, fmt.Sprintf("link %d, %+v for %v", k.id, f, until))
		k.set(f)
		d.sick = append(d.sick, patient{k.heal, time.Now().Add(until)})
	}
}

// storm cuts many links at once: their clients come back together.
func (d *director) storm(links []*link) {
	some := d.some(links, 0.3+0.5*d.random.Float64())
	d.journal.fault("storm", fmt.Sprintf("%d of %d links cut", len(some), len(links)))
	for _, k := range some {
		k.cut(d.random.IntN(2) == 0)
	}
}
