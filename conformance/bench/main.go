package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"slices"
	"strings"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run is the program: 0 if all was measured, 1 if something failed, 2 if it was
// asked for what it does not know.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	if len(args) > 0 && args[0] == "serve" {
		return status(serve(args[1:], stderr), stderr)
	}
	if len(args) > 0 && args[0] == "loop" {
		return status(bareLoop(args[1:]), stderr)
	}
	c := &config{peers: map[string]string{}, stdout: stdout, stderr: stderr}
	if err := c.parse(args); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return 2
	}
	switch c.command {
	case "table":
		return status(c.tabulate(), stderr)
	case "growth":
		return status(c.measureAll(ctx, c.growth), stderr)
	case "features":
		return status(c.measureAll(ctx, c.features), stderr)
	case "cluster":
		return status(c.measureAll(ctx, c.clusters), stderr)
	}
	return status(c.measureAll(ctx, c.table), stderr)
}

func status(err error, stderr io.Writer) int {
	if err != nil {
		fmt.Fprintln(stderr, "bench:", err)
		return 1
	}
	return 0
}

// config is what the command line says.
type config struct {
	command            string // "", "growth", "features", "cluster" or "table"
	rounds             int
	calm               float64
	quick, list        bool
	markdown, update   bool
	names              *regexp.Regexp
	record             string
	loader, loaderArgs string
	ours               string
	peers              map[string]string
	files              []string
	stdout, stderr     io.Writer
}

func (c *config) parse(args []string) error {
	if len(args) > 0 && slices.Contains([]string{"growth", "features", "cluster", "table"}, args[0]) {
		c.command, args = args[0], args[1:]
	}
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.SetOutput(c.stderr)
	names := f.String("only", "", "only what matches this expression")
	f.IntVar(&c.rounds, "rounds", 3, "how often everything is measured")
	f.Float64Var(&c.calm, "calm", 0, "measure again, up to 3 times, while other processes use more than so many `cores`")
	f.BoolVar(&c.quick, "quick", false, "one short round, for an impression")
	f.BoolVar(&c.list, "list", false, "list what there is to measure")
	f.BoolVar(&c.markdown, "markdown", false, "print Markdown")
	f.BoolVar(&c.update, "update", false, "with table: put the results into the pages that quote them")
	f.StringVar(&c.record, "record", "", "append every measurement to this `file`, a line of JSON each")
	f.StringVar(&c.ours, "ours", "", "the `command` of our server instead of a fresh build of cmd/agserver; its port is added")
	f.StringVar(&c.loader, "loader", "", "the load generator instead of a fresh build of cmd/agload")
	f.StringVar(&c.loaderArgs, "loader-args", "-json -quiet", "what every run of it gets beside")
	f.Func("peer", "a server to compare with, as `name=command`; its port is added", func(text string) error {
		name, command, ok := strings.Cut(text, "=")
		if !ok || name == "" || strings.TrimSpace(command) == "" {
			return errors.New("want name=command")
		}
		c.peers[name] = command
		return nil
	})
	if err := f.Parse(args); err != nil {
		return err
	}
	c.files = f.Args()
	if c.quick {
		c.rounds = 1
	}
	var err error
	if c.names, err = regexp.Compile(*names); err != nil {
		fmt.Fprintln(c.stderr, "bench: -only:", err)
	}
	return err
}

// tabulate prints what was recorded.
func (c *config) tabulate() error {
	results, err := readResults(c.files)
	if err != nil {
		return err
	}
	if c.update {
		return update(results)
	}
	c.printAll(results)
	return nil
}

// printAll prints all tables, as far as they were measured.
func (c *config) printAll(results []result) {
	c.print("", compare(results))
	for _, curve := range curves() {
		c.print(curve.title, curve.table(results))
	}
	c.print("what a message costs: CPU, allocations", messageCosts(results))
	c.print("what a socket costs: CPU and allocations, bytes", socketCosts(results))
	c.print("what a publication of 2 KB costs: CPU, allocations", deflateCosts(results))
	c.print("clusters", clusterTable(results))
	c.print("channels at home", localityTable(results))
	c.print("what a message costs in a cluster", clusterCosts(results))
	c.print("on paper", examplesTable(results))
}

func (c *config) print(title string, t table) {
	if len(t) < 2 {
		return
	}
	if title != "" {
		fmt.Fprintf(c.stdout, "\n%s\n\n", title)
	}
	switch {
	case c.markdown:
		t.markdown(c.stdout)
	default:
		t.text(c.stdout)
	}
}

// measureAll prepares a session, has it filled and prints its tables.
func (c *config) measureAll(ctx context.Context, fill func(context.Context, *programs, *session) error) error {
	if c.list {
		c.listAll()
		return nil
	}
	temp, err := os.MkdirTemp("", "bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp)
	p, err := c.prepare(ctx, temp)
	if err != nil {
		return err
	}
	s := &session{calm: c.calm, loader: p.loader, pace: fullPace, progress: c.stderr, machine: machine()}
	if c.quick {
		s.pace = quickPace
	}
	if c.record != "" {
		f, err := os.OpenFile(c.record, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
		if err != nil {
			return err
		}
		defer f.Close()
		s.record = f
	}
	if err := fill(ctx, p, s); err != nil {
		return err
	}
	fmt.Fprintf(c.stdout, "\n%s; medians of %d\n\n", s.machine, c.rounds)
	c.printAll(s.results)
	if s.broken > 0 {
		return fmt.Errorf("%d measurements failed", s.broken)
	}
	return nil
}

func (c *config) listAll() {
	switch c.command {
	case "features":
		for _, v := range append(inTheWay[:len(inTheWay):len(inTheWay)], ofSockets...) {
			fmt.Fprintf(c.stdout, "%-18s %s\n", v.name, v.title)
		}
		return
	case "cluster":
		for _, j := range joiners {
			for _, l := range clusterLoads {
				for _, n := range l.nodesOf(j) {
					fmt.Fprintf(c.stdout, "%-32s %s: %s\n", l.at(j, n), j.title, l.title)
				}
			}
		}
		return
	case "growth":
		for _, curve := range curves() {
			fmt.Fprintf(c.stdout, "%-16s %s\n", curve.name, curve.title)
		}
		return
	}
	for _, r := range rows {
		fmt.Fprintf(c.stdout, "%-16s %s\n", r.name, r.title)
	}
}

// table measures the rows, in turn on all servers.
func (c *config) table(ctx context.Context, p *programs, s *session) error {
	if err := p.install(ctx); err != nil {
		return err
	}
	for round := range c.rounds {
		for _, r := range only(c.names) {
			for _, on := range p.of(r) {
				if err := s.row(ctx, r, on, round); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
