package soak_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/socketcluster-go/socketcluster/agserver"
	"github.com/socketcluster-go/socketcluster/cmd/agload/internal/soak"
)

// badExit as the port of a child has it end with an error.
const badExit = "bad"

// runChild is this test as a server of its own process, until SIGTERM.
func runChild(port string) int {
	port, isBad := strings.CutPrefix(port, badExit)
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	options, err := agserver.ParseOptions([]byte(os.Getenv("SOCKETCLUSTER_OPTIONS")))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	srv := agserver.New(options)
	soak.AddProcedures(srv)
	l, err := net.Listen("tcp", "127.0.0.1:"+port)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	go srv.Serve(l) // ends with the server
	<-ctx.Done()
	srv.Close(context.Background())
	if isBad {
		fmt.Fprintln(os.Stderr, "something went wrong")
		return 3
	}
	return 0
}

// A server of its own process restarts, and its end is looked at.
func TestRun_Child(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ port, want string }{
		"OK":      {"{port}", ""},
		"BadExit": {badExit + "{port}", "status 3: something went wrong"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, err := soak.Run(t.Context(), soak.Plan{
				Clients: 20, Publishers: 2, Channels: 2, Rate: 50, Seed: 4,
				For: 5 * time.Second, Round: 2 * time.Second, Patience: time.Minute,
				Command: []string{os.Args[0], "child", test.port},
			})
			if err != nil {
				t.Fatal(err)
			}
			err = r.Err()
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("Err() = %v, want %q", err, test.want)
			}
			if r.Restarts == 0 || r.Delivered == 0 {
				t.Errorf("%d restarts, %d delivered", r.Restarts, r.Delivered)
			}
		})
	}
}

// runMute is this test as a server that never listens. It says in a file who it is.
func runMute(file string) int {
	if err := os.WriteFile(file+".new", []byte(strconv.Itoa(os.Getpid())), 0o600); err != nil {
		return 1
	}
	if err := os.Rename(file+".new", file); err != nil {
		return 1
	}
	time.Sleep(time.Hour)
	return 0
}

// A server that does not come up is not left behind.
func TestRun_ChildThatNeverListens(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "pid")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error, 1)
	go func() {
		_, err := soak.Run(ctx, soak.Plan{
			Clients: 2, Publishers: 1, Channels: 1, Rate: 1, For: time.Second, Round: time.Second, Patience: time.Minute,
			Command: []string{os.Args[0], "mute", file, "{port}"},
		})
		ended <- err
	}()
	var pid int
	for pid == 0 {
		select {
		case err := <-ended:
			t.Fatalf("Run() = %v before the server has begun", err)
		case <-time.After(5 * time.Millisecond):
		}
		if text, err := os.ReadFile(file); err == nil {
			pid, _ = strconv.Atoi(string(text))
		}
	}
	cancel()
	if err := <-ended; err == nil {
		t.Error("Run() = nil, want an error")
	}
	if p, err := os.FindProcess(pid); err == nil && p.Signal(syscall.Signal(0)) == nil {
		t.Errorf("the server still runs as process %d", pid)
	}
}
