package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// run is the program: 0 if every mutation was caught, 1 if not, 2 if it could
// not be found out.
func run(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("mutations", flag.ContinueOnError)
	flags.SetOutput(stderr)
	names := flags.String("run", "", "only mutations whose name matches this expression")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	survivors, err := play(*names, stdout)
	if err != nil {
		fmt.Fprintln(stderr, "mutations:", err)
		return 2
	}
	if survivors > 0 {
		return 1
	}
	return 0
}

// play tries the mutations whose name matches and returns how many were not
// caught.
func play(names string, stdout io.Writer) (survivors int, err error) {
	matching, err := regexp.Compile(names)
	if err != nil {
		return 0, err
	}
	l, err := newLaboratory()
	if err != nil {
		return 0, err
	}
	defer l.close()
	caught := 0
	var chosen []Mutation
	for _, m := range mutations {
		if matching.MatchString(m.Name) {
			chosen = append(chosen, m)
		}
	}
	if err := l.checkTests(chosen); err != nil {
		return 0, err
	}
	for _, m := range chosen {
		title, err := l.try(m)
		switch {
		case err != nil:
			survivors++
			fmt.Fprintf(stdout, "ERROR     %s: %v\n", m.Name, err)
		case title == "":
			survivors++
			fmt.Fprintf(stdout, "SURVIVED  %s (%s)\n", m.Name, m.File)
		default:
			caught++
			fmt.Fprintf(stdout, "caught    %s: %s\n", m.Name, title)
		}
	}
	fmt.Fprintf(stdout, "%d mutations caught, %d not\n", caught, survivors)
	return survivors, nil
}

// A laboratory is a copy of the repository's sources, and the comparison built
// from the original.
type laboratory struct {
	root, temp, copy string
	wirediff         string
}

func newLaboratory() (*laboratory, error) {
	root, err := command("", "git", "rev-parse", "--show-toplevel")
	if err != nil {
		return nil, err
	}
	temp, err := os.MkdirTemp("", "mutations")
	if err != nil {
		return nil, err
	}
	l := &laboratory{root: strings.TrimSpace(root), temp: temp, copy: filepath.Join(temp, "source"), wirediff: filepath.Join(temp, "wirediff")}
	if err := l.copySources(); err != nil {
		l.close()
		return nil, err
	}
	if _, err := command(l.root, "go", "build", "-o", l.wirediff, "./conformance/wirediff"); err != nil {
		l.close()
		return nil, err
	}
	return l, nil
}

func (l *laboratory) close() { os.RemoveAll(l.temp) }

// copySources copies what git knows of, and what is new, but for what it
// ignores.
func (l *laboratory) copySources() error {
	list, err := command(l.root, "git", "ls-files", "--cached", "--others", "--exclude-standard", "-z")
	if err != nil {
		return err
	}
	for name := range strings.SplitSeq(strings.TrimRight(list, "\x00"), "\x00") {
		text, err := os.ReadFile(filepath.Join(l.root, name))
		if errors.Is(err, os.ErrNotExist) { // deleted and not yet committed
			continue
		}
		if err != nil {
			return err
		}
		target := filepath.Join(l.copy, name)
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(target, text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// try makes one mistake and returns the title of the transcript, or the name of the
// test, that noticed; empty if none did.
func (l *laboratory) try(m Mutation) (title string, err error) {
	file := filepath.Join(l.copy, m.File)
	original, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	mutated, err := m.apply(string(original))
	if err != nil {
		return "", err
	}
	if err := os.WriteFile(file, []byte(mutated), 0o644); err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, os.WriteFile(file, original, 0o644)) }()

	if tests := m.tests(); tests != "" {
		if _, err := command(l.copy, "go", "build", m.dir()); err != nil {
			return "", fmt.Errorf("the mutant does not build: %w", err)
		}
		return l.test(m.dir(), tests)
	}
	app := filepath.Join(l.temp, "mutant")
	if _, err := command(l.copy, "go", "build", "-o", app, "./conformance/app"); err != nil {
		return "", fmt.Errorf("the mutant does not build: %w", err)
	}
	return l.judge(app, m.By)
}

// apply returns the source with the mistake in it.
func (m Mutation) apply(source string) (string, error) {
	if n := strings.Count(source, m.Find); n != 1 {
		return "", fmt.Errorf("%q is %d times in %s, want once", m.Find, n, m.File)
	}
	return strings.Replace(source, m.Find, m.Replace, 1), nil
}

// failedTitle finds the transcript in the comparison's report.
var failedTitle = regexp.MustCompile(`(?m)^=== (.*)$`)

// exitDiffers is the comparison's exit status for servers that differ.
const exitDiffers = 1

// judge plays the transcripts against a broken app.
func (l *laboratory) judge(app string, transcripts []string) (title string, err error) {
	report, err := command(l.root, l.wirediff, append([]string{"-first", "-subject", app}, transcripts...)...)
	if err == nil {
		return "", nil
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == exitDiffers {
		if found := failedTitle.FindStringSubmatch(report); found != nil {
			return found[1], nil
		}
	}
	return "", err
}

// command runs a program and returns what it wrote; an error holds the end of
// that.
func command(dir, name string, args ...string) (string, error) {
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		tail := out[max(0, len(out)-2000):]
		return string(out), fmt.Errorf("%s: %w\n%s", name, err, tail)
	}
	return string(out), nil
}
