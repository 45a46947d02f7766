package load_test

import (
	"context"
	"io"
	"log"
	"net"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/socketcluster-go/socketcluster/agserver"
	"github.com/socketcluster-go/socketcluster/authtoken"
	"github.com/socketcluster-go/socketcluster/cmd/agload/internal/load"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// plan is a small plan with everything set.
func plan(mode load.Mode, url string) load.Plan {
	return load.Plan{
		Mode: mode, URLs: []string{url}, Channel: "test", Locality: -1,
		Sockets: 50, Channels: 10, Subs: 20, SubsPer: 2, Publishers: 3, Callers: 10, Window: 4, Rate: 200,
		Payload: 100, Procedure: "echo", Loops: 2, Connecting: 16, MaxSockets: 1000,
		Settle: 10 * time.Millisecond, Warm: 20 * time.Millisecond, Measure: 200 * time.Millisecond,
		Wait: 50 * time.Millisecond, MaxTime: time.Minute, Drain: 20 * time.Second,
	}
}

// runUntil measures for as long as it takes until enough reports true, which is asked
// several times in a second: a machine that is busy may get nothing done in any given time.
func runUntil(t *testing.T, p load.Plan, enough func(load.Progress) bool) *load.Result {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	p.Measure = time.Hour // MaxTime is sooner
	r, err := load.Run(ctx, p, func(at load.Progress) {
		if at.Phase == "measuring" && enough(at) {
			cancel()
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// something is enough for most tests.
func something(at load.Progress) bool { return at.PerSecond > 0 }

// newServer starts our server with an echo procedure, and returns its URL.
func newServer(t *testing.T, o *agserver.Options) string {
	t.Helper()
	srv := agserver.New(o)
	srv.HandleProcedure("echo", func(_ context.Context, req *agserver.Request) error { return req.Reply(req.Data()) })
	srv.HandleProcedure("fail", func(_ context.Context, req *agserver.Request) error {
		return req.Fail(protocol.ErrBroker.Withf("not today"))
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		srv.Serve(l)
		close(done)
	}()
	t.Cleanup(func() {
		srv.Close(context.Background())
		<-done
	})
	return "ws://" + l.Addr().String() + "/socketcluster/"
}

// check asks for a result without a fault.
func check(t *testing.T, r *load.Result, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Err(); err != nil {
		t.Error(err)
	}
}

func TestRun_Modes(t *testing.T) {
	url := newServer(t, nil)
	for _, portable := range []bool{false, true} {
		for _, mode := range load.Modes {
			name := string(mode)
			if portable {
				name += "Portable"
			}
			t.Run(name, func(t *testing.T) {
				p := plan(mode, url)
				p.Portable = portable
				r := runUntil(t, p, something)
				check(t, r, nil)
				if (r.IdleResult != nil) != (mode == load.Idle) || (r.LoadResult != nil) != (mode != load.Idle) {
					t.Fatalf("IdleResult %v, LoadResult %v", r.IdleResult, r.LoadResult)
				}
				if l := r.LoadResult; l != nil && (l.PerSecond == 0 || l.P50 <= 0 || l.P50 > l.P99 || l.P99 > l.Max || l.Payload != 100) {
					t.Errorf("%+v makes no sense", *l)
				}
			})
		}
	}
}

// What a server may be set to, and what a plan may ask for.
func TestRun_Variants(t *testing.T) {
	keys, err := authtoken.NewKeys(authtoken.KeyOptions{Secret: "secret"})
	if err != nil {
		t.Fatal(err)
	}
	token, err := authtoken.JWT{}.Sign(t.Context(), authtoken.Claims{"username": "ada"}, keys.Sign, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name string
		o    agserver.Options
		set  func(*load.Plan)
	}{
		{"Version1", agserver.Options{ProtocolVersion: protocol.V1, PingInterval: 20 * time.Millisecond}, func(*load.Plan) {}},
		{"Version2Asked", agserver.Options{ProtocolVersion: protocol.V1, PingInterval: 20 * time.Millisecond}, func(p *load.Plan) { p.Protocol = 2 }},
		{"Pings", agserver.Options{PingInterval: 20 * time.Millisecond, PingTimeout: time.Minute}, func(*load.Plan) {}},
		{"Token", agserver.Options{AuthKey: "secret"}, func(p *load.Plan) { p.Token = token.Signed }},
		{"Batches", agserver.Options{BatchOnHandshake: true, BatchInterval: time.Millisecond}, func(*load.Plan) {}},
		{"Large", agserver.Options{}, func(p *load.Plan) { p.Payload, p.Subs, p.Window = 700_000, 4, 2 }},
		{"Text", agserver.Options{}, func(p *load.Plan) { p.Text = true }},
		{"Ramp", agserver.Options{}, func(p *load.Plan) { p.Ramp = 500 }},
		{"Unacknowledged", agserver.Options{}, func(p *load.Plan) { p.Mode, p.NoAck = load.FanoutRate, true }},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			url := newServer(t, &test.o)
			for _, portable := range []bool{false, true} {
				p := plan(load.Fanout, url)
				p.Portable = portable
				test.set(&p)
				r := runUntil(t, p, something)
				check(t, r, nil)
				for start := time.Now(); test.o.PingInterval > 0 && r.Pings == 0; r = runUntil(t, p, something) {
					if time.Since(start) > p.MaxTime {
						t.Fatal("no ping was seen")
					}
				}
			}
		})
	}
}

func TestRun_TLS(t *testing.T) {
	srv := agserver.New(nil)
	defer srv.Close(context.Background())
	web := httptest.NewUnstartedServer(srv)
	web.Config.ErrorLog = log.New(io.Discard, "", 0) // a certificate is refused on purpose
	web.StartTLS()
	defer web.Close()
	p := plan(load.PubSub, strings.Replace(web.URL, "https", "wss", 1)+"/socketcluster/")
	if _, err := load.Run(t.Context(), p, nil); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("error %v, want one about the certificate", err)
	}
	p.Insecure = true
	r, err := load.Run(t.Context(), p, nil)
	check(t, r, err)
}

// A context that ends early leaves a result of what was measured.
func TestRun_Interrupted(t *testing.T) {
	url := newServer(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	p := plan(load.Fanout, url)
	p.Measure = time.Hour
	r, err := load.Run(ctx, p, func(at load.Progress) {
		if at.Phase == "measuring" && at.PerSecond > 0 {
			cancel()
		}
	})
	check(t, r, err)
	if !r.Interrupted || r.LoadResult.PerSecond == 0 {
		t.Errorf("Interrupted %v at %v/s, want a result", r.Interrupted, r.PerSecond)
	}
	p.MaxTime = 300 * time.Millisecond
	if r, err := load.Run(t.Context(), p, nil); err != nil || !r.TimeUp {
		t.Errorf("Run() = %+v, %v, want it to end with MaxTime", r, err)
	}
}
