package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/socketcluster-go/socketcluster/channels/brokertest/freeport"
	"github.com/socketcluster-go/socketcluster/conformance/internal/program"
)

// Times after which a process that does not do what it should is given up.
const (
	startTimeout = 30 * time.Second
	stopTimeout  = 10 * time.Second
)

// A server is a way to start a server under test: its port comes as the last
// argument.
type server struct {
	name    string
	command []string
	env     []string
	scheme  string // "ws" or "wss"
}

// A process is a server at work.
type process struct {
	url    string
	addr   string // host:port
	cmd    *exec.Cmd
	stderr *program.Tail
	ended  chan struct{}
}

// start starts the server on a free port and waits until it accepts connections.
// The caller has to stop it.
func (s server) start(ctx context.Context) (*process, error) {
	port, err := freeport.Find()
	if err != nil {
		return nil, err
	}
	args := append(s.command[1:len(s.command):len(s.command)], strconv.Itoa(port))
	p := &process{
		url:    fmt.Sprintf("%s://127.0.0.1:%d/socketcluster/", s.scheme, port),
		addr:   net.JoinHostPort("127.0.0.1", strconv.Itoa(port)),
		cmd:    exec.Command(s.command[0], args...),
		stderr: new(program.Tail), ended: make(chan struct{}),
	}
	p.cmd.Env = append(os.Environ(), s.env...)
	p.cmd.Stderr = p.stderr
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() { // ends with the process, which stop sees to
		p.cmd.Wait()
		close(p.ended)
	}()
	if err := p.listens(ctx, port); err != nil {
		p.stop()
		return nil, fmt.Errorf("%s: %w; it wrote: %s", s.name, err, p.stderr)
	}
	return p, nil
}

// listens waits until the server accepts connections.
func (p *process) listens(ctx context.Context, port int) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	var d net.Dialer
	for {
		c, err := d.DialContext(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			return c.Close()
		}
		select {
		case <-p.ended:
			return errors.New("it has ended")
		case <-ctx.Done():
			return fmt.Errorf("it does not listen: %w", ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// flags tell the load generator where the process is.
func (p *process) flags() []string {
	at := []string{"-url", p.url, "-pid", strconv.Itoa(p.pid())}
	if strings.HasPrefix(p.url, "wss:") {
		at = append(at, "-insecure") // a certificate of the moment
	}
	return at
}

func (p *process) pid() int { return p.cmd.Process.Pid }

// stop ends the process and waits for it.
func (p *process) stop() {
	p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.ended:
	case <-time.After(stopTimeout):
		p.cmd.Process.Kill()
		<-p.ended
	}
}

// usage is what a process has used.
type usage struct {
	cpu time.Duration
	rss int64 // bytes
}

// clockTick is the unit of CPU times in /proc.
const clockTick = 10 * time.Millisecond

// used reads that from /proc.
func (p *process) used() (usage, error) {
	var u usage
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.pid()))
	if err != nil {
		return u, err
	}
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	if len(fields) < 22 {
		return u, fmt.Errorf("/proc/%d/stat has %d fields", p.pid(), len(fields))
	}
	number := func(i int) (n int64) {
		if err == nil {
			n, err = strconv.ParseInt(fields[i], 10, 64)
		}
		return n
	}
	u.cpu = time.Duration(number(11)+number(12)) * clockTick
	u.rss = number(21) * int64(os.Getpagesize())
	return u, err
}
