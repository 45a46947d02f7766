package scenarios_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/socketcluster-go/socketcluster/conformance/internal/app"
	"github.com/socketcluster-go/socketcluster/conformance/npm"
	"github.com/socketcluster-go/socketcluster/conformance/program/programtest"
)

var (
	goApp  = programtest.Binary{Package: "./conformance/app"}
	binapp = programtest.Binary{Package: "./conformance/scenarios/binapp"}
)

// options are options of a server, by their names in Node.
type options map[string]any

// groups are the options that scenarios ask for by name. They differ from the
// common options only.
var groups = map[string]options{
	"plain":      {},
	"middleware": {"app": options{"middleware": []string{"handshake", "inboundRaw", "inbound", "outbound"}}},
	"limited":    {"socketChannelLimit": 3},
	"quiet":      {"allowClientPublish": false},
	"deflate":    {"perMessageDeflate": true},
	"batching":   {"batchOnHandshake": true, "batchOnHandshakeDuration": 100, "batchInterval": 10},
	"pings":      {"pingInterval": 50, "pingTimeout": 10_000},
	"deaf":       {"pingTimeoutDisabled": true, "pingTimeout": 500},
	"silent":     {"pingInterval": 60_000, "pingTimeout": 2000},
}

// common are options that all servers have; the defaults of the two differ.
var common = options{
	"authKey": "the key of the scenarios", "pingInterval": 8000, "pingTimeout": 20_000, "socketChannelLimit": 1000,
}

// fleet is one implementation of the server, running once for each group and
// version of the protocol. It has TLS if there is an entry "tls".
type fleet map[string]map[string]int // version → group → port

func (f fleet) String() string {
	text, err := json.Marshal(f)
	if err != nil {
		panic(err) // strings and numbers
	}
	return string(text)
}

// addr returns the address of the server of a group that speaks version 2.
func (f fleet) addr(group string) string { return fmt.Sprintf("127.0.0.1:%d", f["2"][group]) }

// fleets starts both implementations, the one in Go on each of its engines.
func fleets(t *testing.T) (node, loops, portable, secure fleet) {
	t.Helper()
	for _, dir := range []string{"../reference", "js", "js/scenarios"} {
		// What a test looks at counts for its kept result, too.
		if _, err := os.ReadDir(dir); err != nil {
			t.Fatal(err)
		}
	}
	npm.Install(t, ".") // minbin.cjs
	reference := []string{filepath.Join(npm.Install(t, "../reference"), "main.js")}
	goApp, binapp := goApp.File(t), binapp.File(t)
	nodeProgram := npm.Node(t)
	node = startFleet(t, nodeProgram, reference...)
	node["2"]["minbin"] = startServer(t, common, nodeProgram, append([]string{"--require", "./js/minbin.cjs"}, reference...)...)
	loops = startFleet(t, goApp)
	loops["2"]["minbin"] = startServer(t, common, binapp)
	portable = startFleet(t, goApp, "--portable")
	portable["2"]["minbin"] = startServer(t, common, binapp, "--portable")
	secure = startFleet(t, goApp, "--tls")
	secure["2"]["minbin"] = startServer(t, common, binapp, "--tls")
	secure["tls"] = map[string]int{}
	if t.Failed() {
		t.FailNow()
	}
	return node, loops, portable, secure
}

// startFleet starts a program once for each group and version; the servers end
// with the test.
func startFleet(t *testing.T, program string, args ...string) fleet {
	t.Helper()
	f := fleet{"1": {}, "2": {}}
	var mu sync.Mutex
	var starts sync.WaitGroup
	for version := range f {
		for group, own := range groups {
			o := options{"protocolVersion": json.Number(version)}
			for _, part := range []options{common, own} {
				for name, value := range part {
					o[name] = value
				}
			}
			starts.Go(func() {
				port := startServer(t, o, program, args...)
				mu.Lock()
				defer mu.Unlock()
				f[version][group] = port
			})
		}
	}
	starts.Wait()
	return f
}

// startServer starts a conformance app and returns its port. It may be called
// from any goroutine.
func startServer(t *testing.T, o options, program string, args ...string) int {
	text, err := json.Marshal(o)
	if err != nil {
		t.Error(err)
		return 0
	}
	server, err := app.Program{Args: append([]string{program}, args...)}.Start(string(text))
	if err != nil {
		t.Error(err)
		return 0
	}
	t.Cleanup(server.Stop)
	return server.Port
}
