package load

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"time"

	"github.com/socketcluster-go/socketcluster/cmd/agload/internal/wire"
)

// probeTime is how long the server has for each step of the probe.
const probeTime = 5 * time.Second

// probe opens one connection and tries what the run is going to do thousands of
// times, so that what is wrong is said once, and by its name.
func (r *runner) probe(ctx context.Context, n *node) error {
	dialing, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	c, err := n.target.dial(dialing)
	if err != nil {
		hint := ""
		if errors.Is(err, syscall.ECONNREFUSED) {
			hint = " (does it run, and is the port right?)"
		}
		return fmt.Errorf("%w: %w%s", ErrUnreachable, err, hint)
	}
	defer c.Close()
	defer context.AfterFunc(ctx, func() { c.Close() })()

	// The session has a lane and a runner of its own: nothing of it is counted.
	own := &runner{plan: r.plan, shape: r.shape, procedure: r.procedure}
	own.plan.Window = 1
	s := own.add(&lane{run: own}, caller, &node{target: n.target, upgrade: n.upgrade})
	s.connected()
	step := prober{conn: c, session: s}
	err = step.until(func() bool { return s.state == ready })
	var refused *wire.UpgradeError
	switch {
	case errors.As(err, &refused):
		return fmt.Errorf("%w: %w; is the path right (%s)?", ErrNotAG, refused, n.target.url.Path)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Errorf("%w: it was silent for %v while %s", ErrNotAG, probeTime, s.state)
	case err != nil:
		return fmt.Errorf("%w: while %s: %w", ErrNotAG, s.state, err)
	}
	if r.plan.Mode != RPC {
		return nil
	}
	s.send()
	err = step.until(func() bool { return s.open.len() == 0 })
	if err == nil && s.lane.lastError.Load() != nil {
		err = errors.New(*s.lane.lastError.Load())
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = errors.New("no answer")
	}
	if err != nil {
		return fmt.Errorf("%w: %q: %w; --event names another", ErrNoProcedure, r.plan.Procedure, err)
	}
	return nil
}

// prober moves a session's bytes to and fro, one step at a time.
type prober struct {
	conn    net.Conn
	session *session
	in      []byte
}

// until goes on until done, an error, or the time is up.
func (p *prober) until(done func() bool) error {
	p.conn.SetDeadline(time.Now().Add(probeTime))
	buffer := make([]byte, 64<<10)
	for !done() {
		if _, err := p.conn.Write(p.session.out); err != nil {
			return err
		}
		p.session.out = p.session.out[:0]
		n, err := p.conn.Read(buffer)
		if err != nil {
			return err
		}
		rest, err := p.session.feed(append(p.in, buffer[:n]...))
		if err != nil {
			return err
		}
		p.in = append(p.in[:0], rest...)
	}
	return nil
}
