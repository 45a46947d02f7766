package programtest

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/socketcluster-go/socketcluster/conformance/program"
)

// Patience is how long what a program should do may take: much, as the machine may be
// busy.
const Patience = time.Minute

// Process is a program at work, until the test ends at the latest.
type Process struct {
	Log program.Log // of its standard output and its standard error

	t       testing.TB
	name    string
	process *program.Process
}

// Start starts a program.
func Start(t testing.TB, cmd *exec.Cmd) *Process {
	t.Helper()
	p := &Process{t: t, name: filepath.Base(cmd.Path) + " " + strings.Join(cmd.Args[1:], " ")}
	cmd.Stdout, cmd.Stderr = &p.Log, &p.Log
	var err error
	if p.process, err = program.Start(cmd); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.Kill()
		if t.Failed() {
			t.Logf("%s wrote:\n%s", p.name, p.Log.String())
		}
	})
	return p
}

// Run runs a program that ends by itself, and returns its exit status and what it wrote.
func Run(t testing.TB, cmd *exec.Cmd) (status int, stdout, stderr string) {
	t.Helper()
	var out, errs program.Log
	cmd.Stdout, cmd.Stderr = &out, &errs
	process, err := program.Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	defer process.Kill()
	select {
	case <-process.Ended():
	case <-time.After(Patience):
		t.Fatalf("%s goes on; it wrote:\n%s%s", cmd, out.String(), errs.String())
	}
	return process.Status(), out.String(), errs.String()
}

// Signal sends a signal to the process, which must not have ended.
func (p *Process) Signal(signal os.Signal) {
	p.t.Helper()
	if err := p.process.Signal(signal); err != nil {
		p.t.Fatalf("send %v to %s: %v", signal, p.name, err)
	}
}

// Kill ends the process without a word, and waits until it has ended. It may have
// done so before.
func (p *Process) Kill() { p.process.Kill() }

// Terminate asks the process to end, waits until it has, and returns its exit status.
func (p *Process) Terminate() (status int) {
	p.t.Helper()
	p.Signal(syscall.SIGTERM)
	return p.AwaitEnd()
}

// AwaitEnd waits until the process has ended, and returns its exit status.
func (p *Process) AwaitEnd() (status int) {
	p.t.Helper()
	select {
	case <-p.process.Ended():
		return p.process.Status()
	case <-time.After(Patience):
		p.t.Fatalf("%s does not end", p.name)
		return 0
	}
}

// Await waits until ok says yes of the process, which must not end before.
func (p *Process) Await(what string, ok func() bool) {
	p.t.Helper()
	p.await(what, func(ctx context.Context) error { return p.process.Await(ctx, ok) })
}

// AwaitListening waits until connections are accepted at an address.
func (p *Process) AwaitListening(address string) {
	p.t.Helper()
	p.await("listen at "+address, func(ctx context.Context) error { return p.process.AwaitListening(ctx, address) })
}

// AwaitRecord waits for the nth JSON line with a message, counted from 1.
func (p *Process) AwaitRecord(message string, n int) (record map[string]any) {
	p.t.Helper()
	p.Await("log "+message, func() bool {
		records := p.Log.Records(message)
		if len(records) < n {
			return false
		}
		record = records[n-1]
		return true
	})
	return record
}

func (p *Process) await(what string, wait func(context.Context) error) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	defer cancel()
	if err := wait(ctx); err != nil {
		p.t.Fatalf("%s does not %s: %v", p.name, what, err)
	}
}
