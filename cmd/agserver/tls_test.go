package main_test

import (
	"context"
	"crypto/tls"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/socketcluster-go/socketcluster/agclient"
	"github.com/socketcluster-go/socketcluster/channels/brokertest/certs"
	"github.com/socketcluster-go/socketcluster/channels/brokertest/redistest"
	"github.com/socketcluster-go/socketcluster/conformance/natstest"
)

// dialTLS connects by wss.
func (p *process) dialTLS(t *testing.T, config *tls.Config) (*agclient.Client, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	return agclient.Dial(ctx, "wss://"+p.address+"/socketcluster/", &agclient.Options{TLS: config})
}

// TestProgram_TLS serves by TLS, and with a new certificate once the files have
// changed.
func TestProgram_TLS(t *testing.T) {
	ca := certs.New(t)
	files := ca.Issue("first").Files()
	p := start(t, nil, "-env", "prod", "-tls-cert", files.Cert, "-tls-key", files.Key)
	config := &tls.Config{RootCAs: ca.Pool()}
	client, err := p.dialTLS(t, config)
	if err != nil {
		t.Fatalf("Dial() = %v", err)
	}
	client.Close()
	shown := func() string {
		t.Helper()
		c, err := tls.Dial("tcp", p.address, config)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		return c.ConnectionState().PeerCertificates[0].Subject.CommonName
	}
	if name := shown(); name != "first" {
		t.Errorf("the certificate is that of %q, want first", name)
	}
	replace(t, files.Cert, "no certificate", time.Now().Add(time.Minute))
	for !p.Log.Has("certificate not renewed") {
		if name := shown(); name != "first" {
			t.Fatalf("the certificate is that of %q, want first", name)
		}
		time.Sleep(20 * time.Millisecond) // files are looked at once in a second
	}
	second := ca.Issue("second").Files()
	for from, to := range map[string]string{second.Cert: files.Cert, second.Key: files.Key} {
		text, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		replace(t, to, string(text), time.Now().Add(time.Hour))
	}
	for deadline := time.Now().Add(patience); shown() != "second"; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the certificate is not renewed")
		}
	}
}

// replace writes a file anew, with a time of change that no clock hides.
func replace(t *testing.T, file, text string, changed time.Time) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(file, changed, changed); err != nil {
		t.Fatal(err)
	}
}

// TestProgram_ClientCertificates takes clients that the authority vouches for, and
// no others.
func TestProgram_ClientCertificates(t *testing.T) {
	ca := certs.New(t)
	files := ca.Issue("server").Files()
	p := start(t, nil, "-env", "prod", "-tls-cert", files.Cert, "-tls-key", files.Key, "-tls-client-ca", ca.File())
	config := func(show ...tls.Certificate) *tls.Config {
		return &tls.Config{RootCAs: ca.Pool(), Certificates: show}
	}
	client, err := p.dialTLS(t, config(ca.Issue("ada").TLS))
	if err != nil {
		t.Fatalf("Dial() = %v", err)
	}
	client.Close()
	for name, config := range map[string]*tls.Config{
		"None": config(), "Strange": config(certs.New(t).Issue("ada").TLS),
	} {
		h := &http.Client{Transport: &http.Transport{TLSClientConfig: config}, Timeout: patience}
		if answer, err := h.Get("https://" + p.address + "/health-check"); err == nil {
			answer.Body.Close()
			t.Errorf("%s: GET = %s, want an error", name, answer.Status)
		}
	}
}

// TestProgram_ClusterTLS joins nodes by TLS in each way.
func TestProgram_ClusterTLS(t *testing.T) {
	ca := certs.New(t)
	files := ca.Issue("a node").Files()
	tlsFlags := []string{"-env", "prod", "-cluster-ca", ca.File(), "-cluster-cert", files.Cert, "-cluster-key", files.Key}
	for name, nodes := range map[string]func(t *testing.T) (a, b *process){
		"Embedded": func(t *testing.T) (a, b *process) {
			ports, list := clusterAddresses(t, 2)
			node := func(port string) *process {
				return start(t, withKey(), append(tlsFlags, "-cluster-host", "127.0.0.1", "-cluster-port", port, "-cluster-peers", list)...)
			}
			return node(ports[0]), node(ports[1])
		},
		"NATS": func(t *testing.T) (a, b *process) {
			s := natstest.Start(t, server.Options{Username: "ag", Password: "s3cret", TLS: true, TLSConfig: &tls.Config{
				Certificates: []tls.Certificate{ca.Issue("nats").TLS}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: ca.Pool(),
			}})
			env := withKey("SOCKETCLUSTER_NATS_USER=ag", "SOCKETCLUSTER_NATS_PASSWORD=s3cret")
			flags := append(tlsFlags, "-nats", s.ClientURL(), "-cluster-prefix", "other.")
			return start(t, env, flags...), start(t, env, flags...)
		},
		"Redis": func(t *testing.T) (a, b *process) {
			redisFiles := ca.Issue("redis").Files()
			address := redistest.Start(t, redistest.TLSPort, "--tls-cert-file", redisFiles.Cert, "--tls-key-file", redisFiles.Key,
				"--tls-ca-cert-file", ca.File(), "--user", "ag", "on", ">s3cret", "+@all", "&other:*").Addr
			env := withKey("SOCKETCLUSTER_REDIS_PASSWORD=s3cret")
			flags := append(tlsFlags, "-redis", address, "-redis-username", "ag", "-redis-sharded", "true", "-cluster-prefix", "other:")
			return start(t, env, flags...), start(t, env, flags...)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, b := nodes(t)
			a.AwaitRecord("joined with the cluster", 1)
			b.AwaitRecord("joined with the cluster", 1)
			inA, inB := a.listen(t, "room"), b.listen(t, "room")
			meet(t, "room", inA, inB)
			if err := inA.publish(t, "room", 1); err != nil {
				t.Fatalf("InvokePublish() = %v", err)
			}
			inA.wantNumbers(t, 1, 1)
			inB.wantNumbers(t, 1, 1)
			for _, p := range []*process{a, b} {
				if strings.Contains(p.Log.String(), "s3cret") {
					t.Errorf("the log has a password:\n%s", p.Log.String())
				}
			}
		})
	}
}

// TestProgram_ClusterRefused logs, without the password, why a node cannot join.
func TestProgram_ClusterRefused(t *testing.T) {
	const wrong = "wr0ng"
	nats := natstest.Start(t, server.Options{Username: "ag", Password: "s3cret"})
	redis := redistest.Start(t, "--requirepass", "s3cret").Addr
	for name, p := range map[string]*process{
		"NATS": start(t, withKey(), "-env", "prod", "-log-level", "3", "-nats", "nats://ag:"+wrong+"@"+nats.Addr().String()),
		"Redis": start(t, withKey("SOCKETCLUSTER_REDIS_PASSWORD="+wrong),
			"-env", "prod", "-log-level", "3", "-redis", redis),
	} {
		t.Run(name, func(t *testing.T) {
			p.Await("say that it is not authorized", func() bool { // an attempt may end before the reason is read
				return slices.ContainsFunc(p.Log.Records("server"), func(line map[string]any) bool {
					why, _ := line["err"].(string)
					return strings.Contains(why, "channels: the broker is not authorized")
				})
			})
			if strings.Contains(p.Log.String(), wrong) {
				t.Errorf("the log has the password:\n%s", p.Log.String())
			}
		})
	}
}
