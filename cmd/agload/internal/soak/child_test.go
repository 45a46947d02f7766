package soak_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/signal"
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
