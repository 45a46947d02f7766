package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/socketcluster-go/socketcluster/agserver"
	"github.com/socketcluster-go/socketcluster/cmd/agload/internal/load"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// startServer starts our server with an echo procedure, and returns its URL.
func startServer(t *testing.T) string {
	t.Helper()
	srv := agserver.New(nil)
	srv.HandleProcedure("echo", func(_ context.Context, req *agserver.Request) error { return req.Reply(req.Data()) })
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
	return "ws://" + l.Addr().String() + "/"
}

// agload runs the program.
func agload(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	status = run(t.Context(), args, &out, &errs)
	return status, out.String(), errs.String()
}

var short = []string{"--seconds", "0.1", "--warm", "0", "--settle", "0"}

// The members that others read.
func TestAgload_JSON(t *testing.T) {
	url := startServer(t)
	common := "mode server url at machine conns failed closed pings connects_per_s cpu_s_per_1000_connects process "
	loaded := common + "payload seconds per_s p50_us p90_us p99_us p999_us max_us lost out_of_order duplicates bad errors inexact " +
		"server_sys_pct server_cores client_cores machine_idle_pct machine_steal_pct ops_per_client_read rss_end_mb "
	for _, test := range []struct{ args, members string }{
		{
			"idle --n 20",
			common + "channels cpu_s_per_1000_connects_settled rss_per_conn rss_before_mb rss_after_mb idle_cpu_pct",
		},
		{"fanout --subs 5", loaded + "window subs pubs acks_missing publishes_per_s cpu_us_per_delivery client_cpu_us_per_delivery"},
		{"fanout-rate --subs 5 --noack", loaded + "rate subs pubs pacer_late_max_us cpu_us_per_delivery client_cpu_us_per_delivery"},
		{
			"pubsub --channels 5",
			loaded + "window channels subs_per pubs acks_missing publishes_per_s cpu_us_per_delivery client_cpu_us_per_delivery",
		},
		{
			"pubsub-rate --channels 5 --rate 100",
			loaded + "rate channels subs_per pubs acks_missing publishes_per_s pacer_late_max_us cpu_us_per_delivery client_cpu_us_per_delivery",
		},
		{"rpc --conns 5", loaded + "window cpu_us_per_rpc client_cpu_us_per_rpc"},
	} {
		args := append(strings.Fields(test.args), "--json", "--url", url, "--label", "ours")
		if args[0] == "idle" {
			args = append(args, "--wait", "0.1")
		} else {
			args = append(args, short...)
		}
		status, stdout, stderr := agload(t, args...)
		var got map[string]any
		if err := json.Unmarshal([]byte(stdout), &got); err != nil || status != exitOK {
			t.Fatalf("%s: status %d, %v: %s%s", test.args, status, err, stdout, stderr)
		}
		for name := range strings.FieldsSeq(test.members) {
			// What a process of its own tells is seen on Linux alone.
			if _, ok := got[name]; !ok && got["process"] != nil {
				t.Errorf("%s: %q is missing", test.args, name)
			}
			delete(got, name)
		}
		for name := range got {
			t.Errorf("%s: %q is not in the list", test.args, name)
		}
	}
}

// What is told of a cluster beside: its nodes, and what joins them.
func TestAgload_JSONOfClusters(t *testing.T) {
	urls := startServer(t) + "," + startServer(t)
	self := strconv.Itoa(os.Getpid())
	status, stdout, stderr := agload(t, append([]string{"rpc", "--json", "--url", urls, "--pid", self + "," + self}, short...)...)
	var got load.Result
	if err := json.Unmarshal([]byte(stdout), &got); err != nil || status != exitOK || len(got.Nodes) != 2 {
		t.Fatalf("status %d, %v, want two nodes: %s%s", status, err, stdout, stderr)
	}
	one, two := got.Nodes[0], got.Nodes[1]
	if one.Sockets != 100 || two.Sockets != 100 || one.URL+","+two.URL != urls || got.URL != urls {
		t.Errorf("nodes %+v and %+v of %q, want 100 sockets on each of %q", one, two, got.URL, urls)
	}
	for _, args := range []string{"fanout --subs 5", "idle --n 10 --wait 0"} {
		args := append(strings.Fields(args), "--json", "--url", startServer(t), "--engine-pid", self)
		if args[0] != "idle" {
			args = append(args, short...)
		}
		_, stdout, stderr := agload(t, args...)
		if runtime.GOOS == "linux" && !strings.Contains(stdout, `"engine_rss_`) {
			t.Errorf("%s: nothing of the engine: %s%s", args[0], stdout, stderr)
		}
	}
}

