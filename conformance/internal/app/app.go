package app

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/socketcluster-go/socketcluster/channels/brokertest/freeport"
	"github.com/socketcluster-go/socketcluster/conformance/program"
)

// patience bounds the time from the start of a program to its first line, and that of
// its orderly end.
const patience = 30 * time.Second

// startAttempts is how often a program is started anew if it does not come up:
// somebody else may have taken the port that was free.
const startAttempts = 3

// A Program is a command that is a conformance app: --port and --options are added to
// its arguments.
type Program struct {
	Args []string
	Env  []string // more of it
}

// A Process is a conformance app at work.
type Process struct {
	Addr string // 127.0.0.1 with Port
	Port int

	process *program.Process
}

// Start runs the program with options, as JSON, and waits until it listens. The caller
// has to Stop the process.
func (p Program) Start(options string) (s *Process, err error) {
	for range startAttempts {
		if s, err = p.start(options); err == nil {
			return s, nil
		}
	}
	return nil, err
}

func (p Program) start(options string) (*Process, error) {
	port, err := freeport.Find()
	if err != nil {
		return nil, err
	}
	args := append(p.Args[1:len(p.Args):len(p.Args)], "--port", fmt.Sprint(port), "--options", options)
	cmd := exec.Command(p.Args[0], args...)
	cmd.Env = append(os.Environ(), p.Env...)
	var said program.Log
	var complaints program.Tail
	cmd.Stdout, cmd.Stderr = &said, &complaints
	process, err := program.Start(cmd)
	if err != nil {
		return nil, err
	}
	s := &Process{Addr: fmt.Sprintf("127.0.0.1:%d", port), Port: port, process: process}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	listens := func() bool { return strings.HasPrefix(said.String(), "listening on ") }
	if err := process.Await(ctx, listens); err != nil {
		s.Stop()
		return nil, fmt.Errorf("%s does not listen: %w; it wrote: %s", strings.Join(p.Args, " "), err, &complaints)
	}
	return s, nil
}

// Stop ends the process and waits for it.
func (p *Process) Stop() { _ = p.process.Stop(patience) } // its end is all that matters

// HasEnded says whether the process has ended by itself.
func (p *Process) HasEnded() bool { return p.process.HasEnded() }
