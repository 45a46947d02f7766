package main

import (
	"errors"
	"fmt"
	"os"
)

// Exit statuses.
const (
	exitOK     = 0
	exitFailed = 1 // it could not start, or did not end cleanly
	exitUsage  = 2 // an option or a value has no meaning
)

func main() {
	os.Exit(run(os.Args[1:], os.Getenv))
}

// run is the whole program; it returns the exit status. It blocks until the
// server has ended.
func run(args []string, getenv func(string) string) int {
	m, args := chooseMode(args)
	config, err := readConfig(m, args, getenv)
	switch {
	case errors.Is(err, errHelp):
		fmt.Print(m.manual)
		return exitOK
	case err != nil:
		fmt.Fprintf(os.Stderr, "agserver: %v\n", err)
		return exitUsage
	}

	log := newLogger(os.Stderr, config)
	if m == &node {
		warnOfUnused(log, getenv)
	}
	if err := m.serve(config, log); err != nil {
		fmt.Fprintf(os.Stderr, "agserver: %v\n", err)
		return exitFailed
	}
	return exitOK
}
