package soak

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/socketcluster-go/socketcluster/cmd/agload/internal/proc"
)

// child is a server that is a process of its own.
type child struct {
	downtime
	words     []string
	fill      map[string]string // what stands for what in the words
	address   string
	held      []net.Listener // keep its ports free until it is started
	isFragile bool           // it is no server of ours: it is killed always, and owes no status
	process   *exec.Cmd
	ended     chan struct{}
	said      tail
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

// hold finds a free address, also for later: its port, which takes the place of a
// name in the words, is below those that the system gives to outgoing connections.
func (n *child) hold(name string) (address string, err error) {
	for range 100 {
		port := 10_000 + rand.IntN(20_000)
		var l net.Listener
		if l, err = net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
			n.held = append(n.held, l)
			n.fill[name] = strconv.Itoa(port)
			return l.Addr().String(), nil
		}
	}
	return "", fmt.Errorf("no port is free: %w", err)
}

// release lets the server, or anybody, have its ports.
func (n *child) release() {
	for _, l := range n.held {
		l.Close()
	}
	n.held = nil
}

func (n *child) start(ctx context.Context) (string, error) {
	n.release()
	words := slices.Clone(n.words)
	for name, value := range n.fill {
		for i := range words {
			words[i] = strings.ReplaceAll(words[i], name, value)
		}
	}
	n.process = exec.Command(words[0], words[1:]...)
	// Without GOGC agserver collects a small heap seldom: what a leak adds in minutes is
	// less than what is left lying then.
	n.process.Env = append(append([]string{"GOGC=100"}, os.Environ()...), `SOCKETCLUSTER_OPTIONS={"authKey":"`+authKey+`"}`)
	n.process.Stdout, n.process.Stderr = &n.said, &n.said
	if err := n.process.Start(); err != nil {
		n.process = nil
		return "", err
	}
	n.ended = make(chan struct{})
	go func(p *exec.Cmd, ended chan struct{}) { // ends with the process
		p.Wait()
		close(ended)
	}(n.process, n.ended)
	return n.address, n.await(ctx)
}

// await waits until the server takes connections.
func (n *child) await(ctx context.Context) error {
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for deadline := time.Now().Add(startTime); time.Now().Before(deadline); {
		if c, err := net.DialTimeout("tcp", n.address, time.Second); err == nil {
			c.Close()
			return nil
		}
		select {
		case <-look.C:
		case <-n.ended:
			return fmt.Errorf("the server ended: %s", n.said.String())
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return fmt.Errorf("the server takes no connections at %s: %s", n.address, n.said.String())
}

// endTime is how long an orderly end may take.
const endTime = 30 * time.Second

// end ends the process by a signal; one that does not end is killed. A status
// that is not 0 is an error: a program built with the race detector has one when
// it found something.
func (n *child) end(signal os.Signal) error {
	n.process.Process.Signal(signal)
	select {
	case <-n.ended:
	case <-time.After(endTime):
		n.process.Process.Kill()
		<-n.ended
		return fmt.Errorf("the server did not end within %v of %v: %s", endTime, signal, n.said.String())
	}
	if code := n.process.ProcessState.ExitCode(); code > 0 && !n.isFragile { // -1: by the signal
		return fmt.Errorf("the server ended with status %d: %s", code, n.said.String())
	}
	return nil
}

func (n *child) restart(ctx context.Context, inOrder bool) error {
	n.set(true)
	defer n.set(false)
	select {
	case <-n.ended:
		return fmt.Errorf("the server had ended by itself: %s", n.said.String())
	default:
	}
	var signal os.Signal = os.Kill
	if inOrder && !n.isFragile {
		signal = syscall.SIGTERM
	}
	endErr := n.end(signal)
	_, err := n.start(ctx)
	return errors.Join(endErr, err)
}

func (n *child) stop(context.Context) error {
	n.set(true)
	select {
	case <-n.ended:
		return fmt.Errorf("the server had ended by itself: %s", n.said.String())
	default:
	}
	if n.isFragile {
		return n.end(os.Kill)
	}
	return n.end(syscall.SIGTERM)
}

func (n *child) memory() int64 {
	return proc.Measure(proc.Group(n.process.Process.Pid)).RSS
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

// tail keeps the end of what is written to it.
type tail struct {
	mu   sync.Mutex
	text []byte
}

const tailSize = 8 << 10

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, b...)
	if extra := len(t.text) - tailSize; extra > 0 {
		t.text = t.text[:copy(t.text, t.text[extra:])]
	}
	return len(b), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(string(t.text))
}
