package sccstate_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/socketcluster-go/socketcluster/agserver/agservertest"
	"github.com/socketcluster-go/socketcluster/cmd/agserver/internal/sccstate"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// packet is a message, to look into.
func packet(text string) protocol.Data { return protocol.Data(text) }

func TestState_AuthKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := start(t, &sccstate.Options{AuthKey: "se&cret", StartupDelay: -1})
		for query, admitted := range map[string]bool{
			"authKey=se%26cret":                   true,
			"":                                    false,
			"authKey=":                            false,
			"authKey=se":                          false,
			"authKey=se%26cret&authKey=se%26cret": false,
		} {
			c, resp := agservertest.Upgrade(t, srv, &agservertest.ConnOptions{
				Target: "/socketcluster/?instanceType=scc-worker&version=10.0.0&" + query,
			})
			if (c != nil) != admitted {
				t.Errorf("%q was answered with %s, want it admitted: %v", query, resp.Status, admitted)
			}
		}
	})
}

func TestState_Version(t *testing.T) {
	for _, tt := range []struct {
		name, query, want string
		major             int
	}{
		{"Same", "instanceType=scc-broker&version=10.0.1", "", 10},
		{"Nine", "instanceType=scc-broker&version=9.3.0", "", 9},
		{"WithoutType", "version=10.0.1", "", 10},
		{"Newer", "instanceType=scc-broker&version=11.0.1", "The scc-state@10.0.0 is incompatible with the scc-broker@11.0.1. " +
			"Please, update the scc-state up to version ^11.0.0", 10},
		{"Older", "instanceType=scc-worker&version=9.2.0&instancePort=8000", "The scc-worker@9.2.0 at address invalid IP:8000 " +
			"is incompatible with the scc-state@^10.0.0. Please, update the scc-worker up to version ^10.0.0", 10},
		{"Unknown", "instanceType=scc-worker&version=v10", "An obsolete SCC component at address invalid IP is incompatible " +
			"with the scc-state@^10.0.0. Please, update the SCC component up to version ^10.0.0", 10},
		{"None", "", "An obsolete SCC component at address invalid IP is incompatible " +
			"with the scc-state@^9.0.0. Please, update the SCC component up to version ^9.0.0", 9},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := start(t, &sccstate.Options{Major: tt.major})
				c := agservertest.Open(t, srv, &agservertest.ConnOptions{Target: "/socketcluster/?" + tt.query})
				c.Send(`{"event":"#handshake","data":{"authToken":null},"cid":1}`)
				answer := packet(c.Next())
				if tt.want == "" {
					if answer.Get("error").Exists() {
						t.Errorf("#handshake was answered by %s, want it admitted", answer)
					}
					return
				}
				name, message := answer.Get("error.name").String(), answer.Get("error.message").String()
				if name != "CompatibilityError" || message != tt.want {
					t.Errorf("#handshake was answered by %s: %s\nwant CompatibilityError: %s", name, message, tt.want)
				}
				c.ExpectClose(4008)
			})
		})
	}
}

