package main_test

import (
	"errors"
	"net"
	"net/url"
	"strings"
	"testing"

	"github.com/socketcluster-go/socketcluster/agclient"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// instance connects an SCC instance of a type to the program, which is a state
// server.
func (p *process) instance(t *testing.T, kind, key string) (*agclient.Client, error) {
	t.Helper()
	client, err := agclient.Dial(t.Context(), "ws://"+p.address+sockets, &agclient.Options{
		ReconnectDisabled: true,
		Query: url.Values{
			"instanceType": {kind}, "instancePort": {"8888"}, "version": {"10.0.1"}, "authKey": {key},
		},
	})
	if err == nil {
		t.Cleanup(func() { client.Close() })
	}
	return client, err
}

func startState(t *testing.T, variables ...string) *process {
	t.Helper()
	return startMode(t, []string{"scc-state"}, variables)
}

func TestProgram_SCCState(t *testing.T) {
	const key = "a&key that nobody-else has"
	p := startState(t, "SCC_AUTH_KEY="+key, "SCC_STATE_SERVER_STARTUP_DELAY=0", "SCC_STATE_SERVER_SCALE_OUT_DELAY=0",
		"SCC_STATE_SERVER_SCALE_BACK_DELAY=0")
	for path, want := range map[string]int{"/health-check": 200, "/": 404} {
		if status, _ := p.get(t, "GET", path); status != want {
			t.Errorf("GET %s = %d, want %d", path, status, want)
		}
	}
	if _, err := p.instance(t, "scc-broker", "another-key"); err == nil {
		t.Error("an instance with a wrong key was let in")
	}

	worker, err := p.instance(t, "scc-worker", key)
	if err != nil {
		t.Fatal(err)
	}
	news := worker.Procedure("sccBrokerJoinCluster").Consume()
	var cluster struct {
		SCCWorkerURIs, SCCBrokerURIs []string
		SCCSourceWorkerURI           string
	}
	if err := worker.Invoke(t.Context(), "sccWorkerJoinCluster", struct{}{}, &cluster); err != nil {
		t.Fatal(err)
	}
	const own = "ws://[::ffff:127.0.0.1]:8888" // as Node's state server has it
	if len(cluster.SCCBrokerURIs) > 0 || cluster.SCCSourceWorkerURI != own {
		t.Errorf("a worker that joined was told %+v, want no broker, and that it is %s itself", cluster, own)
	}

	broker, err := p.instance(t, "scc-broker", key)
	if err != nil {
		t.Fatal(err)
	}
	if err := broker.Invoke(t.Context(), "sccBrokerJoinCluster", struct{}{}, nil); err != nil {
		t.Fatal(err)
	}
	req, err := news.Next(t.Context())
	if err != nil || req.Data().Get("sccBrokerURIs").Raw != `["`+own+`"]` {
		t.Errorf("the worker was told %s, %v, want %s as the broker", req.Data(), err, own)
	}
	req.Reply(nil)
	p.AwaitRecord("a broker joined", 1)
	p.AwaitRecord("a worker joined", 1)

	if status := p.Terminate(); status != 0 {
		t.Errorf("SIGTERM: exit status %d, want 0", status)
	}
	for _, text := range []string{key, url.QueryEscape(key), "another-key"} {
		if strings.Contains(p.Log.String(), text) {
			t.Errorf("the log has a key: %s", text)
		}
	}
	if p.Log.Has("a broker left") {
		t.Error("the end of the state server was taken for the end of a broker")
	}
}

func TestProgram_SCCStateMajor(t *testing.T) {
	for major, refused := range map[string]bool{"9": true, "10": false} {
		p := startMode(t, []string{"scc-state"}, nil, "-major", major)
		_, err := p.instance(t, "scc-broker", "")
		if named, ok := errors.AsType[*protocol.Error](err); (ok && named.Name == "CompatibilityError") != refused {
			t.Errorf("-major %s: a broker of version 10 connects: %v, want it refused: %v", major, err, refused)
		}
		p.AwaitRecord("no SCC_AUTH_KEY: whoever reaches the port can join the cluster", 1)
	}
}

func TestProgram_SCCStateUsage(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	for _, test := range []struct {
		name   string
		env    []string
		args   []string
		status int
		want   string
	}{
		{"Flag", nil, []string{"-env", "dev"}, 2,
			"agserver: -env is no flag; the flags are -host, -port, -major, -log-level, -log-format, -drain (agserver scc-state -h explains them)"},
		{"Argument", nil, []string{"start"}, 2,
			`agserver: "start" is too much: agserver scc-state takes flags only (agserver scc-state -h explains them)`},
		{"Major", nil, []string{"-major", "8"}, 2, `agserver: -major must be 9 or 10, not "8"`},
		{"Port", []string{"SCC_STATE_SERVER_PORT=x"}, nil, 2,
			`agserver: SCC_STATE_SERVER_PORT must be a whole number from 0 (any free port) to 65535, not "x"`},
		{"Delay", []string{"SCC_STATE_SERVER_SCALE_OUT_DELAY=5s"}, nil, 2,
			`agserver: SCC_STATE_SERVER_SCALE_OUT_DELAY must be a whole number of milliseconds, not "5s"`},
		{"LogLevel", []string{"SCC_STATE_LOG_LEVEL=4"}, nil, 2,
			`agserver: SCC_STATE_LOG_LEVEL must be 0 (nothing), 1 (errors), 2 (warnings too) or 3 (everything), not "4"`},
		{"PortInUse", []string{"SCC_STATE_SERVER_PORT=" + port}, []string{"-host", "127.0.0.1", "-log-level", "1"}, 1,
			"agserver: cannot listen on 127.0.0.1:" + port +
				": bind: address already in use; -port or SCC_STATE_SERVER_PORT chooses another port"},
	} {
		t.Run(test.name, func(t *testing.T) {
			status, stdout, stderr := runToEnd(t, test.env, append([]string{"scc-state"}, test.args...)...)
			if status != test.status || stdout != "" || stderr != test.want+"\n" {
				t.Errorf("exit status %d, stdout %q, stderr:\n%s\nwant %d, nothing, and:\n%s",
					status, stdout, stderr, test.status, test.want)
			}
		})
	}
}

func TestProgram_SCCStateHelp(t *testing.T) {
	for _, args := range [][]string{{"scc-state", "-h"}, {"help", "scc-state"}, {"scc-state", "-port", "1", "--help"}} {
		status, stdout, stderr := runToEnd(t, nil, args...)
		if status != 0 || stderr != "" {
			t.Errorf("%v: exit status %d, stderr %q, want 0 and nothing", args, status, stderr)
		}
		for _, want := range []string{
			"-host", "-port", "-major", "-log-level", "-log-format", "-drain", "SCC_AUTH_KEY", "SCC_STATE_SERVER_PORT",
			"SCC_STATE_SERVER_RETRY_DELAY", "SCC_STATE_SERVER_SCALE_OUT_DELAY", "SCC_STATE_SERVER_SCALE_BACK_DELAY",
			"SCC_STATE_SERVER_STARTUP_DELAY", "SCC_STATE_SERVER_MAJOR", "SCC_STATE_LOG_LEVEL", "FORWARDED_FOR_HEADER",
		} {
			if !strings.Contains(stdout, want) {
				t.Errorf("%v: the manual lacks %s", args, want)
			}
		}
	}
}
