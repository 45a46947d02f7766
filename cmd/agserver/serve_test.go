package main_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/socketcluster-go/socketcluster/agclient"
	"github.com/socketcluster-go/socketcluster/channels/brokertest/freeport"
	"github.com/socketcluster-go/socketcluster/conformance/program/programtest"
	"github.com/socketcluster-go/socketcluster/protocol"
)

const sockets = "/socketcluster/"

func TestProgram_HealthCheck(t *testing.T) {
	for _, env := range []string{"dev", "prod"} {
		p := start(t, nil, "-env", env)
		if status, body := p.get(t, "GET", "/health-check"); status != 200 || body != "OK" {
			t.Errorf("%s: GET /health-check = %d %q, want 200 OK", env, status, body)
		}
		if status, body := p.get(t, "HEAD", "/health-check"); status != 200 || body != "" {
			t.Errorf("%s: HEAD /health-check = %d %q, want 200", env, status, body)
		}
		if status, _ := p.get(t, "POST", "/health-check"); status != 405 && status != 404 {
			t.Errorf("%s: POST /health-check = %d, want it refused", env, status)
		}
	}
}

func TestProgram_Dev(t *testing.T) {
	p := start(t, nil)
	if status, body := p.get(t, "GET", "/"); status != 200 || !strings.Contains(body, "Playground") {
		t.Errorf("GET / = %d, want the playground", status)
	}
	if status, _ := p.get(t, "GET", "/nothing"); status != 404 {
		t.Errorf("GET /nothing = %d, want 404", status)
	}
	if url := p.AwaitRecord("playground", 1)["url"]; url != "http://"+p.address+"/" {
		t.Errorf("logged the playground at %v, want http://%s/", url, p.address)
	}
	p.AwaitRecord("request", 1)

	ctx := t.Context()
	client := p.dial(t, sockets)
	t.Run("Echo", func(t *testing.T) {
		var out protocol.Data
		if err := client.Invoke(ctx, "echo", []any{1, "two", nil}, &out); err != nil || out.String() != `[1,"two",null]` {
			t.Errorf("echo = %s, %v, want [1,\"two\",null]", out, err)
		}
	})
	t.Run("TransmittedEcho", func(t *testing.T) {
		back := client.Receiver("echo").Consume()
		if err := client.Transmit("echo", "there"); err != nil {
			t.Fatal(err)
		}
		if data, err := back.Next(ctx); err != nil || data.String() != `"there"` {
			t.Errorf("came back: %s, %v, want \"there\"", data, err)
		}
	})
	t.Run("Login", func(t *testing.T) {
		err := client.Invoke(ctx, "login", map[string]string{"username": ""}, nil)
		if named, ok := errors.AsType[*protocol.Error](err); !ok || named.Name != "FailedLoginError" {
			t.Errorf("login without a name = %v, want a FailedLoginError", err)
		}
		authenticated := client.Events().Authenticate.Consume()
		if err := client.Invoke(ctx, "login", map[string]string{"username": "ada"}, nil); err != nil {
			t.Fatalf("login = %v", err)
		}
		if _, err := authenticated.Next(ctx); err != nil {
			t.Fatal(err)
		}
		var me struct {
			ID, AuthState string
			AuthToken     struct{ Username string }
		}
		if err := client.Invoke(ctx, "whoami", nil, &me); err != nil {
			t.Fatalf("whoami = %v", err)
		}
		if me.ID != client.ID() || me.AuthState != "authenticated" || me.AuthToken.Username != "ada" {
			t.Errorf("whoami = %+v, want the socket's id and ada, authenticated", me)
		}
		deauthenticated := client.Events().Deauthenticate.Consume()
		if err := client.Invoke(ctx, "logout", nil, nil); err != nil {
			t.Fatalf("logout = %v", err)
		}
		if _, err := deauthenticated.Next(ctx); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("Clock", func(t *testing.T) {
		data, err := client.Subscribe("clock").Output().Once(ctx)
		var message struct{ Time time.Time }
		if err == nil {
			err = data.Decode(&message)
		}
		if err != nil || message.Time.IsZero() {
			t.Errorf("clock = %s, %v, want a time", data, err)
		}
	})
}

func TestProgram_Prod(t *testing.T) {
	p := start(t, []string{"ENV=prod"})
	if status, _ := p.get(t, "GET", "/"); status != 404 {
		t.Errorf("GET / = %d, want 404", status)
	}
	client := p.dial(t, sockets)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if err := client.Invoke(ctx, "echo", "anybody?", nil); err == nil {
		t.Error("prod has the demo procedure echo")
	}
	p.AwaitRecord("no authKey: auth tokens end with this process", 1)
}

func TestProgram_Settings(t *testing.T) {
	// second returns how a socket's second subscription went.
	second := func(t *testing.T, p *process, path string) error {
		client := p.dial(t, path)
		done, failed := client.Events().Subscribe.Consume(), client.Events().SubscribeFail.Consume()
		defer done.Kill()
		defer failed.Kill()
		for _, name := range []string{"one", "two"} {
			client.Subscribe(name)
			select {
			case <-done.C():
			case ev := <-failed.C():
				return ev.Error
			case <-time.After(patience):
				t.Fatal("a subscription was not answered")
			}
		}
		return nil
	}
	for _, test := range []struct {
		name    string
		env     []string
		args    []string
		path    string
		refused bool
	}{
		{"Defaults", nil, nil, sockets, false},
		{"OptionsVariable", []string{`SOCKETCLUSTER_OPTIONS={"path": "/live/", "socketChannelLimit": 1}`}, nil, "/live/", true},
		{"OptionsFlagWins", []string{`SOCKETCLUSTER_OPTIONS={"path": "/live/"}`}, []string{"-options", `{"path": "/other/"}`}, "/other/", false},
		{"LimitVariable", []string{"SOCKETCLUSTER_SOCKET_CHANNEL_LIMIT=1"}, nil, sockets, true},
		{"LimitFlagWins", []string{"SOCKETCLUSTER_SOCKET_CHANNEL_LIMIT=1"}, []string{"-channel-limit", "0"}, sockets, false},
		{"LimitVariableWinsOverOptionsVariable", []string{"SOCKETCLUSTER_SOCKET_CHANNEL_LIMIT=2", `SOCKETCLUSTER_OPTIONS={"socketChannelLimit": 1}`}, nil, sockets, false},
		{"OptionsFlagWinsOverLimitVariable", []string{"SOCKETCLUSTER_SOCKET_CHANNEL_LIMIT=5"}, []string{"-options", `{"socketChannelLimit": 1}`}, sockets, true},
		{"EmptyVariables", []string{"ENV=", "SOCKETCLUSTER_PORT=", "SOCKETCLUSTER_OPTIONS=", "SOCKETCLUSTER_LOG_LEVEL="}, nil, sockets, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := start(t, test.env, test.args...)
			if err := second(t, p, test.path); (err != nil) != test.refused {
				t.Errorf("a second subscription = %v, want it refused: %v", err, test.refused)
			}
		})
	}
}

func TestProgram_PortVariable(t *testing.T) {
	// A port that was free a moment ago.
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	defer l.Close()

	t.Run("InUse", func(t *testing.T) {
		status, stdout, stderr := runToEnd(t, []string{"SOCKETCLUSTER_PORT=" + port}, "-host", "127.0.0.1")
		want := fmt.Sprintf("agserver: cannot listen on 127.0.0.1:%s: bind: address already in use; -port or SOCKETCLUSTER_PORT chooses another port\n", port)
		if status != 1 || stdout != "" || stderr != want {
			t.Errorf("exit status %d, stderr:\n%s\nwant 1 and:\n%s", status, stderr, want)
		}
	})
	t.Run("FlagWins", func(t *testing.T) {
		p := start(t, []string{"SOCKETCLUSTER_PORT=" + port}) // start gives -port 0
		if strings.HasSuffix(p.address, ":"+port) {
			t.Errorf("listens on %s, the variable's port", p.address)
		}
	})
}

func TestProgram_LogLevel(t *testing.T) {
	for level, want := range map[string]map[string]bool{
		"0": {"listening": false, "variable has no effect": false, "connected": false},
		"1": {"listening": false, "variable has no effect": false, "connected": false},
		"2": {"listening": true, "variable has no effect": true, "connected": false},
		"3": {"listening": true, "variable has no effect": true, "connected": true},
	} {
		t.Run(level, func(t *testing.T) {
			address := freeport.Addr(t)
			_, port, _ := net.SplitHostPort(address)
			p := &process{address: address}
			p.Process = programtest.Start(t, command(t, []string{"SOCKETCLUSTER_WS_ENGINE=ws", "SOCKETCLUSTER_LOG_LEVEL=" + level},
				"-host", "127.0.0.1", "-port", port, "-log-format", "json"))
			p.AwaitListening(address) // the log may not say it
			p.dial(t, sockets)
			if status := p.Terminate(); status != 0 {
				t.Errorf("SIGTERM: exit status %d, want 0", status)
			}
			for message, wanted := range want {
				if logged := p.Log.Has(message); logged != wanted {
					t.Errorf("logged %q: %v, want %v; the log:\n%s", message, logged, wanted, p.Log.String())
				}
			}
		})
	}
}

func TestProgram_Signals(t *testing.T) {
	for name, signal := range map[string]syscall.Signal{"SIGTERM": syscall.SIGTERM, "SIGINT": syscall.SIGINT} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := start(t, nil, "-drain", "8s") // half of it for clients that are slow to answer
			var ends []<-chan agclient.CloseEvent
			for range 25 {
				client := p.dial(t, sockets)
				end := client.Events().Close.Consume()
				defer end.Kill()
				ends = append(ends, end.C())
			}
			p.Signal(signal)
			// Closed without a status: their clients come back at once.
			for _, end := range ends {
				select {
				case ev := <-end:
					if ev.Code != protocol.CloseNoStatus {
						t.Errorf("a client was closed with %d, want %d", ev.Code, protocol.CloseNoStatus)
					}
				case <-time.After(patience):
					t.Fatal("a client was not closed")
				}
			}
			if status := p.AwaitEnd(); status != 0 {
				t.Errorf("exit status %d, want 0", status)
			}
			for _, message := range []string{"ending", "ended"} {
				if !p.Log.Has(message) {
					t.Errorf("did not log %q", message)
				}
			}
		})
	}
}

// silent upgrades a connection and never says anything again, not even to a
// close frame.
func silent(t *testing.T, p *process) {
	t.Helper()
	conn, err := net.Dial("tcp", p.address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", sockets, p.address)
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil || response.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("upgrade: %v, %v, want 101", response, err)
	}
}

func TestProgram_SilentPeerIsCutOff(t *testing.T) {
	p := start(t, nil, "-drain", "100ms")
	silent(t, p)
	if status := p.Terminate(); status != 0 {
		t.Errorf("exit status %d, want 0", status)
	}
}

func TestProgram_SecondSignal(t *testing.T) {
	p := start(t, nil, "-drain", "1h")
	silent(t, p)
	p.Signal(syscall.SIGTERM)
	p.AwaitRecord("ending", 1)
	if status := p.Terminate(); status != 1 || !strings.Contains(p.Log.String(), "ended at once by a second signal") {
		t.Errorf("exit status %d, want 1 and a message; the log:\n%s", status, p.Log.String())
	}
}
