package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"time"
)

// A pace is how long a measurement takes, in seconds.
type pace struct {
	settle  float64 // between a server's start and the load
	seconds float64 // of load that is measured
	warm    float64 // of load before
	wait    float64 // until the memory of idle sockets is read
}

var (
	fullPace  = pace{settle: 0.5, seconds: 5, warm: 1.5, wait: 10}
	quickPace = pace{settle: 0.5, seconds: 2, warm: 0.5, wait: 2}
)

// calmAttempts is how often something is measured, at most, until the machine
// was calm.
const calmAttempts = 4

// A session measures and remembers.
type session struct {
	calm     float64 // cores that others may use meanwhile; 0 is any number
	loader   loader
	pace     pace
	progress io.Writer
	record   io.Writer // may be nil
	machine  string
	results  []result
	broken   int // measurements that failed
}

// A task is one measurement.
type task struct {
	name   string // of a row, or of a curve and its point
	server server
	round  int
	do     func(ctx context.Context, p *process) (result, error)
}

// measure starts the server anew, has the task done and stops the server. What
// fails is reported, recorded and left out; only the end of ctx is an error.
func (s *session) measure(ctx context.Context, t task) error {
	return s.measureBy(ctx, t, func() (result, error) { return s.try(ctx, t) })
}

// measureBy does so by a function that does the task, again while the machine is
// not calm.
func (s *session) measureBy(ctx context.Context, t task, try func() (result, error)) error {
	r, err := try()
	for range calmAttempts - 1 {
		if err != nil || s.calm <= 0 || r.foreign() <= s.calm {
			break
		}
		fmt.Fprintf(s.progress, "%-24s %-10s again: others used %.1f cores\n", t.name, t.server.name, r.foreign())
		if again, err := try(); err == nil && again.foreign() < r.foreign() {
			r = again
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return s.keep(r, t, err)
}

// foreign is how many cores neither the server nor the load generator used, but
// something else did, or the host of a virtual machine took; 0 where that is not
// known.
func (r result) foreign() float64 {
	idle, ok := r.number("machine_idle_pct")
	if !ok {
		return 0
	}
	server, _ := r.number("server_cores")
	client, _ := r.number("client_cores")
	second, _ := r.number("others_client_cores") // on the same server
	engine, _ := r.number("engine_cores")        // of a cluster
	return float64(runtime.NumCPU())*(1-idle/100) - server - client - second - engine
}

// keep remembers and records what a task has come to.
func (s *session) keep(r result, t task, err error) error {
	if r == nil {
		r = result{}
	}
	r["name"], r["server"], r["round"] = t.name, t.server.name, t.round
	r["at"], r["host"] = time.Now().UTC().Format(time.RFC3339), s.machine
	if err != nil {
		s.broken++
		r["broken"] = err.Error()
		fmt.Fprintf(s.progress, "%-24s %-10s FAILED: %v\n", t.name, t.server.name, err)
	} else {
		s.results = append(s.results, r)
		fmt.Fprintf(s.progress, "%-24s %-10s %s\n", t.name, t.server.name, r.summary())
	}
	if s.record == nil {
		return nil
	}
	line, err := json.Marshal(r)
	if err != nil {
		return err
	}
	_, err = s.record.Write(append(line, '\n'))
	return err
}

func (s *session) try(ctx context.Context, t task) (result, error) {
	p, err := t.server.start(ctx)
	if err != nil {
		return nil, err
	}
	defer p.stop()
	if err := rest(ctx, s.pace.settle); err != nil {
		return nil, err
	}
	r, err := t.do(ctx, p)
	return r, errors.Join(err, p.check())
}

// rest waits for some seconds.
func rest(ctx context.Context, seconds float64) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(time.Duration(seconds * float64(time.Second))):
		return nil
	}
}

// summary is a result in a line.
func (r result) summary() string {
	text := ""
	for _, field := range []string{
		"rss_per_conn", "engine_rss_per_conn", "bytes_per_subscription", "cpu_s_per_1000_connects", "per_s", fieldDelivery, fieldCall, "p50_us", "p99_us", "others_p99_us",
		fieldEngine, fieldPublisher, fieldSubscriber,
		costCPU.field, costAllocs.field, costIdle.field,
	} {
		if n, ok := r.number(field); ok {
			text += fmt.Sprintf("%s %.4g  ", field, n)
		}
	}
	return text
}

// row measures a row on a server.
func (s *session) row(ctx context.Context, r row, on server, round int) error {
	return s.measure(ctx, task{name: r.name, server: on, round: round, do: func(ctx context.Context, p *process) (result, error) {
		if r.others == nil {
			return s.load(ctx, p.flags(), r.args)
		}
		return s.beside(ctx, p, r)
	}})
}

// beside runs two loads at once, and adds the second one's fields to the
// first's.
func (s *session) beside(ctx context.Context, p *process, r row) (result, error) {
	type outcome struct {
		result
		err error
	}
	second := make(chan outcome, 1)
	go func() { // ends with the load
		r, err := s.load(ctx, p.flags(), r.others)
		second <- outcome{r, err}
	}()
	first, err := s.load(ctx, p.flags(), r.args)
	other := <-second
	if err == nil {
		err = other.err
	}
	for field, value := range other.result {
		if first != nil {
			first["others_"+field] = value
		}
	}
	return first, err
}

// load runs the load generator for as long as the session's pace says.
func (s *session) load(ctx context.Context, there, args []string) (result, error) {
	if args[0] == "idle" {
		args = append(slices.Clone(args), "-wait", fmt.Sprint(s.pace.wait))
	} else {
		args = append(slices.Clone(args), "-seconds", fmt.Sprint(s.pace.seconds), "-warm", fmt.Sprint(s.pace.warm))
	}
	return s.loader.run(ctx, there, args)
}

// readResults reads files of results.
func readResults(names []string) ([]result, error) {
	var all []result
	for _, name := range names {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		for d := json.NewDecoder(f); ; {
			var r result
			if err := d.Decode(&r); err == io.EOF {
				break
			} else if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			if r["broken"] == nil {
				all = append(all, r)
			}
		}
	}
	return all, nil
}
