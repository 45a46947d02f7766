package main_test

import (
	"net"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/socketcluster-go/socketcluster/agclient"
)

// startBroker starts a broker of the state server.
func startBroker(t *testing.T, state *process, variables ...string) *process {
	t.Helper()
	_, port, _ := net.SplitHostPort(state.address)
	variables = append([]string{"SCC_STATE_SERVER_HOST=127.0.0.1", "SCC_STATE_SERVER_PORT=" + port}, variables...)
	return startMode(t, []string{"scc-broker"}, variables)
}

// quick are the variables of a state server that announces at once.
var quick = []string{
	"SCC_STATE_SERVER_STARTUP_DELAY=0", "SCC_STATE_SERVER_SCALE_OUT_DELAY=0", "SCC_STATE_SERVER_SCALE_BACK_DELAY=0",
}

func TestProgram_SCCBroker(t *testing.T) {
	const key = "a&key that nobody-else has"
	state := startState(t, append(quick, "SCC_AUTH_KEY="+key)...)
	p := startBroker(t, state, "SCC_AUTH_KEY="+key, "SCC_INSTANCE_IP=127.0.0.1", "SCC_BROKER_SERVER_LOG_LEVEL=3")
	if status, body := p.get(t, "GET", "/health-check"); status != 200 || body != "OK" {
		t.Errorf("GET /health-check = %d %q, want 200 OK", status, body)
	}
	p.AwaitRecord("joined the cluster", 1)

	// A worker hears where the broker is, and connects to it.
	worker, err := state.instance(t, "scc-worker", key)
	if err != nil {
		t.Fatal(err)
	}
	leave := worker.Procedure("sccBrokerLeaveCluster").Consume()
	var cluster struct{ SCCBrokerURIs []string }
	if err := worker.Invoke(t.Context(), "sccWorkerJoinCluster", nil, &cluster); err != nil {
		t.Fatal(err)
	}
	uri := "ws://" + p.address
	if len(cluster.SCCBrokerURIs) != 1 || cluster.SCCBrokerURIs[0] != uri {
		t.Fatalf("the brokers are %q, want %q", cluster.SCCBrokerURIs, uri)
	}
	if _, err := agclient.Dial(t.Context(), uri+sockets, nil); err == nil {
		t.Error("the broker took a worker without the key")
	}
	client, err := agclient.Dial(t.Context(), uri+sockets, &agclient.Options{
		Query: url.Values{"authKey": {key}}, MaxBuffered: -1, AckTimeout: time.Minute,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	messages := client.Subscribe(strings.Repeat("long ", 1000)).Output().Consume()
	publish(t, client, strings.Repeat("long ", 1000), strings.Repeat("x", 20<<20))
	if data, err := messages.Next(t.Context()); err != nil || len(data) != 20<<20+2 {
		t.Errorf("received %d bytes, %v, want 20 MiB", len(data), err)
	}

	// It serves until the worker, which has heard of it, has gone.
	p.Signal(syscall.SIGTERM)
	req, err := leave.Next(t.Context())
	if err != nil || req.Data().Get("sccBrokerURIs").Raw != "[]" {
		t.Errorf("the worker was told %s, %v, want that there is no broker", req.Data(), err)
	}
	req.Reply(nil)
	publish(t, client, strings.Repeat("long ", 1000), "still there")
	if data, err := messages.Next(t.Context()); err != nil || data.String() != `"still there"` {
		t.Errorf("received %s, %v, want what was published while the broker was leaving", data, err)
	}
	client.Disconnect(1000, "")
	if status := p.AwaitEnd(); status != 0 {
		t.Errorf("SIGTERM: exit status %d, want 0", status)
	}
	for _, message := range []string{"subscribed", "left the cluster", "ended"} {
		p.AwaitRecord(message, 1)
	}
	state.AwaitRecord("a broker left", 1)
	for _, text := range []string{key, url.QueryEscape(key)} {
		if strings.Contains(p.Log.String()+state.Log.String(), text) {
			t.Errorf("a log has the key: %s", text)
		}
	}
}

func publish(t *testing.T, client *agclient.Client, channel, message string) {
	t.Helper()
	if err := client.InvokePublish(t.Context(), channel, message); err != nil {
		t.Fatalf("publish: %v", err)
	}
}

func TestProgram_SCCBrokerCannotJoin(t *testing.T) {
	state := startState(t, "SCC_AUTH_KEY=the-key")
	p := startBroker(t, state, "SCC_AUTH_KEY=not-the-key")
	p.AwaitRecord("state server", 1)
	if text := p.Log.String(); strings.Contains(text, "not-the-key") {
		t.Errorf("the log has the key:\n%s", text)
	}
	if status := p.Terminate(); status != 0 {
		t.Errorf("SIGTERM: exit status %d, want 0", status)
	}
}

func TestProgram_SCCBrokerUsage(t *testing.T) {
	host := "SCC_STATE_SERVER_HOST=127.0.0.1"
	for _, test := range []struct {
		name string
		env  []string
		args []string
		want string
	}{
		{"NoStateServer", nil, nil, "agserver: SCC_STATE_SERVER_HOST must name the host of the cluster's state server"},
		{"StateServerWithPort", []string{"SCC_STATE_SERVER_HOST=ws://x"}, nil,
			`agserver: SCC_STATE_SERVER_HOST must be a host name or an address without port, not "ws://x"`},
		{"StatePort", []string{host, "SCC_STATE_SERVER_PORT=0"}, nil,
			`agserver: SCC_STATE_SERVER_PORT must be a whole number from 1 to 65535, not "0"`},
		{"Port", []string{host, "SCC_BROKER_SERVER_PORT=x"}, nil,
			`agserver: SCC_BROKER_SERVER_PORT must be a whole number from 0 (any free port) to 65535, not "x"`},
		{"Family", []string{host, "SCC_INSTANCE_IP_FAMILY=4"}, nil, `agserver: SCC_INSTANCE_IP_FAMILY must be IPv4 or IPv6, not "4"`},
		{"Secure", []string{host, "SCC_BROKER_SERVER_SECURE=false"}, nil,
			`agserver: SCC_BROKER_SERVER_SECURE must be true, or empty for what is not secure, not "false"`},
		{"Retry", []string{host, "SCC_BROKER_SERVER_RETRY_DELAY=-1"}, nil,
			`agserver: SCC_BROKER_SERVER_RETRY_DELAY must be a whole number of milliseconds, not "-1"`},
		{"Options", []string{host}, []string{"-options", "[]"}, "agserver: -options: The options must be a JSON object"},
		{"Major", []string{host, "SCC_BROKER_SERVER_MAJOR=x"}, nil, `agserver: SCC_BROKER_SERVER_MAJOR must be 9 or 10, not "x"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			status, stdout, stderr := runToEnd(t, test.env, append([]string{"scc-broker"}, test.args...)...)
			if status != 2 || stdout != "" || stderr != test.want+"\n" {
				t.Errorf("exit status %d, stdout %q, stderr:\n%s\nwant 2, nothing, and:\n%s", status, stdout, stderr, test.want)
			}
		})
	}
}

func TestProgram_SCCBrokerHelp(t *testing.T) {
	status, stdout, stderr := runToEnd(t, nil, "help", "scc-broker")
	if status != 0 || stderr != "" {
		t.Errorf("exit status %d, stderr %q, want 0 and nothing", status, stderr)
	}
	for _, want := range []string{
		"-host", "-port", "-options", "-major", "-log-level", "-log-format", "-drain", "SCC_AUTH_KEY", "SCC_BROKER_SERVER_PORT",
		"SCC_STATE_SERVER_HOST", "SCC_STATE_SERVER_PORT", "SCC_INSTANCE_IP", "SCC_INSTANCE_IP_FAMILY", "SOCKETCLUSTER_OPTIONS",
		"SCC_BROKER_SERVER_RETRY_DELAY", "SCC_BROKER_SERVER_SECURE", "SCC_BROKER_SERVER_LOG_LEVEL", "SCC_BROKER_SERVER_MAJOR",
		"SCC_STATE_SERVER_CONNECT_TIMEOUT", "SCC_STATE_SERVER_ACK_TIMEOUT", "SCC_BROKER_SERVER_ACK_TIMEOUT",
	} {
		if !strings.Contains(stdout, want) {
			t.Errorf("the manual lacks %s", want)
		}
	}
}
