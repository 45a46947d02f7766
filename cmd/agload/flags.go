package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/socketcluster-go/socketcluster/cmd/agload/internal/load"
)

// output says how a result is given out.
type output struct {
	json, quiet bool
}

// seconds is a flag that takes a number of seconds ("8", "1.5") or a time with
// a unit ("500ms").
type seconds struct{ d *time.Duration }

func (s seconds) String() string {
	if s.d == nil {
		return ""
	}
	return s.d.String()
}

func (s seconds) Set(text string) error {
	if v, err := strconv.ParseFloat(text, 64); err == nil && v < 1e9 && v > -1e9 {
		*s.d = time.Duration(v * float64(time.Second))
		return nil
	}
	d, err := time.ParseDuration(text)
	*s.d = d
	return err
}

// readFlags makes a plan of the flags of a mode.
func readFlags(mode load.Mode, args []string) (load.Plan, output, error) {
	p := load.Plan{Mode: mode}
	var out output
	if err := parse(newFlags(mode, &p, &out), args); err != nil {
		return p, out, err
	}
	return p, out, p.Check()
}

// newFlags returns the flags of a mode, which set p and out.
func newFlags(mode load.Mode, p *load.Plan, out *output) *flag.FlagSet {
	set := flag.NewFlagSet(string(mode), flag.ContinueOnError)
	set.SetOutput(io.Discard)
	set.BoolVar(&out.json, "json", false, "")
	set.BoolVar(&out.quiet, "quiet", false, "")
	addServerFlags(set, p)
	addModeFlags(set, p)
	if mode != load.Idle {
		addLoadFlags(set, p)
	}
	return set
}

// flagNames are the names of a mode's flags.
func flagNames(mode load.Mode) []string {
	var names []string
	p := load.Plan{Mode: mode}
	newFlags(mode, &p, &output{}).VisitAll(func(f *flag.Flag) { names = append(names, f.Name) })
	return names
}

// parse parses flags and nothing else.
func parse(set *flag.FlagSet, args []string) error {
	if err := set.Parse(args); err != nil {
		if name, ok := strings.CutPrefix(err.Error(), "flag provided but not defined: -"); ok {
			return fmt.Errorf("--%s is no flag of %s", name, set.Name())
		}
		return err
	}
	if set.NArg() > 0 {
		return fmt.Errorf("%q is too much: there are flags only", set.Arg(0))
	}
	return nil
}

// addServerFlags adds what every mode needs to know of server and client.
func addServerFlags(set *flag.FlagSet, p *load.Plan) {
	p.URLs, p.Locality = []string{"ws://127.0.0.1:8000/socketcluster/"}, -1
	set.Func("url", "", list(&p.URLs))
	set.IntVar(&p.Protocol, "protocol", 0, "")
	set.BoolVar(&p.Insecure, "insecure", false, "")
	p.Token = os.Getenv("AGLOAD_TOKEN")
	set.StringVar(&p.Token, "token", p.Token, "")
	set.Func("pid", "", processes(&p.PIDs))
	set.Func("engine-pid", "", processes(&p.EnginePIDs))
	set.StringVar(&p.Label, "label", "", "")
	set.StringVar(&p.Channel, "channel", "bench", "")
	set.IntVar(&p.Loops, "loops", 2, "")
	set.BoolVar(&p.Portable, "portable", false, "")
	set.IntVar(&p.Connecting, "connecting", 128, "")
	set.Float64Var(&p.Ramp, "ramp", 0, "")
	set.IntVar(&p.MaxSockets, "max-sockets", 100_000, "")
	p.MaxTime = 10 * time.Minute
	set.Var(seconds{&p.MaxTime}, "max-time", "")
}

// list is a flag that takes texts with commas between.
func list(to *[]string) func(string) error {
	return func(text string) error {
		*to = nil
		for one := range strings.SplitSeq(text, ",") {
			*to = append(*to, strings.TrimSpace(one))
		}
		return nil
	}
}

// processes is a flag that takes process ids with commas between.
func processes(to *[]int) func(string) error {
	return func(text string) error {
		for one := range strings.SplitSeq(text, ",") {
			pid, err := strconv.Atoi(strings.TrimSpace(one))
			if err != nil || pid <= 0 {
				return fmt.Errorf("%q is no process id", one)
			}
			*to = append(*to, pid)
		}
		return nil
	}
}

// addModeFlags adds what makes up the mode.
func addModeFlags(set *flag.FlagSet, p *load.Plan) {
	switch p.Mode {
	case load.Idle:
		set.IntVar(&p.Sockets, "n", 10_000, "")
		set.IntVar(&p.Channels, "channels", 100, "")
		p.Wait = 5 * time.Second
		set.Var(seconds{&p.Wait}, "wait", "")
	case load.Fanout, load.FanoutRate:
		set.IntVar(&p.Subs, "subs", 1000, "")
		set.IntVar(&p.Publishers, "pubs", 1, "")
	case load.PubSub, load.PubSubRate:
		set.IntVar(&p.Channels, "channels", 1000, "")
		set.IntVar(&p.SubsPer, "subs-per", 1, "")
		set.IntVar(&p.Publishers, "pubs", 100, "")
	case load.RPC:
		set.IntVar(&p.Callers, "conns", 200, "")
		set.StringVar(&p.Procedure, "event", "echo", "")
	}
	if p.Mode != load.Idle && p.Mode != load.RPC {
		set.Func("publish-url", "", list(&p.PublishURLs))
		set.Float64Var(&p.Locality, "locality", p.Locality, "")
	}
	switch p.Mode {
	case load.Fanout:
		set.IntVar(&p.Window, "window", 16, "")
	case load.PubSub:
		set.IntVar(&p.Window, "window", 4, "")
	case load.RPC:
		set.IntVar(&p.Window, "window", 8, "")
	case load.FanoutRate:
		set.Float64Var(&p.Rate, "rate", 20, "")
		set.BoolVar(&p.NoAck, "noack", false, "")
	case load.PubSubRate:
		set.Float64Var(&p.Rate, "rate", 5000, "")
		set.BoolVar(&p.NoAck, "noack", false, "")
	}
}

// addLoadFlags adds what all modes have that send messages.
func addLoadFlags(set *flag.FlagSet, p *load.Plan) {
	set.IntVar(&p.Payload, "payload", 128, "")
	set.Func("data", "", func(kind string) error {
		if kind != "object" && kind != "string" {
			return fmt.Errorf("must be object or string")
		}
		p.Text = kind == "string"
		return nil
	})
	p.Settle, p.Warm, p.Measure = 500*time.Millisecond, 1500*time.Millisecond, 8*time.Second
	set.Var(seconds{&p.Settle}, "settle", "")
	set.Var(seconds{&p.Warm}, "warm", "")
	set.Var(seconds{&p.Measure}, "seconds", "")
	p.Drain = 3 * time.Second
	set.Var(seconds{&p.Drain}, "drain", "")
}
