package hardening_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/socketcluster-go/socketcluster/agserver"
)

// childEnv is set in processes that a test starts to be a server alone: with
// limits of the system that would hit the test too.
const childEnv = "HARDENING_CHILD"

// childPayload is the MaxPayload of a child: with little memory that has to be set.
const childPayload = 128 << 10

// stats is what a child tells about itself.
type stats struct {
	Goroutines, Files, Errors int
	Heap                      int64
}

// child is a server until its standard input ends. backend is "loops" or
// "portable".
func child(backend string) int {
	srv := agserver.New(&agserver.Options{Portable: backend == "portable", Loops: 2, MaxPayload: childPayload})
	errs := srv.Events().Error.Consume()
	agserver.HandleFunc(srv, "stats", func(context.Context, *agserver.Socket, any) (stats, error) {
		u := measure()
		return stats{u.goroutines, u.files, errs.Backpressure(), u.heap}, nil
	})
	srv.HandleProcedure("echo", func(_ context.Context, req *agserver.Request) error { return req.Reply(req.Data()) })
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	fmt.Println(l.Addr())
	_, _ = io.Copy(io.Discard, os.Stdin) // until the test has ended
	if err := srv.Close(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	<-served
	return 0
}

// startChild starts a server that may open so many files, and returns its address.
// It ends with the test, without an error.
func startChild(t *testing.T, backend string, files int, env ...string) string {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("counts and limits descriptors as Linux does")
	}
	cmd := exec.Command("sh", "-c", `ulimit -n "$1" && exec "$0"`, os.Args[0], fmt.Sprint(files))
	cmd.Env = append(append(os.Environ(), childEnv+"="+backend), env...)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var stderr strings.Builder
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = stdin.Close()
		timer := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
		defer timer.Stop()
		if err := cmd.Wait(); err != nil {
			t.Errorf("the child: %v\n%s", err, stderr.String())
		}
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatalf("the child: %v\n%s", err, stderr.String())
	}
	return strings.TrimSpace(line)
}

// stats asks a child about itself.
func (c *client) stats() stats {
	c.t.Helper()
	var s stats
	if p := c.call("stats", "null"); json.Unmarshal(p.Data, &s) != nil {
		c.t.Fatalf("stats = %s", p.raw)
	}
	return s
}

// With no descriptor left the server cannot accept. It must not try for ever and
// at once; those who are there are served; and it accepts again when it can.
func TestH6_NoDescriptors(t *testing.T) {
	for _, backend := range []string{"loops", "portable"} {
		t.Run(backend, func(t *testing.T) {
			addr := startChild(t, backend, 64)
			witness := dial(t, addr).upgrade()
			defer witness.close()
			witness.handshake()
			before := witness.stats()
			var flood []*client
			for range 150 { // the system's queue takes them, the server cannot
				if c, err := tryDial(t, addr); err == nil {
					flood = append(flood, c)
				}
			}
			exhausted := func() bool { return witness.stats().Errors > before.Errors }
			if !poll(exhausted) {
				t.Fatal("no error was reported: descriptors are not exhausted")
			}
			if now := witness.stats(); now.Heap > before.Heap+spareHeap {
				t.Errorf("during the flood: %+v, before: %+v", now, before)
			}
			first := witness.stats().Errors
			const calls = 200
			for n := range calls {
				if p := witness.call("echo", fmt.Sprint(n)); string(p.Data) != fmt.Sprint(n) {
					t.Fatalf("echo = %s", p.raw)
				}
			}
			// Accepting in a loop without a pause fails many times during one call.
			if errors := witness.stats().Errors - first; errors > calls/2 {
				t.Errorf("%d errors of accepting during %d calls, want a pause between them", errors, calls)
			}
			for _, c := range flood {
				c.close()
			}
			late := dial(t, addr).upgrade()
			late.handshake()
			late.close()
			if !poll(func() bool {
				now := witness.stats()
				return 0 < now.Files && now.Files <= before.Files && now.Goroutines <= before.Goroutines+spareGoroutines && now.Heap <= before.Heap+spareHeap
			}) {
				t.Errorf("after the flood: %+v, before: %+v", witness.stats(), before)
			}
		})
	}
}

// With 256 descriptors and little memory the server sheds load and stays alive.
func TestC8_SmallMachine(t *testing.T) {
	const most = 64 << 20
	for _, backend := range []string{"loops", "portable"} {
		t.Run(backend, func(t *testing.T) {
			addr := startChild(t, backend, 256, "GOMEMLIMIT=64MiB")
			shaken := join([]byte(request()), text(`{"event":"#handshake","data":{},"cid":1}`))
			endless := join(shaken, frame(opText, nil), bytes.Repeat(frame(opContinuation, make([]byte, 32<<10)), 256)) // 8 MiB
			witness := dial(t, addr).upgrade()
			defer witness.close()
			witness.handshake()
			before := witness.stats()
			var flood []*client
			var writing sync.WaitGroup
			for n := range 320 {
				c, err := tryDial(t, addr)
				if err != nil {
					continue
				}
				flood = append(flood, c)
				// A request, a handshake and most of a large message, or one without
				// an end; a request without an end; nothing.
				switch n % 4 {
				case 0:
					half := frame(fin|opText, make([]byte, childPayload))[:100<<10]
					_ = c.try(join(shaken, half))
				case 1:
					writing.Go(func() { _ = c.try(endless) }) // until it is cut, or hung up
				case 2:
					_ = c.try([]byte(request()[:100]))
				}
			}
			for n := range 100 {
				if p := witness.call("echo", fmt.Sprint(n)); string(p.Data) != fmt.Sprint(n) {
					t.Fatalf("echo = %s", p.raw)
				}
			}
			if now := witness.stats(); now.Heap > most {
				t.Errorf("%d bytes are in use, want at most %d", now.Heap, most)
			}
			for _, c := range flood {
				c.close()
			}
			writing.Wait()
			if !poll(func() bool {
				now := witness.stats()
				return 0 < now.Files && now.Files <= before.Files && now.Heap <= before.Heap+spareHeap
			}) {
				t.Errorf("after the flood: %+v, before: %+v", witness.stats(), before)
			}
			late := dial(t, addr).upgrade()
			late.handshake()
			late.close()
		})
	}
}
