package program

import (
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"syscall"
	"time"
)

var (
	// ErrEnded is returned by Await and AwaitListening when the process has ended
	// before what was waited for came true.
	ErrEnded = errors.New("the process has ended")
	// ErrKilled is returned by Stop when the process had to be killed.
	ErrKilled = errors.New("the process did not end when asked to, and was killed")
)

// look is the time between two looks at what is waited for.
const look = 5 * time.Millisecond

// Process is a program at work.
type Process struct {
	cmd   *exec.Cmd
	ended chan struct{}
}

// Start starts a program. What it writes goes where the command says, until it ends.
// The caller has to see to its end, by Kill or Stop.
func Start(cmd *exec.Cmd) (*Process, error) {
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &Process{cmd: cmd, ended: make(chan struct{})}
	go func() { // ends with the process
		_ = cmd.Wait() // Status says it
		close(p.ended)
	}()
	return p, nil
}

// PID is the number by which the system knows the process.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Ended is closed when the process has ended and all that it wrote has been read.
func (p *Process) Ended() <-chan struct{} { return p.ended }

// HasEnded says whether it has.
func (p *Process) HasEnded() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

// Status waits for the end of the process and returns its exit status: -1 if a signal
// ended it.
func (p *Process) Status() int {
	<-p.ended
	return p.cmd.ProcessState.ExitCode()
}

// Signal sends a signal.
func (p *Process) Signal(signal os.Signal) error { return p.cmd.Process.Signal(signal) }

// Kill ends the process without a word, and waits until it has ended. It may have
// done so before.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill() // fails if it has ended
	<-p.ended
}

// Stop asks the process to end, and kills it if it does not in time. The process may
// have ended before.
func (p *Process) Stop(patience time.Duration) error {
	_ = p.Signal(syscall.SIGTERM) // fails if it has ended
	select {
	case <-p.ended:
		return nil
	case <-time.After(patience):
		p.Kill()
		return ErrKilled
	}
}

// Await waits until ok says yes. It asks again and again, from the caller's goroutine.
func (p *Process) Await(ctx context.Context, ok func() bool) error {
	ticker := time.NewTicker(look)
	defer ticker.Stop()
	for !ok() {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return ctx.Err()
		case <-p.ended:
			if ok() { // by what it did last
				return nil
			}
			return ErrEnded
		}
	}
	return nil
}

// AwaitListening waits until connections are accepted at an address.
func (p *Process) AwaitListening(ctx context.Context, address string) error {
	dialer := net.Dialer{Timeout: time.Second}
	return p.Await(ctx, func() bool {
		c, err := dialer.DialContext(ctx, "tcp", address)
		if err == nil {
			_ = c.Close()
		}
		return err == nil
	})
}
