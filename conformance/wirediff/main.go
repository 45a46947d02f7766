package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"

	"github.com/socketcluster-go/socketcluster/conformance/internal/app"
	"github.com/socketcluster-go/socketcluster/conformance/program"
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// config is what the command line says.
type config struct {
	reference, subject string
	same, verbose      bool
	show, first        bool
	titles, accept     string
	parallel, times    int
	coverage           bool
	fuzz               int
	seed               uint64
	files              []string
}

func parseFlags(args []string, stderr io.Writer) (*config, error) {
	c := &config{}
	f := flag.NewFlagSet("wirediff", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.StringVar(&c.reference, "reference", "", "command of the reference (default: conformance/reference on Node)")
	f.StringVar(&c.subject, "subject", "", "command of the program to judge (default: conformance/app, built first)")
	f.BoolVar(&c.same, "same", false, "judge the reference itself: no difference is expected")
	f.BoolVar(&c.verbose, "v", false, "name every transcript")
	f.BoolVar(&c.show, "show", false, "write out what the reference shows")
	f.StringVar(&c.titles, "run", "", "play only transcripts whose title matches this expression")
	f.StringVar(&c.accept, "accept", "", "write the differences into the transcripts, as expected under this id")
	f.IntVar(&c.parallel, "parallel", 2*max(4, runtime.NumCPU()), "groups that are played at the same time")
	f.BoolVar(&c.first, "first", false, "stop at the first transcript that differs")
	f.IntVar(&c.times, "times", 1, "how often everything is played")
	f.BoolVar(&c.coverage, "coverage", false, "report what of the reference's source the transcripts reach")
	f.IntVar(&c.fuzz, "fuzz", 0, "play so many generated transcripts instead of the written ones")
	f.Uint64Var(&c.seed, "seed", 1, "what the generated transcripts are made from")
	f.Usage = func() {
		fmt.Fprintf(stderr, "usage: wirediff [flags] [transcripts…]\n")
		f.PrintDefaults()
	}
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	c.files = f.Args()
	return c, nil
}

// run is the program: 0 if the servers agree, 1 if not, 2 if it could not be
// found out.
func run(args []string, stdout, stderr io.Writer) int {
	c, err := parseFlags(args, stderr)
	if err != nil {
		return 2
	}
	failed, err := c.compare(stdout)
	if err != nil {
		fmt.Fprintln(stderr, "wirediff:", err)
		return 2
	}
	if failed > 0 {
		return 1
	}
	return 0
}

// compare plays what is asked for and returns how many transcripts failed.
func (c *config) compare(stdout io.Writer) (failed int, err error) {
	root, err := program.Root()
	if err != nil {
		return 0, err
	}
	groups, err := c.groups(root)
	if err != nil {
		return 0, err
	}
	temp, err := os.MkdirTemp("", "wirediff")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(temp)
	runner, err := c.runner(root, temp)
	if err != nil {
		return 0, err
	}
	if c.coverage {
		runner.Reference.Env = append(runner.Reference.Env, "NODE_V8_COVERAGE="+temp)
	}
	differing := c.play(runner, groups, stdout)
	if c.coverage {
		err = reportCoverage(stdout, temp, filepath.Join(root, "conformance", "wirediff", "unreached.txt"))
	}
	if c.accept != "" {
		err = errors.Join(err, accept(c.accept, differing))
	}
	return len(differing), err
}

// play runs the groups as often as is asked for, writes out what happens and
// returns the results that are not as expected.
func (c *config) play(runner Runner, groups []*Group, stdout io.Writer) []Result {
	var differing []Result
	for range c.times {
		played, before := 0, len(differing)
		runner.Run(groups, func(r Result) {
			played++
			switch {
			case !r.OK():
				differing = append(differing, r)
				fmt.Fprintln(stdout, r)
			case c.show:
				fmt.Fprintln(stdout, r.Show())
			case c.verbose:
				fmt.Fprintf(stdout, "ok  %s (%s)\n", r.Transcript.Title, filepath.Base(r.Transcript.File))
			}
		})
		fmt.Fprintf(stdout, "%d transcripts, %d differ\n", played, len(differing)-before)
	}
	return differing
}

// groups reads the transcripts that the command line names.
func (c *config) groups(root string) ([]*Group, error) {
	titles, err := regexp.Compile(c.titles)
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(root, "conformance", "wirediff", "transcripts")
	files := c.files
	if len(files) == 0 {
		if files, err = filepath.Glob(filepath.Join(dir, "*.txt")); err != nil {
			return nil, err
		}
	}
	if c.fuzz > 0 {
		groups, err := GenerateGroups(c.seed, c.fuzz, c.parallel)
		return selectTitles(groups, titles), err
	}
	var groups []*Group
	for _, file := range files {
		if !strings.Contains(file, "/") { // a bare name is one of ours
			file = filepath.Join(dir, strings.TrimSuffix(file, ".txt")+".txt")
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		more, err := Parse(file, string(text))
		if err != nil {
			return nil, err
		}
		groups = append(groups, more...)
	}
	return selectTitles(groups, titles), nil
}

// selectTitles drops transcripts whose title does not match, and empty groups.
func selectTitles(groups []*Group, titles *regexp.Regexp) []*Group {
	var selected []*Group
	for _, g := range groups {
		kept := *g
		kept.Transcripts = nil
		for _, t := range g.Transcripts {
			if titles.MatchString(t.Title) {
				kept.Transcripts = append(kept.Transcripts, t)
			}
		}
		if len(kept.Transcripts) > 0 {
			selected = append(selected, &kept)
		}
	}
	return selected
}

// runner finds or builds the two programs.
func (c *config) runner(root, temp string) (Runner, error) {
	r := Runner{Same: c.same, First: c.first, Parallel: c.parallel}
	var err error
	if c.reference != "" {
		r.Reference, err = commandProgram(c.reference)
	} else {
		r.Reference, err = referenceProgram(root)
	}
	if err != nil {
		return r, err
	}
	switch {
	case c.same:
		r.Subject = app.Program{Args: r.Reference.Args}
	case c.subject != "":
		r.Subject, err = commandProgram(c.subject)
	default:
		r.Subject, err = goProgram(temp)
	}
	return r, err
}
