package soak

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/socketcluster-go/socketcluster/cmd/agload/internal/proc"
	"github.com/socketcluster-go/socketcluster/conformance/program"
)

// child is a server that is a process of its own.
type child struct {
	downtime
	words     []string
	fill      map[string]string // what stands for what in the words
	address   string
	held      []net.Listener   // keep its ports free until it is started
	kept      []net.PacketConn // and at its disposal until the end
	isFragile bool             // it is no server of ours: it is killed always, and owes no status
	process   *program.Process
	said      program.Tail
}

// startTime is how long a server may take until it takes connections.
const startTime = time.Minute

// newChild returns one that listens on a free port, "{port}" in its words.
func newChild(words []string) (*child, error) {
	n := &child{words: words, fill: map[string]string{}}
	address, err := n.hold("{port}")
	n.address = address
	return n, err
}

// hold finds a free address, also for later: its port takes the place of a name in the
// words.
func (n *child) hold(name string) (address string, err error) {
	l, keep, err := takePort()
	if err != nil {
		return "", err
	}
	n.held, n.kept = append(n.held, l), append(n.kept, keep)
	n.fill[name] = strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
	return l.Addr().String(), nil
}

// release lets the server, or anybody, have its ports.
func (n *child) release() {
	for _, l := range n.held {
		l.Close()
	}
	n.held = nil
}

// close gives up its ports.
func (n *child) close() {
	n.release()
	for _, keep := range n.kept {
		keep.Close()
	}
	n.kept = nil
}

func (n *child) start(ctx context.Context) (string, error) {
	n.release()
	words := slices.Clone(n.words)
	for name, value := range n.fill {
		for i := range words {
			words[i] = strings.ReplaceAll(words[i], name, value)
		}
	}
	cmd := exec.Command(words[0], words[1:]...)
	// Without GOGC agserver collects a small heap seldom: what a leak adds in minutes is
	// less than what is left lying then.
	cmd.Env = append(append([]string{"GOGC=100"}, os.Environ()...), `SOCKETCLUSTER_OPTIONS={"authKey":"`+authKey+`"}`)
	cmd.Stdout, cmd.Stderr = &n.said, &n.said
	process, err := program.Start(cmd)
	if err != nil {
		return "", err // the process is the one before, which has ended
	}
	n.process = process
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	if err := n.process.AwaitListening(ctx, n.address); err != nil {
		n.process.Kill()
		return "", fmt.Errorf("the server takes no connections at %s: %w; it wrote: %s", n.address, err, &n.said)
	}
	return n.address, nil
}

// endTime is how long an orderly end may take.
const endTime = 30 * time.Second

// end ends the process, in order if it can; one that does not end so is killed. A
// status that is not 0 is an error: a program built with the race detector has one
// when it found something.
func (n *child) end(inOrder bool) error {
	if n.isFragile || !inOrder {
		n.process.Kill()
	} else if err := n.process.Stop(endTime); err != nil {
		return fmt.Errorf("the server, after %v: %w; it wrote: %s", endTime, err, &n.said)
	}
	if code := n.process.Status(); code > 0 && !n.isFragile { // -1: by the signal
		return fmt.Errorf("the server ended with status %d: %s", code, &n.said)
	}
	return nil
}

func (n *child) restart(ctx context.Context, inOrder bool) error {
	n.set(true)
	defer n.set(false)
	if err := n.check(); err != nil {
		return err
	}
	endErr := n.end(inOrder)
	_, err := n.start(ctx)
	return errors.Join(endErr, err)
}

func (n *child) stop(context.Context) error {
	n.set(true)
	if err := n.check(); err != nil {
		return err
	}
	return n.end(true)
}

// check returns an error if the process has ended by itself.
func (n *child) check() error {
	if !n.process.HasEnded() {
		return nil
	}
	return fmt.Errorf("the server had ended by itself: %s", &n.said)
}

func (n *child) memory() int64 {
	return proc.Measure(proc.Group(n.process.PID())).RSS
}

func (n *child) sockets() (int, bool) { return 0, false }

func (n *child) canRestart() bool { return true }

// external is a server that is not ours.
type external struct {
	address string
	pids    []int
}

func (n *external) start(context.Context) (string, error) { return n.address, nil }
func (n *external) restart(context.Context, bool) error   { return nil }
func (n *external) stop(context.Context) error            { return nil }
func (n *external) memory() int64                         { return proc.Measure(n.pids).RSS }
func (n *external) sockets() (int, bool)                  { return 0, false }
func (n *external) canRestart() bool                      { return false }
func (n *external) wasDownSince(time.Time) bool           { return false }
