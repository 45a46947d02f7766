package program_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/socketcluster-go/socketcluster/conformance/program"
)

// patience is how long a program may take: much, as the machine may be busy.
const patience = time.Minute

// nowhere is an address at which nobody can listen.
const nowhere = "127.0.0.1:0"

// start starts a child that ends with the test.
func start(t *testing.T, what, with string) (*program.Process, *program.Log) {
	t.Helper()
	log := new(program.Log)
	cmd := childCommand(what, with)
	cmd.Stdout, cmd.Stderr = log, log
	p, err := program.Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	return p, log
}

func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

func TestProcess_Status(t *testing.T) {
	p, log := start(t, "end", "3")
	if got := p.Status(); got != 3 {
		t.Errorf("Status() = %d, want 3", got)
	}
	if records := log.Records("ending"); len(records) != 1 || records[0]["status"] != 3.0 || log.Has("end") {
		t.Errorf("Records() = %v, want one line with the status 3", records)
	}
	if err := p.Stop(patience); err != nil {
		t.Errorf("Stop() = %v of a process that has ended", err)
	}
	p.Kill()
}

func TestProcess_Stop(t *testing.T) {
	t.Run("OK", func(t *testing.T) {
		p, log := start(t, "listen", "127.0.0.1:0")
		if err := p.Await(within(t), func() bool { return log.Has("listening") }); err != nil {
			t.Fatalf("Await() = %v", err)
		}
		if err := p.AwaitListening(within(t), log.Records("listening")[0]["address"].(string)); err != nil {
			t.Fatalf("AwaitListening() = %v", err)
		}
		if err := p.Stop(patience); err != nil || p.Status() != -1 {
			t.Errorf("Stop() = %v, Status() = %d, want the end by a signal", err, p.Status())
		}
	})
	t.Run("ErrKilled", func(t *testing.T) {
		p, log := start(t, "stay", "")
		if err := p.Await(within(t), func() bool { return strings.Contains(log.String(), "staying") }); err != nil {
			t.Fatalf("Await() = %v", err)
		}
		if err := p.Stop(10 * time.Millisecond); !errors.Is(err, program.ErrKilled) {
			t.Errorf("Stop() = %v, want ErrKilled", err)
		}
	})
}

func TestProcess_Await(t *testing.T) {
	t.Run("ErrEnded", func(t *testing.T) {
		p, _ := start(t, "end", "0")
		if err := p.AwaitListening(within(t), nowhere); !errors.Is(err, program.ErrEnded) {
			t.Errorf("AwaitListening() = %v, want ErrEnded", err)
		}
	})
	t.Run("LastWords", func(t *testing.T) {
		p, log := start(t, "end", "0")
		<-p.Ended()
		asked := 0
		if err := p.Await(within(t), func() bool { asked++; return asked > 1 && log.Has("ending") }); err != nil {
			t.Errorf("Await() = %v of what the process did last", err)
		}
	})
	t.Run("ErrContext", func(t *testing.T) {
		p, _ := start(t, "stay", "")
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := p.AwaitListening(ctx, nowhere); !errors.Is(err, context.Canceled) {
			t.Errorf("AwaitListening() = %v, want context.Canceled", err)
		}
	})
}
