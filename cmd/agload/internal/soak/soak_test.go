package soak_test

import (
	"bytes"
	"context"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/socketcluster-go/socketcluster/agserver"
	"github.com/socketcluster-go/socketcluster/cmd/agload/internal/soak"
	"github.com/socketcluster-go/socketcluster/middleware"
	"github.com/socketcluster-go/socketcluster/protocol"
)

func TestMain(m *testing.M) {
	if len(os.Args) > 2 {
		switch os.Args[1] {
		case "child":
			os.Exit(runChild(os.Args[2]))
		case "mute":
			os.Exit(runMute(os.Args[2]))
		case "nats":
			os.Exit(runNATS(os.Args[2]))
		case "node":
			os.Exit(runNode(os.Args[2:]))
		}
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(status int) {
		agserverProgram.Remove()
		os.Exit(status)
	}))
}

// Ten seconds of bad weather, with restarts, on both engines.
func TestRun(t *testing.T) {
	t.Parallel()
	for name, portable := range map[string]bool{"Native": false, "Portable": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			testRun(t, portable)
		})
	}
}

// testRun soaks a server, and checks that enough happened and was logged.
func testRun(t *testing.T, portable bool) {
	t.Helper()
	var mu sync.Mutex
	var log bytes.Buffer
	r, err := soak.Run(t.Context(), soak.Plan{
		Clients: 150, Publishers: 10, Channels: 12, Rate: 400, Payload: 128, Seed: 1,
		For: 10 * time.Second, Round: 3 * time.Second, Patience: time.Minute, Portable: portable,
		Log: func(line string) {
			mu.Lock()
			defer mu.Unlock()
			log.WriteString(line + "\n")
		},
		Progress: func(line string) { t.Log(line) },
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Err(); err != nil {
		t.Error(err)
	}
	if r.Published < 200 || r.Delivered < r.Published || r.Calls < 200 || r.Connects < uint64(r.Clients) || r.Rounds < 2 {
		t.Errorf("too little happened: %+v", *r)
	}
	for _, kind := range []string{"cut", "delay", "throttle", "stall"} {
		if n := strings.Count(log.String(), "fault "+kind+":"); n == 0 || uint64(n) != r.Faults[kind] {
			t.Errorf("%d faults of kind %s were logged, of %d", n, kind, r.Faults[kind])
		}
	}
}

// A context that ends, ends a soak in order.
func TestRun_Interrupted(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	r, err := soak.Run(ctx, soak.Plan{
		Clients: 10, Publishers: 2, Channels: 2, Rate: 50, Seed: 2,
		For: time.Hour, Round: time.Second, Patience: time.Minute,
		Progress: func(string) { cancel() },
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Err(); err != nil || !r.Interrupted || r.Rounds == 0 {
		t.Errorf("%v; %+v", err, *r)
	}
}

// every returns a function that is true once in n calls.
func every(n uint64) func() bool {
	var calls atomic.Uint64
	return func() bool { return calls.Add(1)%n == 0 }
}

// outbound has a middleware look at each delivery.
func outbound(t *testing.T, srv *agserver.Server, do func(*middleware.Action) error) {
	t.Helper()
	if err := srv.SetMiddleware(middleware.Outbound, middleware.Func(func(_ context.Context, a *middleware.Action) error {
		return do(a)
	})); err != nil {
		t.Fatal(err)
	}
}

// What a server does wrong is found, by its name.
func TestRun_FindsFaults(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		kinds []string // each of them has to be found; others may follow from them
		spoil func(*testing.T, *agserver.Server)
	}{
		{"Lost", []string{"lost"}, func(t *testing.T, srv *agserver.Server) {
			now := every(100)
			outbound(t, srv, func(*middleware.Action) error {
				if now() {
					return &middleware.Refusal{}
				}
				return nil
			})
		}},
		{"Malformed", []string{"lost", "malformed"}, func(t *testing.T, srv *agserver.Server) {
			now := every(100)
			outbound(t, srv, func(a *middleware.Action) error {
				if now() {
					a.Data = protocol.Data(`{"t":1}`)
				}
				return nil
			})
		}},
		{"Repeated", []string{"duplicate", "lost"}, func(t *testing.T, srv *agserver.Server) {
			now := every(100)
			var mu sync.Mutex
			before := map[string]protocol.Data{}
			outbound(t, srv, func(a *middleware.Action) error {
				mu.Lock()
				defer mu.Unlock()
				key := a.Socket.ID() + a.Channel
				last := before[key]
				before[key] = slices.Clone(a.Data)
				if last != nil && now() {
					a.Data = last
				}
				return nil
			})
		}},
		{"RefusedPublications", []string{"refused", "lost"}, func(t *testing.T, srv *agserver.Server) {
			now := every(30)
			if err := srv.SetMiddleware(middleware.Inbound, middleware.Func(func(_ context.Context, a *middleware.Action) error {
				if a.Kind == middleware.PublishIn && now() {
					return &middleware.Refusal{}
				}
				return nil
			})); err != nil {
				t.Fatal(err)
			}
		}},
		{"WrongAnswer", []string{"wrong_answer"}, func(_ *testing.T, srv *agserver.Server) {
			srv.HandleProcedure("echo", func(_ context.Context, req *agserver.Request) error { return req.Reply("echo") })
		}},
		{"WrongUser", []string{"authentication"}, func(_ *testing.T, srv *agserver.Server) {
			srv.HandleProcedure("whoami", func(_ context.Context, req *agserver.Request) error {
				return req.Reply(map[string]string{"authState": req.Socket.AuthState().String()})
			})
		}},
		{"CutOff", []string{"unexplained_end"}, func(_ *testing.T, srv *agserver.Server) {
			srv.HandleProcedure("echo", func(_ context.Context, req *agserver.Request) error {
				req.Socket.Terminate()
				return nil
			})
		}},
		{"Silent", []string{"unanswered"}, func(_ *testing.T, srv *agserver.Server) {
			srv.HandleProcedure("echo", func(_ context.Context, req *agserver.Request) error {
				req.Detach()
				return nil
			})
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			srv := agserver.New(nil)
			soak.AddProcedures(srv)
			test.spoil(t, srv)
			r, err := soak.Run(t.Context(), soak.Plan{
				Clients: 40, Publishers: 3, Channels: 3, Rate: 100, Seed: 3, URL: serve(t, srv),
				For: 3 * time.Second, Round: 3 * time.Second, Patience: 3 * time.Second,
			})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for kind := range r.Violations {
				got = append(got, string(kind))
			}
			for _, kind := range test.kinds {
				if !slices.Contains(got, kind) {
					t.Errorf("found %v, want %v: %v", got, test.kinds, r.Err())
				}
			}
			if r.Err() == nil {
				t.Error("Err() = nil")
			}
		})
	}
}

// serve runs a server until the end of the test.
func serve(t *testing.T, srv *agserver.Server) (url string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan struct{})
	go func() {
		srv.Serve(l)
		close(served)
	}()
	t.Cleanup(func() {
		srv.Close(context.Background())
		<-served
	})
	return "ws://" + l.Addr().String() + "/"
}

func TestPlan_Check(t *testing.T) {
	for flag, set := range map[string]func(*soak.Plan){
		"--clients":  func(p *soak.Plan) { p.Clients = 1 },
		"--pubs":     func(p *soak.Plan) { p.Publishers = p.Clients },
		"--channels": func(p *soak.Plan) { p.Channels = 0 },
		"--payload":  func(p *soak.Plan) { p.Payload = -1 },
		"--rate":     func(p *soak.Plan) { p.Rate = 0 },
		"--for":      func(p *soak.Plan) { p.For = 0 },
		"--round":    func(p *soak.Plan) { p.Round = 0 },
		"--patience": func(p *soak.Plan) { p.Patience = 0 },
		"--url":      func(p *soak.Plan) { p.URL = "wss://example.com/" },
		"--command":  func(p *soak.Plan) { p.URL, p.Command = "ws://127.0.0.1:1", []string{"x"} },
		"--nodes":    func(p *soak.Plan) { p.Nodes = 2 },
		"--engine":   func(p *soak.Plan) { p.Command, p.Engine = []string{"x"}, []string{"y"} },
		"{engine}":   func(p *soak.Plan) { p.Command, p.Engine = []string{"x"}, []string{"y", "{port}"} },
		"{peers}":    func(p *soak.Plan) { p.Command, p.Nodes = []string{"x", "{cluster}"}, 2 },
	} {
		p := soak.Plan{
			Clients: 10, Publishers: 2, Channels: 2, Rate: 50, For: time.Second, Round: time.Second, Patience: time.Second,
		}
		if err := p.Check(); err != nil {
			t.Fatal(err)
		}
		set(&p)
		if err := p.Check(); err == nil || !strings.Contains(err.Error(), flag) {
			t.Errorf("Check() = %v, want an error about %s", err, flag)
		}
	}
}
