package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"time"
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// config is what the command line says.
type config struct {
	out      string
	cases    *regexp.Regexp
	short    bool
	subjects []string
	parallel int
	wait     patience
}

// subjectNames are the subjects in the report's order.
var subjectNames = []string{"loops", "portable", "tls", "ws"}

func parseFlags(args []string, stderr io.Writer) (*config, error) {
	c := &config{}
	f := flag.NewFlagSet("autobahn", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.StringVar(&c.out, "o", "", "write the report to this file")
	cases := f.String("run", "", "play only cases whose number matches this expression")
	subjects := f.String("subjects", strings.Join(subjectNames, ","), "the servers to judge")
	f.BoolVar(&c.short, "short", false, "fewer messages in 9.7, 9.8, 12 and 13, where the suite has 1,000, and shorter ones in 9.1 to 9.6")
	f.IntVar(&c.parallel, "parallel", runtime.NumCPU(), "cases that are played at the same time")
	f.DurationVar(&c.wait.progress, "patience", 30*time.Second, "how long a server may do nothing")
	f.DurationVar(&c.wait.moment, "moment", 2*time.Second, "how long a server has to refuse what it has seen, in 6.4")
	err := f.Parse(args)
	if err == nil {
		c.cases, err = regexp.Compile(*cases)
	}
	for name := range strings.SplitSeq(*subjects, ",") {
		if !slices.Contains(subjectNames, name) && err == nil {
			err = fmt.Errorf("%q is no subject: there are %s", name, strings.Join(subjectNames, ", "))
		}
		c.subjects = append(c.subjects, name)
	}
	return c, err
}

// run is the program: 0 if every case passed or its deviation is explained, 1 if
// not, 2 if it could not be found out.
func run(args []string, stdout, stderr io.Writer) int {
	c, err := parseFlags(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 2
	}
	sound := false
	if err == nil {
		sound, err = c.judge(stdout)
	}
	switch {
	case err != nil:
		fmt.Fprintln(stderr, "autobahn:", err)
		return 2
	case !sound:
		return 1
	}
	return 0
}

// judge plays the cases to every subject and writes the report.
func (c *config) judge(stdout io.Writer) (sound bool, err error) {
	cases := slices.DeleteFunc(makeCases(c.short), func(k *Case) bool { return !c.cases.MatchString(k.ID) })
	if len(cases) == 0 {
		return false, errors.New("no case has such a number")
	}
	var all []*outcome
	sound = true
	for _, name := range c.subjects {
		s, err := startSubject(name)
		if err != nil {
			return false, fmt.Errorf("%s: %w", name, err)
		}
		r := playAll(cases, s, c.parallel, c.wait)
		if err := s.stop(); err != nil {
			return false, fmt.Errorf("%s: %w", name, err)
		}
		all = append(all, r)
		fmt.Fprintf(stdout, "%-18s %s, in %v\n", s.Name, r.summary(), r.took.Round(time.Millisecond))
		for _, bad := range r.unexplained() {
			sound = false
			fmt.Fprintln(stdout, "   ", bad)
		}
	}
	if c.out == "" {
		return sound, nil
	}
	file, err := os.Create(c.out)
	if err != nil {
		return false, err
	}
	err = writeReport(file, cases, all, c.short)
	return sound, errors.Join(err, file.Close())
}

// startSubject starts the subject of that name.
func startSubject(name string) (*Subject, error) {
	switch name {
	case "ws":
		dir, err := referencePackages()
		if err != nil {
			return nil, err
		}
		return nodeSubject(dir)
	default:
		return engineSubject(name == "portable", name == "tls")
	}
}
