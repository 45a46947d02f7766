package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/socketcluster-go/socketcluster/conformance/npm"
)

// TestMain lets the test program be what the command starts of itself.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && (os.Args[1] == "serve" || os.Args[1] == "loop") {
		main()
		return
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(status int) {
		os.RemoveAll(scratch)
		os.Exit(status)
	}))
}

// scratch is the folder of built, once it is there; TestMain removes it.
var scratch string

// built has the programs built once for all tests.
var built = sync.OnceValues(func() (p *programs, err error) {
	if scratch, err = os.MkdirTemp("", "bench-test"); err != nil {
		return nil, err
	}
	c := &config{loaderArgs: "-json -quiet"}
	return c.prepare(context.Background(), scratch)
})

// newSession has measurements of a blink: they show that the command works, and
// nothing else.
func newSession(t *testing.T) (*session, *strings.Builder) {
	record := new(strings.Builder)
	return &session{
		pace:     pace{settle: 0.05, seconds: 0.6, warm: 0.1, wait: 0.1},
		progress: t.Output(), record: record, machine: "a machine",
	}, record
}

func TestTable_FromBothServers(t *testing.T) {
	if testing.Short() {
		t.Skip("starts many processes")
	}
	npm.Install(t, "../reference")
	p, err := built()
	if err != nil {
		t.Fatal(err)
	}
	s, record := newSession(t)
	s.loader = p.loader
	for _, tt := range []struct {
		of   string // the row that is made small
		args []string
	}{
		{"idle10k", []string{"idle", "-n", "20"}},
		{"fanout-w16", []string{"fanout", "-subs", "10", "-window", "2"}},
		{"pubsub-w4", []string{"pubsub", "-channels", "10", "-pubs", "5", "-window", "2"}},
		{"rpc-w8", []string{"rpc", "-conns", "5", "-window", "2"}},
		{"sleep", []string{"rpc", "-conns", "5", "-window", "2", "-event", "sleep"}},
		{"rpc-tls", []string{"rpc", "-conns", "5", "-window", "2"}},
	} {
		t.Run(tt.of, func(t *testing.T) {
			r := rowNamed(t, tt.of)
			r.args = tt.args
			if r.others != nil {
				r.others = []string{"pubsub-rate", "-rate", "50", "-channels", "10", "-pubs", "5"}
			}
			before := len(s.results)
			for _, on := range p.of(r) {
				if err := s.row(t.Context(), r, on, 0); err != nil {
					t.Fatal(err)
				}
			}
			if got := len(s.results) - before; got != len(p.of(r)) {
				t.Fatalf("measured %d servers, want %d", got, len(p.of(r)))
			}
			m := group(s.results)
			for _, f := range r.figures {
				// CPU time and memory may be too small to be seen.
				for _, on := range p.of(r) {
					if _, ok := m.of(r.name, on.name, f); !ok && f.field != "idle_cpu_pct" {
						t.Errorf("%s has no %s of %s", r.name, f.field, on.name)
					}
				}
			}
		})
	}
	if lines := strings.Count(record.String(), "\n"); lines != len(s.results) {
		t.Errorf("recorded %d lines, want %d", lines, len(s.results))
	}
	file := filepath.Join(t.TempDir(), "runs.jsonl")
	if err := os.WriteFile(file, []byte(record.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if status := run(t.Context(), []string{"table", "-markdown", file}, &out, t.Output()); status != 0 {
		t.Fatalf("table ended with %d", status)
	}
	if want := "| fan-out to 1,000, 16 in flight | CPU a delivery | "; !strings.Contains(out.String(), want) {
		t.Errorf("table has no %q:\n%s", want, &out)
	}
}

func TestGrowth_Crowd(t *testing.T) {
	if testing.Short() {
		t.Skip("starts many processes")
	}
	npm.Install(t, "../reference")
	p, err := built()
	if err != nil {
		t.Fatal(err)
	}
	s, _ := newSession(t)
	for name, c := range map[string]*crowd{
		"Channels": {sockets: 5, channels: 250, publishers: 3, window: 4, payload: 128},
		"Shared":   {sockets: 5, channels: 1, shared: true, publishers: 1, window: 1, payload: 70_000},
	} {
		t.Run(name, func(t *testing.T) {
			before := len(s.results)
			for _, on := range []server{p.ours, p.reference} {
				if err := s.measure(t.Context(), task{name: name, server: on, do: s.doing(point{crowd: c})}); err != nil {
					t.Fatal(err)
				}
			}
			for _, r := range s.results[before:] {
				if n, _ := r.number("per_s"); n <= 0 {
					t.Errorf("%s delivered %v a second", r["server"], n)
				}
			}
			if got := len(s.results) - before; got != 2 {
				t.Errorf("measured %d servers, want 2", got)
			}
		})
	}
}

// Whatever happens, no server is left behind.
func TestMeasure_StopsServers(t *testing.T) {
	s, _ := newSession(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for name, end := range map[string]func(cancel func()) error{
		"OK":        func(func()) error { return nil },
		"Failed":    func(func()) error { return fmt.Errorf("no") },
		"Cancelled": func(cancel func()) error { cancel(); return context.Canceled },
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var started *process
			on := server{name: "ours", command: []string{self, "serve"}, scheme: "ws"}
			s.measure(ctx, task{name: name, server: on, do: func(_ context.Context, p *process) (result, error) {
				started = p
				return result{}, end(cancel)
			}})
			if !started.HasEnded() {
				t.Error("the server still runs")
			}
		})
	}
}

func TestStart_SaysWhatTheServerWrote(t *testing.T) {
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("LEFT OUT: there is no shell")
	}
	_, err = server{name: "broken", command: []string{sh, "-c", "echo no such luck >&2; exit 1"}, scheme: "ws"}.start(t.Context())
	if err == nil || !strings.Contains(err.Error(), "no such luck") || !strings.Contains(err.Error(), "broken") {
		t.Errorf("start() = %v, want what the server wrote", err)
	}
}