func TestAgload_Summary(t *testing.T) {
	url := startServer(t)
	for _, mode := range load.Modes {
		args := []string{string(mode), "--url", url}
		if mode != load.Idle {
			args = append(args, short...)
		} else {
			args = append(args, "--n", "10", "--wait", "0.1")
		}
		status, stdout, stderr := agload(t, args...)
		if status != exitOK || !strings.Contains(stdout, "connected") || strings.Contains(stdout, "%!") {
			t.Errorf("%s: status %d: %s%s", mode, status, stdout, stderr)
		}
	}
}

func TestAgload_Refusals(t *testing.T) {
	for args, want := range map[string]string{
		"":                       "SYNOPSIS",
		"fan":                    `"fan" is no command`,
		"idle --rate 5":          "--rate is no flag of idle",
		"fanout --subs 0":        "--subs must be",
		"fanout --subs many":     "subs",
		"fanout --data xml":      "object or string",
		"fanout --seconds never": "seconds",
		"rpc --pid 0":            "process id",
		"rpc --locality 1":       "--locality is no flag of rpc",
		"fanout --locality 1":    "several nodes",
		"rpc more":               `"more" is too much`,
		"help nothing":           `no help on "nothing"`,
	} {
		if status, _, stderr := agload(t, strings.Fields(args)...); status != exitUsage || !strings.Contains(stderr, want) {
			t.Errorf("agload %s: status %d, %q, want %d, %q", args, status, stderr, exitUsage, want)
		}
	}
	if status, _, stderr := agload(t, "rpc", "--url", "ws://127.0.0.1:1/"); status != exitFailed || !strings.Contains(stderr, "cannot be reached") {
		t.Errorf("no server: status %d, %q, want %d", status, stderr, exitFailed)
	}
}

// Each mode has a page, and each flag stands on it or on the common one.
func TestAgload_Help(t *testing.T) {
	status, common, _ := agload(t, "help")
	if status != exitOK {
		t.Fatalf("help: status %d", status)
	}
	for _, mode := range load.Modes {
		status, page, _ := agload(t, "help", string(mode))
		if status != exitOK || !strings.Contains(page, "agload "+string(mode)) {
			t.Errorf("help %s: status %d: %s", mode, status, page)
		}
		for _, name := range flagNames(mode) {
			if !strings.Contains(page, "--"+name) && !strings.Contains(common, "--"+name) {
				t.Errorf("--%s of %s is not explained", name, mode)
			}
		}
		if _, byFlag, _ := agload(t, string(mode), "--help"); byFlag != page {
			t.Errorf("%s --help gives another page", mode)
		}
	}
}

// A signal ends a run in order, with the result so far.
func TestAgload_Interrupted(t *testing.T) {
	url := startServer(t)
	ctx, cancel := context.WithCancel(t.Context())
	var out bytes.Buffer
	errs := &trigger{at: "measuring", do: cancel}
	status := run(ctx, []string{"rpc", "--conns", "2", "--seconds", "1h", "--json", "--url", url}, &out, errs)
	var got load.Result
	if err := json.Unmarshal(out.Bytes(), &got); err != nil || status != exitInterrupted || !got.Interrupted || got.PerSecond == 0 {
		t.Errorf("status %d, %v: %s", status, err, out.String())
	}
}

// trigger does something when a text is written.
type trigger struct {
	at string
	do func()
}

func (w *trigger) Write(b []byte) (int, error) {
	if strings.Contains(string(b), w.at) {
		w.do()
	}
	return len(b), nil
}
