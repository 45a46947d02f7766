package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/socketcluster-go/socketcluster/cmd/agload/internal/load"
)

// betweenRuns is how long the server rests between two runs of a sweep.
const betweenRuns = time.Second

// maxSweep bounds the runs of a sweep.
const maxSweep = 1000

// notSwept are the flags in whose values a comma means something else.
var notSwept = []string{"url", "publish-url", "token", "pid", "engine-pid", "label", "channel", "event"}

// sweep runs a mode once for each value of one flag, and writes a line of JSON
// for each run.
func sweep(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	if len(args) == 0 || !slices.Contains(load.Modes, load.Mode(args[0])) {
		fmt.Fprintln(stderr, "agload sweep: the first word must be a mode (agload help sweep)")
		return exitUsage
	}
	mode := load.Mode(args[0])
	args, file, err := takeOutput(args[1:])
	var each [][]string
	var plans []load.Plan
	var out output
	if err == nil {
		each, err = spread(args)
	}
	for _, one := range each {
		var p load.Plan
		if err == nil {
			p, out, err = readFlags(mode, one)
			plans = append(plans, p)
		}
	}
	if err != nil {
		fmt.Fprintf(stderr, "agload sweep: %v (agload help sweep)\n", err)
		return exitUsage
	}
	w := stdout
	if file != "" {
		f, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
		if err != nil {
			fmt.Fprintf(stderr, "agload sweep: %v\n", err)
			return exitFailed
		}
		defer f.Close()
		w = f
	}
	return runAll(ctx, plans, out, w, stderr)
}

// runAll carries out the plans one after the other, and returns the worst of
// their exit statuses. It ends early where a run cannot begin.
func runAll(ctx context.Context, plans []load.Plan, out output, w, stderr io.Writer) int {
	worst := exitOK
	for i, p := range plans {
		if i > 0 {
			select {
			case <-time.After(betweenRuns):
			case <-ctx.Done():
				return exitInterrupted
			}
		}
		teller := newTeller(stderr, out.quiet)
		result, err := load.Run(ctx, p, teller.tell)
		teller.end()
		if err == nil {
			err = json.NewEncoder(w).Encode(result)
		}
		if err != nil {
			fmt.Fprintf(stderr, "agload sweep, run %d of %d: %v\n", i+1, len(plans), err)
			return exitFailed
		}
		if status := verdict(result, stderr); status != exitOK {
			worst = status
		}
		if result.Interrupted {
			return worst
		}
	}
	return worst
}

// takeOutput takes -o FILE out of the arguments.
func takeOutput(args []string) (rest []string, file string, err error) {
	for i := 0; i < len(args); i++ {
		name, value, hasValue := strings.Cut(args[i], "=")
		if name != "-o" && name != "--o" {
			rest = append(rest, args[i])
			continue
		}
		if !hasValue {
			if i++; i == len(args) {
				return nil, "", errors.New("-o wants a file")
			}
			value = args[i]
		}
		file = value
	}
	return rest, file, nil
}

// spread returns the arguments of each run: those given, with one value each of
// the flag that has a list of them.
func spread(args []string) (each [][]string, err error) {
	at, prefix := -1, ""
	var values []string
	flagName := ""
	for i, arg := range args {
		text, lead := arg, ""
		if strings.HasPrefix(arg, "-") {
			name, value, hasValue := strings.Cut(arg, "=")
			flagName = strings.TrimLeft(name, "-")
			if !hasValue {
				continue
			}
			text, lead = value, name+"="
		}
		if !strings.Contains(text, ",") || slices.Contains(notSwept, flagName) {
			continue
		}
		if at >= 0 {
			return nil, errors.New("only one flag may have a list of values")
		}
		at, prefix, values = i, lead, strings.Split(text, ",")
	}
	switch {
	case at < 0:
		return nil, errors.New("one flag must have a list of values, such as --subs 100,1000")
	case len(values) > maxSweep:
		return nil, fmt.Errorf("%d values are more than %d", len(values), maxSweep)
	}
	for _, value := range values {
		one := slices.Clone(args)
		one[at] = prefix + value
		each = append(each, one)
	}
	return each, nil
}
