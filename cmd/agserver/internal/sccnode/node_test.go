package sccnode_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/socketcluster-go/socketcluster/agserver"
	"github.com/socketcluster-go/socketcluster/agserver/agservertest"
	"github.com/socketcluster-go/socketcluster/cmd/agserver/internal/sccnode"
	"github.com/socketcluster-go/socketcluster/middleware"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// calls are what a broker has asked a state server, and when.
type call struct {
	procedure, data, query string
	at                     time.Time
}

// stateServer returns a state server that knows no more than to note calls. It
// answers with what answer returns.
func stateServer(t *testing.T, answer func(procedure string) error) (*agserver.Server, <-chan call) {
	t.Helper()
	srv := agservertest.NewServer(t, nil)
	calls := make(chan call, 100)
	for _, procedure := range []string{"sccBrokerJoinCluster", "sccBrokerLeaveCluster"} {
		srv.HandleProcedure(procedure, func(_ context.Context, req *agserver.Request) error {
			calls <- call{procedure, req.Data().String(), req.Socket.Request().URL.RawQuery, time.Now()}
			return answer(procedure)
		})
	}
	return srv, calls
}

func fine(string) error { return nil }

// run runs a broker whose state server this is, and returns it, its server, and
// what ends Run.
func run(t *testing.T, state *agserver.Server, o sccnode.Options) (*sccnode.Node, *agserver.Server, func()) {
	t.Helper()
	srv := agservertest.NewServer(t, nil)
	o.StateHost, o.NetDial = "state", agservertest.Dialer(state)
	node, err := sccnode.New(srv, &o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := node.Run(ctx, 8888); err != nil {
			t.Errorf("Run() = %v", err)
		}
	}()
	end := func() {
		cancel()
		<-ended
	}
	t.Cleanup(end)
	return node, srv, end
}

