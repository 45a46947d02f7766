package main

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/socketcluster-go/socketcluster/channels/brokertest/redistest"
	"github.com/socketcluster-go/socketcluster/conformance/internal/app"
	"github.com/socketcluster-go/socketcluster/conformance/natstest"
	"github.com/socketcluster-go/socketcluster/conformance/npm"
)

// Clients cannot tell on which broker the server runs: what concerns channels is
// the same on each. The command plays all transcripts on one by
//
//	go run ./conformance/wirediff -subject "/tmp/app --redis 127.0.0.1:6379"
func TestTranscripts_OnBrokers(t *testing.T) {
	if testing.Short() {
		t.Skip("starts many processes")
	}
	dir := npm.Install(t, "../reference")
	built, err := goProgram(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	reference := app.Program{Args: []string{npm.Node(t), filepath.Join(dir, "main.js")}}
	for _, broker := range []struct {
		name string
		args func(t *testing.T) []string
	}{
		{"Embedded", func(*testing.T) []string { return []string{"--cluster-port", "0"} }},
		{"NATS", func(t *testing.T) []string {
			return []string{"--nats", natstest.Start(t, server.Options{}).ClientURL()}
		}},
		{"Redis", func(t *testing.T) []string { return []string{"--redis", redistest.Start(t).Addr} }},
		{"RedisSharded", func(t *testing.T) []string { return []string{"--redis-sharded", redistest.Start(t).Addr} }},
		{"SCC", func(t *testing.T) []string { return []string{"--scc", startSCC(t)} }},
	} {
		t.Run(broker.name, func(t *testing.T) {
			t.Parallel()
			subject := built
			subject.Args = append(slices.Clone(built.Args), broker.args(t)...)
			played := 0
			r := Runner{Reference: reference, Subject: subject, Parallel: 2}
			r.Run(readTranscripts(t, "channels"), func(result Result) {
				played++
				if !result.OK() {
					t.Errorf("servers disagree:\n%s", result)
				}
			})
			if want := 50; played < want {
				t.Errorf("played %d transcripts, want at least %d", played, want)
			}
		})
	}
}
