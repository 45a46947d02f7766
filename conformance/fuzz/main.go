package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// campaign is what the flags say.
type campaign struct {
	each     time.Duration
	parallel int
	run      *regexp.Regexp
	skip     *regexp.Regexp // nil for none
	list     bool
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	c, err := parse(os.Args[1:])
	if err == nil {
		err = c.fuzz(ctx, ".", os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "fuzz:", err)
		stop()
		os.Exit(1)
	}
}

func parse(args []string) (*campaign, error) {
	set := flag.NewFlagSet("fuzz", flag.ContinueOnError)
	c := &campaign{}
	set.DurationVar(&c.each, "for", time.Minute, "how long each target runs")
	set.IntVar(&c.parallel, "parallel", 1, "workers of a target")
	set.BoolVar(&c.list, "list", false, "name the targets and end")
	run := set.String("run", "", "regular expression: only targets whose dir.name matches")
	skip := set.String("skip", "", "regular expression: no targets whose dir.name matches")
	err := set.Parse(args)
	if err != nil {
		return nil, err
	}
	if set.NArg() > 0 {
		return nil, fmt.Errorf("%q is no flag", set.Arg(0))
	}
	if c.run, err = regexp.Compile(*run); err == nil && *skip != "" {
		c.skip, err = regexp.Compile(*skip)
	}
	return c, err
}

// wants reports whether a target is to be run.
func (c *campaign) wants(t target) bool {
	return c.run.MatchString(t.String()) && (c.skip == nil || !c.skip.MatchString(t.String()))
}

// fuzz runs the targets below root. It goes on after a find; the error counts
// them.
func (c *campaign) fuzz(ctx context.Context, root string, out io.Writer) error {
	targets, err := findTargets(root)
	if err != nil {
		return err
	}
	failed, ran := 0, 0
	for _, t := range targets {
		if !c.wants(t) {
			continue
		}
		if ran++; c.list {
			fmt.Fprintln(out, t)
			continue
		}
		start := time.Now()
		r, err := c.one(ctx, root, t)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		verdict := "ok"
		switch {
		case err != nil && c.replays(ctx, root, t):
			verdict = "doubtful: what it found does not fail again"
		case err != nil:
			verdict = "FAILED"
			failed++
		}
		fmt.Fprintf(out, "%s %-60s %6.0f s %12d execs %6d inputs  %s\n",
			start.UTC().Format(time.DateTime), t, time.Since(start).Seconds(), r.execs, r.inputs, verdict)
		if err != nil {
			fmt.Fprintf(out, "%v\n%s\n", err, r.tail)
		}
	}
	switch {
	case ran == 0:
		return fmt.Errorf("no target matches")
	case failed > 0:
		return fmt.Errorf("%d of %d targets failed; the inputs are in testdata/fuzz of their packages", failed, ran)
	}
	return nil
}

// outcome is what go test said.
type outcome struct {
	execs  int64
	inputs int64 // the corpus at the end
	tail   string
}

// one runs one target.
func (c *campaign) one(ctx context.Context, root string, t target) (outcome, error) {
	cmd := exec.CommandContext(ctx, "go", "test", "-run=^$", "-fuzz=^"+t.name+"$", "-fuzztime="+c.each.String(),
		"-fuzzminimizetime=5s", "-timeout=0", "-parallel="+strconv.Itoa(c.parallel), "./"+t.dir)
	cmd.Dir = root
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return outcome{}, err
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		return outcome{}, err
	}
	r := readOutcome(stdout)
	return r, cmd.Wait()
}

// replays reports whether the inputs that a target is known to fail with are
// played without a failure. go test takes an input that takes 10 s for one that
// hangs, also when the whole process was stopped meanwhile.
func (c *campaign) replays(ctx context.Context, root string, t target) bool {
	cmd := exec.CommandContext(ctx, "go", "test", "-run=^"+t.name+"$", "-count=3", "./"+t.dir)
	cmd.Dir = root
	return cmd.Run() == nil
}

// progress is a line like
//
//	fuzz: elapsed: 3s, execs: 299 (100/sec), new interesting: 4 (total: 24)
var progress = regexp.MustCompile(`^fuzz: elapsed: .* execs: (\d+) .*\(total: (\d+)\)$`)

// maxTail is how many of the last lines are shown of a failure.
const maxTail = 60

// readOutcome reads what go test prints up to its end.
func readOutcome(in io.Reader) (r outcome) {
	var last []string
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		if m := progress.FindStringSubmatch(lines.Text()); m != nil {
			r.execs, _ = strconv.ParseInt(m[1], 10, 64)
			r.inputs, _ = strconv.ParseInt(m[2], 10, 64)
			continue
		}
		if last = append(last, lines.Text()); len(last) > maxTail {
			last = last[1:]
		}
	}
	_, _ = io.Copy(io.Discard, in) // a line too long for the scanner must not block go test
	r.tail = strings.Join(last, "\n")
	return r
}
