package main

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
)

// tests returns an expression for the tests that could notice, "" if transcripts
// are to.
func (m Mutation) tests() string {
	if len(m.By) == 0 || !strings.HasPrefix(m.By[0], "Test") {
		return ""
	}
	return "^(" + strings.Join(m.By, "|") + ")$"
}

// dir is the package that is broken, as the go command names it.
func (m Mutation) dir() string { return "./" + path.Dir(m.File) }

// checkTests returns an error unless the tests that could notice pass while nothing
// is broken.
func (l *laboratory) checkTests(chosen []Mutation) error {
	byDir := make(map[string][]string)
	for _, m := range chosen {
		if m.tests() != "" {
			byDir[m.dir()] = append(byDir[m.dir()], m.By...)
		}
	}
	for dir, names := range byDir {
		slices.Sort(names)
		failed, err := l.test(dir, "^("+strings.Join(slices.Compact(names), "|")+")$")
		if err == nil && failed != "" {
			err = fmt.Errorf("%s fails in %s, which nobody has broken", failed, dir)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// testsTimeout bounds the tests of one mutation, which may wait for ever.
const testsTimeout = "120s"

// noticed finds the first sign of failure in what go test writes: a test, or what
// ended them all.
var noticed = regexp.MustCompile(`(?m)^\s*--- FAIL: (\S+)|^(panic: .*|fatal error: .*|goleak: .*)$`)

// test plays tests of a package of the copy, and returns what failed.
func (l *laboratory) test(dir, expression string) (failed string, err error) {
	report, err := command(l.copy, "go", "test", "-count=1", "-failfast", "-timeout", testsTimeout, "-run", expression, dir)
	if err == nil {
		return "", nil
	}
	if found := noticed.FindStringSubmatch(report); found != nil {
		return found[1] + found[2], nil
	}
	return "", err
}