func TestOnly(t *testing.T) {
	got := only(regexp.MustCompile("^rpc-w"))
	if len(got) != 2 || got[0].name != "rpc-w8" {
		t.Errorf("only(^rpc-w) = %v, want rpc-w8 and rpc-w1", got)
	}
}

func rowNamed(t *testing.T, name string) row {
	t.Helper()
	i := slices.IndexFunc(rows, func(r row) bool { return r.name == name })
	if i < 0 {
		t.Fatalf("there is no row %q", name)
	}
	return rows[i]
}

// What was disturbed is measured again, and the calmest is kept.
func TestMeasure_UntilCalm(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		calm  float64
		busy  []float64 // cores of others, by attempt
		keeps int
		takes int
	}{
		"Off":    {0, []float64{3, 0}, 0, 1},
		"Calm":   {0.5, []float64{0.4, 0}, 0, 1},
		"Again":  {0.5, []float64{3, 0.2, 0}, 1, 2},
		"Never":  {0.5, []float64{3, 2, 1, 2, 0}, 2, 4},
		"Better": {0.5, []float64{2, 3, 0.1}, 2, 3},
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := newSession(t)
			s.calm = tt.calm
			taken := 0
			on := server{name: "ours", command: []string{self, "serve"}, scheme: "ws"}
			err := s.measure(t.Context(), task{name: name, server: on, do: func(context.Context, *process) (result, error) {
				r := result{"attempt": float64(taken), "machine_idle_pct": 0.0, "server_cores": float64(runtime.NumCPU()) - tt.busy[taken]}
				taken++
				return r, nil
			}})
			if err != nil {
				t.Fatal(err)
			}
			if got, _ := s.results[0].number("attempt"); int(got) != tt.keeps || taken != tt.takes {
				t.Errorf("kept attempt %v of %d, want %d of %d", got, taken, tt.keeps, tt.takes)
			}
		})
	}
}
