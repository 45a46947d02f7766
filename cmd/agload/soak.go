package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/socketcluster-go/socketcluster/cmd/agload/internal/soak"
)

// soakFlags are the flags of soak that are no part of its plan.
type soakFlags struct {
	output
	log, command, engine string
}

func newSoakFlags(p *soak.Plan, f *soakFlags) *flag.FlagSet {
	set := flag.NewFlagSet("soak", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	set.BoolVar(&f.json, "json", false, "")
	set.BoolVar(&f.quiet, "quiet", false, "")
	set.StringVar(&f.log, "log", "", "")
	set.StringVar(&f.command, "command", "", "")
	set.IntVar(&p.Nodes, "nodes", 1, "")
	set.StringVar(&f.engine, "engine", "", "")
	set.StringVar(&p.URL, "url", "", "")
	set.IntVar(&p.PID, "pid", 0, "")
	set.IntVar(&p.Clients, "clients", 1000, "")
	set.IntVar(&p.Publishers, "pubs", 20, "")
	set.IntVar(&p.Channels, "channels", 50, "")
	set.Float64Var(&p.Rate, "rate", 500, "")
	set.IntVar(&p.Payload, "payload", 128, "")
	set.Uint64Var(&p.Seed, "seed", rand.Uint64N(1_000_000), "")
	set.BoolVar(&p.Portable, "portable", false, "")
	set.BoolVar(&p.NoRestarts, "no-restarts", false, "")
	p.For, p.Round, p.Patience = 20*time.Second, 10*time.Second, 30*time.Second
	set.Var(seconds{&p.For}, "for", "")
	set.Var(seconds{&p.Round}, "round", "")
	set.Var(seconds{&p.Patience}, "patience", "")
	return set
}

// runSoak carries out a soak and prints its result.
func runSoak(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var p soak.Plan
	var f soakFlags
	err := parse(newSoakFlags(&p, &f), args)
	p.Command, p.Engine = strings.Fields(f.command), strings.Fields(f.engine)
	if err == nil {
		err = p.Check()
	}
	if err != nil {
		fmt.Fprintf(stderr, "agload soak: %v (agload help soak explains the flags)\n", err)
		return exitUsage
	}
	if f.log != "" {
		file, err := os.Create(f.log)
		if err != nil {
			fmt.Fprintf(stderr, "agload soak: %v\n", err)
			return exitFailed
		}
		defer file.Close()
		var mu sync.Mutex
		p.Log = func(line string) {
			mu.Lock()
			defer mu.Unlock()
			fmt.Fprintln(file, line)
		}
	}
	if !f.quiet {
		p.Progress = func(line string) { fmt.Fprintln(stderr, line) }
		fmt.Fprintf(stderr, "seed %d\n", p.Seed)
	}
	result, err := soak.Run(ctx, p)
	if err == nil && f.json {
		err = json.NewEncoder(stdout).Encode(result)
	} else if err == nil {
		err = printSoak(stdout, result)
	}
	if err != nil {
		fmt.Fprintf(stderr, "agload soak: %v\n", err)
		return exitFailed
	}
	switch err := result.Err(); {
	case err != nil:
		fmt.Fprintf(stderr, "agload soak: wrong: %v\n", err)
		return exitFailed
	case result.Interrupted:
		return exitInterrupted
	}
	return exitOK
}

// printSoak writes the result for people.
func printSoak(w io.Writer, r *soak.Result) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(name, format string, values ...any) {
		fmt.Fprintf(table, "%s\t%s\n", name, fmt.Sprintf(format, values...))
	}
	n := func(v uint64) string { return grouped(float64(v)) }
	nodes := ""
	if r.Nodes > 1 {
		nodes = fmt.Sprintf("%d nodes, ", r.Nodes)
	}
	row("soak", "%.0f s, seed %d, %s%d clients, %d of them publish to %d channels", r.Seconds, r.Seed, nodes, r.Clients, r.Publishers, r.Channels)
	row("messages", "%s published, %s acknowledged, %s uncertain: their connection ended first", n(r.Published), n(r.Acknowledged), n(r.Uncertain))
	row("", "%s delivered; %s not, because their subscriber's connection had ended", n(r.Delivered), n(r.LostExplained))
	if r.Nodes > 1 || r.Failed > 0 {
		row("", "%s failed and %s were lost between nodes that were cut off", n(r.Failed), n(r.LostBetween))
	}
	row("calls", "%s, %s of them cut off; %s logins, %s subscriptions, %s unsubscriptions",
		n(r.Calls), n(r.CallsCutOff), n(r.Authentications), n(r.Subscriptions), n(r.Unsubscriptions))
	row("connections", "%s; ended: %s", n(r.Connects), sums(r.Ends))
	row("faults", "%s", sums(r.Faults))
	printMemory(row, r)
	verdict := "every message is accounted for"
	if len(r.Violations) > 0 {
		verdict = "WRONG, see below"
	}
	row("verdict", "%s", verdict)
	return table.Flush()
}

// printMemory draws the memory of each node.
func printMemory(row func(name, format string, values ...any), r *soak.Result) {
	for node := range r.Nodes {
		samples := soak.Of(r.Memory, node)
		if len(samples) == 0 {
			continue
		}
		name := "memory"
		if r.Nodes > 1 {
			name = fmt.Sprintf("memory, node %d", node)
		}
		first, last := samples[0], samples[len(samples)-1]
		row(name, "%s  %.1f MB to %.1f MB", curve(samples), float64(first.Bytes)/1e6, float64(last.Bytes)/1e6)
	}
	if len(r.Memory) == 0 {
		return
	}
	verdict := "too few samples to be judged"
	if r.Flat != nil {
		verdict = map[bool]string{true: "flat", false: "GROWING"}[*r.Flat]
	}
	row("", "in the second half: %s", verdict)
}

// sums writes counts by their names.
func sums(m map[string]uint64) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(m)) {
		parts = append(parts, fmt.Sprintf("%s %s", grouped(float64(m[name])), name))
	}
	return strings.Join(parts, ", ")
}

// curve draws memory over time, from 0, in at most 60 signs.
func curve(samples []soak.Sample) string {
	const most = 60
	bars := []rune("▁▂▃▄▅▆▇█")
	largest := int64(1)
	for _, s := range samples {
		largest = max(largest, s.Bytes)
	}
	var b strings.Builder
	width := min(most, len(samples))
	for i := range width {
		s := samples[i*len(samples)/width]
		b.WriteRune(bars[int(s.Bytes*int64(len(bars)-1)/largest)])
	}
	return b.String()
}
