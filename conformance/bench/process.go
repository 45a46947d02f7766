package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/socketcluster-go/socketcluster/channels/brokertest/freeport"
	"github.com/socketcluster-go/socketcluster/conformance/program"
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
	*program.Process
	name   string
	url    string
	addr   string // host:port
	stderr program.Tail
}

// start starts the server on a free port and waits until it accepts connections.
// The caller has to stop it.
func (s server) start(ctx context.Context) (*process, error) {
	port, err := freeport.Find()
	if err != nil {
		return nil, err
	}
	p := &process{
		name: s.name,
		url:  fmt.Sprintf("%s://127.0.0.1:%d/socketcluster/", s.scheme, port),
		addr: net.JoinHostPort("127.0.0.1", strconv.Itoa(port)),
	}
	cmd := exec.Command(s.command[0], append(s.command[1:len(s.command):len(s.command)], strconv.Itoa(port))...)
	cmd.Env = append(os.Environ(), s.env...)
	cmd.Stderr = &p.stderr
	if p.Process, err = program.Start(cmd); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	if err := p.AwaitListening(ctx, p.addr); err != nil {
		p.stop()
		return nil, fmt.Errorf("%s does not listen: %w; it wrote: %s", s.name, err, &p.stderr)
	}
	return p, nil
}

// check returns an error if the process has ended by itself.
func (p *process) check() error {
	if !p.HasEnded() {
		return nil
	}
	return fmt.Errorf("%s has ended; it wrote: %s", p.name, &p.stderr)
}

// stop ends the process and waits for it.
func (p *process) stop() { _ = p.Stop(stopTimeout) } // it has ended, that is all

// flags tell the load generator where the process is.
func (p *process) flags() []string {
	at := []string{"-url", p.url, "-pid", strconv.Itoa(p.PID())}
	if strings.HasPrefix(p.url, "wss:") {
		at = append(at, "-insecure") // a certificate of the moment
	}
	return at
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
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.PID()))
	if err != nil {
		return u, err
	}
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	if len(fields) < 22 {
		return u, fmt.Errorf("/proc/%d/stat has %d fields", p.PID(), len(fields))
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