func TestState_URIs(t *testing.T) {
	for _, tt := range []struct{ name, data, port, forwarded, want string }{
		{"IPv4", `{"instanceIp":"10.0.0.1","instanceIpFamily":"IPv4"}`, "8888", "", "ws://10.0.0.1:8888"},
		{"Secure", `{"instanceIp":"10.0.0.1","instanceIpFamily":"IPv4","instanceSecure":true}`, "443", "", "wss://10.0.0.1:443"},
		{"IPv6", `{"instanceIp":"fd00::1","instanceIpFamily":"IPv6"}`, "8888", "", "ws://[fd00::1]:8888"},
		{"WithoutFamily", `{"instanceIp":"10.0.0.1"}`, "8888", "", "ws://10.0.0.1:8888"},
		{"Name", `{"instanceIp":"broker-1","instanceIpFamily":"IPv4"}`, "8888", "", "ws://broker-1:8888"},
		{"OwnWordBeforeTheProxys", `{"instanceIp":"10.0.0.1"}`, "8888", "10.0.0.2", "ws://10.0.0.1:8888"},
		{"Forwarded", `{"instanceIp":null,"instanceIpFamily":"IPv4"}`, "8888", "10.0.0.2, 10.0.0.3", "ws://10.0.0.2:8888"},
		{"ForwardedIPv6", `{}`, "8888", "fd00::2", "ws://[fd00::2]:8888"},
		{"NoData", `null`, "8888", "10.0.0.2", "ws://10.0.0.2:8888"},
		{"NoPort", `{"instanceIp":"10.0.0.1"}`, "", "", ""},
		{"NoNumber", `{"instanceIp":"10.0.0.1"}`, "http", "", ""},
		{"PortZero", `{"instanceIp":"10.0.0.1"}`, "0", "", ""},
		{"NoHost", `{"instanceIp":"a b"}`, "8888", "", ""},
		{"MoreThanAHost", `{"instanceIp":"user@host"}`, "8888", "", ""},
		{"TooLong", `{"instanceIp":"` + strings.Repeat("x", 254) + `"}`, "8888", "", ""},
		{"NobodyKnows", `{}`, "8888", "", ""}, // a pipe has no address
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := start(t, &sccstate.Options{StartupDelay: -1, ForwardedFor: "x-forwarded-for"})
				header := http.Header{}
				if tt.forwarded != "" {
					header.Set("X-Forwarded-For", tt.forwarded)
				}
				b := dialWith(t, srv, "instanceType=scc-broker&version=10.0.1&instancePort="+tt.port, header)
				answer := b.call("sccBrokerJoinCluster", tt.data)
				want := `"data":{"sccWorkerURIs":["ws://127.0.0.1:8000"],"sccBrokerURIs":["` + tt.want + `"],"time":`
				if tt.want == "" {
					if name := packet("{" + answer + "}").Get("error.name").String(); name != "InvalidArgumentsError" {
						t.Errorf("sccBrokerJoinCluster was answered by %s, want an InvalidArgumentsError", answer)
					}
					want = `"data":{"sccWorkerURIs":["ws://127.0.0.1:8000"],"sccBrokerURIs":[],"time":`
				}
				got := dial(t, srv, "scc-worker", "8000").call("sccWorkerJoinCluster", local)
				if !strings.HasPrefix(got, want) {
					t.Errorf("a worker was told %s, want %s…", got, want)
				}
			})
		})
	}
}

func TestState_InTwoRoles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := start(t, atOnce())
		both := dial(t, srv, "scc-worker", "8888")
		both.must("sccBrokerJoinCluster", local, "")
		both.call("sccWorkerJoinCluster", local)
		both.Cut()
		time.Sleep(time.Millisecond)
		worker(t, srv, "8000", "8000", "")
	})
}

func TestState_WorkersPort(t *testing.T) {
	for _, port := range []string{"", "0", "8000"} { // nobody connects to it
		synctest.Test(t, func(t *testing.T) {
			srv := start(t, atOnce())
			w := dial(t, srv, "scc-worker", port)
			want := `"sccSourceWorkerURI":"ws://127.0.0.1:` + port + `"`
			if got := w.call("sccWorkerJoinCluster", local); !strings.Contains(got, want) {
				t.Errorf("a worker at port %q was told %s, want %s", port, got, want)
			}
		})
	}
}

// Nobody would take out a member whose connection has ended before it joined.
func TestState_JoinAndEndAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := start(t, atOnce())
		for range 500 {
			b := dial(t, srv, "scc-broker", "8888")
			b.Send(`{"event":"sccBrokerJoinCluster","data":` + local + `,"cid":2}`)
			b.Cut()
		}
		synctest.Wait()
		worker(t, srv, "8000", "8000", "")
	})
}
