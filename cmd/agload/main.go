package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"

	"github.com/socketcluster-go/socketcluster/cmd/agload/internal/load"
)

// Exit statuses.
const (
	exitOK          = 0
	exitFailed      = 1 // something was lost, wrong or refused, or it could not begin
	exitUsage       = 2 // a flag or a value has no meaning
	exitInterrupted = 130
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// A second signal ends the program at once.
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run is the whole program; it returns the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	// Memory is plenty, and the collector works on the cores that the server
	// should have.
	debug.SetGCPercent(400)
	if len(args) == 0 {
		fmt.Fprint(stderr, manual)
		return exitUsage
	}
	command, args := args[0], args[1:]
	isMode := slices.Contains(load.Modes, load.Mode(command))
	switch {
	case slices.Contains(commands(), command) && slices.ContainsFunc(args, asksForHelp):
		return help([]string{command}, stdout, stderr)
	case isMode:
		return runMode(ctx, load.Mode(command), args, stdout, stderr)
	case command == "sweep":
		return sweep(ctx, args, stdout, stderr)
	case command == "soak":
		return runSoak(ctx, args, stdout, stderr)
	case command == "report":
		return writeReport(args, stdout, stderr)
	case command == "help" || asksForHelp(command):
		return help(args, stdout, stderr)
	}
	fmt.Fprintf(stderr, "agload: %q is no command; the commands are %s\n", command, strings.Join(commands(), ", "))
	return exitUsage
}

func asksForHelp(arg string) bool {
	return arg == "-h" || arg == "-help" || arg == "--help"
}

// commands are all commands, in the order of the manual.
func commands() []string {
	var names []string
	for _, m := range load.Modes {
		names = append(names, string(m))
	}
	return append(names, "sweep", "report", "soak", "help")
}

// runMode carries out one mode and prints its result.
func runMode(ctx context.Context, mode load.Mode, args []string, stdout, stderr io.Writer) int {
	plan, out, err := readFlags(mode, args)
	if err != nil {
		fmt.Fprintf(stderr, "agload %s: %v (agload help %s explains the flags)\n", mode, err, mode)
		return exitUsage
	}
	teller := newTeller(stderr, out.quiet)
	result, err := load.Run(ctx, plan, teller.tell)
	teller.end()
	if err != nil {
		fmt.Fprintf(stderr, "agload: %v\n", err)
		if errors.Is(err, context.Canceled) {
			return exitInterrupted
		}
		return exitFailed
	}
	if out.json {
		err = json.NewEncoder(stdout).Encode(result)
	} else {
		err = printResult(stdout, result)
	}
	if err != nil {
		fmt.Fprintf(stderr, "agload: %v\n", err)
		return exitFailed
	}
	return verdict(result, stderr)
}

// verdict is the exit status that a result deserves.
func verdict(result *load.Result, stderr io.Writer) int {
	if err := result.Err(); err != nil {
		fmt.Fprintf(stderr, "agload: wrong: %s\n", strings.ReplaceAll(err.Error(), "\n", "; "))
		return exitFailed
	}
	switch {
	case result.Interrupted:
		return exitInterrupted
	case result.TimeUp:
		fmt.Fprintln(stderr, "agload: --max-time ended the run early")
		return exitFailed
	}
	return exitOK
}
