package main

import (
	"log/slog"
	"slices"
)

// mode is one of the programs that this one is.
type mode struct {
	name     string // as it is called
	argument string // that chooses it
	manual   string
	flags    []string
	read     func(*config, settings) error
	serve    func(*config, *slog.Logger) error
}

var node = mode{
	name:   "agserver",
	manual: manual,
	flags: append([]string{"env", "host", "port", "options", "channel-limit", "log-level", "log-format", "drain"},
		slices.Concat(tlsFlags, clusterFlags, limitFlags)...),
	read:  readNode,
	serve: serve,
}

// chooseMode returns the mode that the first argument names, and the arguments
// that are left. "help" asks for a mode's manual page.
func chooseMode(args []string) (*mode, []string) {
	asksHelp := len(args) > 0 && args[0] == "help"
	if asksHelp {
		args = args[1:]
	}
	m := &node
	if len(args) > 0 {
		for _, other := range []*mode{&sccState, &sccBroker} {
			if other.argument == args[0] {
				m, args = other, args[1:]
				break
			}
		}
	}
	if asksHelp {
		args = append([]string{"-h"}, args...)
	}
	return m, args
}