func TestNode_Join(t *testing.T) {
	for name, tt := range map[string]struct {
		options     sccnode.Options
		query, data string
	}{
		"Defaults": {
			sccnode.Options{},
			"instancePort=8888&instanceType=scc-broker&version=10.0.0",
			`"instanceIp":null,"instanceIpFamily":"IPv4","instanceSecure":false}`,
		},
		"Everything": {
			sccnode.Options{AuthKey: "a&b", Major: 9, IP: "fd00::1", IPFamily: "IPv6", Secure: true},
			"authKey=a%26b&instancePort=8888&instanceType=scc-broker&version=9.0.0",
			`"instanceIp":"fd00::1","instanceIpFamily":"IPv6","instanceSecure":true}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				state, calls := stateServer(t, fine)
				run(t, state, tt.options)
				c := <-calls
				if c.procedure != "sccBrokerJoinCluster" || c.query != tt.query || !strings.HasSuffix(c.data, tt.data) {
					t.Errorf("called %s with %s from ?%s\nwant sccBrokerJoinCluster with …%s from ?%s",
						c.procedure, c.data, c.query, tt.data, tt.query)
				}
			})
		})
	}
}

func TestNode_JoinsUntilTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var failures atomic.Int32
		failures.Store(2)
		state, calls := stateServer(t, func(string) error {
			if failures.Add(-1) >= 0 {
				return errors.New("not now")
			}
			return nil
		})
		run(t, state, sccnode.Options{})
		first := <-calls
		for range 2 {
			next := <-calls
			if d := next.at.Sub(first.at); d != sccnode.DefaultRetryDelay {
				t.Errorf("joined again after %v, want %v", d, sccnode.DefaultRetryDelay)
			}
			first = next
		}
		select {
		case c := <-calls:
			t.Errorf("called %s once more, though it was taken", c.procedure)
		case <-time.After(time.Minute):
		}
	})
}

func TestNode_WaitsBeforeItConnectsAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		state, calls := stateServer(t, func(string) error { return errors.New("not now") })
		run(t, state, sccnode.Options{})
		<-calls
		time.Sleep(sccnode.DefaultRetryDelay / 2)
		begin := time.Now()
		for s := range state.Clients() {
			s.Terminate()
		}
		if d := (<-calls).at.Sub(begin); d < sccnode.DefaultRetryDelay {
			t.Errorf("connected and joined again after %v, want no earlier than after %v", d, sccnode.DefaultRetryDelay)
		}
	})
}

func TestNode_JoinsAfterEachConnect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		state, calls := stateServer(t, fine)
		run(t, state, sccnode.Options{})
		<-calls
		synctest.Wait()
		begin := time.Now()
		for s := range state.Clients() {
			s.Terminate()
		}
		if d := (<-calls).at.Sub(begin); d < sccnode.DefaultRetryDelay || d > sccnode.DefaultRetryDelay+time.Second {
			t.Errorf("joined again after %v, want %v and up to a second", d, sccnode.DefaultRetryDelay)
		}
	})
}

func TestNode_Leave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		state, calls := stateServer(t, fine)
		node, srv, end := run(t, state, sccnode.Options{})
		<-calls
		synctest.Wait()
		worker := agservertest.Connect(t, srv, nil)
		end()
		if c := <-calls; c.procedure != "sccBrokerLeaveCluster" {
			t.Errorf("called %s at the end, want sccBrokerLeaveCluster", c.procedure)
		}
		if n := state.ClientsCount(); n != 0 {
			t.Errorf("%d connections to the state server are left", n)
		}

		begin := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		go func() {
			time.Sleep(3 * time.Second)
			worker.Disconnect(1000, "")
		}()
		node.Drain(ctx)
		if d := time.Since(begin); d != 3*time.Second {
			t.Errorf("drained after %v, want after the worker has gone, 3s", d)
		}

		agservertest.Connect(t, srv, nil)
		begin = time.Now()
		node.Drain(ctx)
		if d := time.Since(begin); d != 2*time.Second {
			t.Errorf("waited for a worker that stays for %v, want what is left of the context, 2s", d)
		}
	})
}

func TestNode_EndWithoutTheStateServer(t *testing.T) {
	for name, answer := range map[string]func(string) error{
		"NeverJoined": func(string) error { return errors.New("not now") },
		"NotLeft": func(procedure string) error {
			if procedure == "sccBrokerLeaveCluster" {
				return errors.New("not now")
			}
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				state, calls := stateServer(t, answer)
				node, srv, end := run(t, state, sccnode.Options{})
				agservertest.Connect(t, srv, nil)
				<-calls
				synctest.Wait()
				begin := time.Now()
				end()
				node.Drain(t.Context())
				if d := time.Since(begin); d != 0 {
					t.Errorf("waited for %v, though workers do not know that they should go", d)
				}
			})
		})
	}
}

func TestNode_AuthKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		state, _ := stateServer(t, fine)
		_, srv, _ := run(t, state, sccnode.Options{AuthKey: "secret"})
		for query, admitted := range map[string]bool{"?authKey=secret": true, "?authKey=x": false, "": false} {
			c, resp := agservertest.Upgrade(t, srv, &agservertest.ConnOptions{Target: "/socketcluster/" + query})
			if (c != nil) != admitted {
				t.Errorf("a worker with %q was answered with %s, want it admitted: %v", query, resp.Status, admitted)
			}
		}
	})
}

func TestNew_MiddlewareTwice(t *testing.T) {
	srv := agservertest.NewServer(t, nil)
	if err := srv.SetMiddleware(middleware.Handshake, middleware.Func(nil)); err != nil {
		t.Fatal(err)
	}
	if _, err := sccnode.New(srv, &sccnode.Options{AuthKey: "x"}); err == nil {
		t.Error("New on a server with handshake middleware = nil, want an error")
	}
}

func TestRun_NoHost(t *testing.T) {
	node, err := sccnode.New(agservertest.NewServer(t, nil), &sccnode.Options{StateHost: "no host"})
	if err != nil {
		t.Fatal(err)
	}
	if err := node.Run(t.Context(), 8888); err == nil {
		t.Error("Run with a state server called \"no host\" = nil, want an error")
	}
}
