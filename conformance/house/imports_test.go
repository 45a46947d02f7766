package house_test

import (
	"path"
	"strings"
	"testing"
)

// layer says what the packages of a folder may import besides the standard
// library. Patterns are those of path.Match; "x/..." also matches x and all
// below it.
type layer struct {
	dir     string
	imports []string
	why     string
}

// layers are searched from the top: the first whose dir matches counts.
var layers = []layer{
	{
		"channels/stream", nil,
		"everything stands on it: the standard library alone",
	}, {
		"protocol/minbin", []string{"protocol", "github.com/vmihailenco/msgpack/v5/..."},
		"a program that does not name this codec does not carry MessagePack",
	}, {
		"protocol", []string{"github.com/tidwall/gjson"},
		"a leaf: the language of the wire knows no server, no client and no network",
	}, {
		"authtoken", []string{"protocol", "github.com/golang-jwt/jwt/v5"},
		"a leaf: tokens are made and read without sockets; protocol is for its errors",
	}, {
		"middleware/rate", nil,
		"counting needs the standard library alone",
	}, {
		"middleware", []string{"middleware/rate", "authtoken", "protocol", "channels/stream"},
		"it sees a socket through an interface of its own, so that it can be tested and used without a server",
	}, {
		"channels", []string{"protocol", "channels/stream"},
		"brokers and exchange serve the server and the client alike, so they know neither",
	}, {
		"channels/brokertest", []string{"channels", "protocol", "channels/stream"},
		"the suite must run against any broker, hence name none",
	}, {
		"channels/internal/link", []string{"channels"},
		"what brokers have in common; it names no engine",
	}, {
		"channels/*broker", []string{"channels", "channels/internal/link", "channels/brokertest", "protocol", "channels/stream", "authtoken", "agclient", "external"},
		"an adapter is a leaf with one library; adapters do not know each other",
	}, {
		"channels/natsbroker/embedded", []string{"github.com/nats-io/..."},
		"a NATS server by itself, for the broker's options; who does not run one does not compile it",
	}, {
		"agserver/engine", []string{
			"github.com/gobwas/ws/...", "github.com/gobwas/httphead", "github.com/gobwas/pool/...",
			"github.com/klauspost/compress/...", "golang.org/x/sys/...",
		},
		"it moves messages and knows nothing of AG packets, so that it can be replaced and measured alone",
	}, {
		"agserver/agservertest", []string{
			"agserver", "agserver/engine", "agclient", "middleware/...", "channels/...", "authtoken", "protocol",
		},
		"what tests of handlers need: a server and a client at once",
	}, {
		"agserver", []string{"agserver/engine", "middleware", "middleware/rate", "channels", "channels/stream", "authtoken", "protocol"},
		"never agclient: neither side may lean on the other's idea of the protocol",
	}, {
		"agclient", []string{"channels", "channels/stream", "protocol", "protocol/minbin", "github.com/gobwas/ws/..."},
		"never agserver: neither side may lean on the other's idea of the protocol",
	}, {
		"channels/brokertest/...", []string{"channels/brokertest/freeport", "conformance/program/..."},
		"what the tests of brokers and servers need beside the suite: what is free, and what starts it",
	}, {
		"conformance/npm", nil,
		"what tests need of the world of JavaScript: the standard library alone",
	}, {
		"conformance/natstest", []string{"github.com/nats-io/nats-server/..."},
		"a NATS server for tests, of whatever package",
	}, {
		"conformance/program/...", []string{"conformance/program"},
		"programs are started and stopped alike, whatever they are: the standard library alone",
	}, {
		"cmd/agload/internal/load", []string{"cmd/agload/internal/...", "golang.org/x/sys/..."},
		"what a server is measured and checked with shares no code with it",
	}, {
		"cmd/...", []string{
			"cmd/...", "agserver/...", "agclient", "middleware/...", "channels/...", "authtoken", "protocol/...", "conformance/program", "external",
		},
		"programs may use everything but the tests, and what starts them",
	}, {
		"conformance/...", []string{
			"conformance/...", "agserver/...", "agclient", "middleware/...", "channels/...", "authtoken", "protocol/...", "external",
		},
		"tests look at everything from outside",
	}, {
		"examples/...", []string{"agserver/...", "agclient", "middleware/...", "channels/...", "authtoken", "protocol/..."},
		"examples show what our own packages do",
	},
}

// guarded are imports that only some packages may have, whatever their layer.
var guarded = []struct {
	path, why string
	only      []string
}{
	{
		"github.com/gobwas/ws/...", "frames are the engine's business, and the client's own",
		[]string{"agserver/engine", "agclient"},
	}, {
		"net/http/pprof", "it hangs profiles into the default mux of every program that imports us", []string{"cmd/..."},
	}, {
		"unsafe", "only where bytes are looked at as a string without a copy, and at the border to the system",
		[]string{"protocol/...", "agserver/engine"},
	}, {
		"log", "log/slog is structured and quotes what clients send; net/http alone asks for a log.Logger",
		[]string{"agserver/engine"},
	}, {
		"github.com/nats-io/nats-server/...", "a program that connects to a NATS server does not carry one",
		[]string{"channels/natsbroker/embedded", "conformance/natstest"},
	}, {
		"math/rand", "names and secrets come from crypto/rand, jitter from math/rand/v2", nil,
	}, {
		"io/ioutil", "deprecated", nil,
	},
}

func TestImports_PointDown(t *testing.T) {
	for _, p := range tree(t) {
		sources := p.sources()
		if len(sources) == 0 {
			continue
		}
		l, ok := layerOf(p.dir)
		if !ok {
			t.Errorf("%s has no layer: add it to the list, with what it may import and why", p.dir)
			continue
		}
		for _, f := range sources {
			for _, name := range f.imports() {
				if !l.allows(name) {
					t.Errorf("%s imports %s: %s may not, for %s", f.name, name, p.dir, l.why)
				}
			}
		}
	}
}

func TestImports_Guarded(t *testing.T) {
	for _, p := range tree(t) {
		for _, f := range p.sources() {
			for _, name := range f.imports() {
				for _, g := range guarded {
					if matches(g.path, name) && !matchesAny(g.only, p.dir) {
						t.Errorf("%s imports %s: %s", f.name, name, g.why)
					}
				}
			}
		}
	}
}

// The rules would be worth nothing if they let everything through.
func TestImports_RulesBite(t *testing.T) {
	for _, tt := range []struct {
		dir, name string
		want      bool
	}{
		{"agclient", "agserver", false},
		{"agclient", "agserver/engine", false},
		{"agserver", "agclient", false},
		{"agserver", "agserver/engine", true},
		{"agserver", "github.com/gobwas/ws", false},
		{"agserver/engine", "github.com/gobwas/ws/wsutil", true},
		{"agserver/engine", "protocol", false},
		{"authtoken", "github.com/golang-jwt/jwt/v5", true},
		{"authtoken", "agserver", false},
		{"channels", "agserver", false},
		{"channels/stream", "protocol", false},
		{"channels/natsbroker", "github.com/nats-io/nats.go", true},
		{"channels/natsbroker", "channels/redisbroker", false},
		{"channels/natsbroker/embedded", "github.com/nats-io/nats-server/v2/server", true},
		{"channels/natsbroker/embedded", "channels/natsbroker", false},
		{"middleware", "agserver", false},
		{"protocol", "encoding/json", true},
		{"protocol", "github.com/vmihailenco/msgpack/v5", false},
		{"cmd/agserver", "conformance/app", false},
		{"cmd/agload/internal/load", "protocol", false},
	} {
		l, ok := layerOf(tt.dir)
		if got := ok && l.allows(tt.name); got != tt.want {
			t.Errorf("%s may import %s = %v, want %v", tt.dir, tt.name, got, tt.want)
		}
	}
}

func layerOf(dir string) (layer, bool) {
	for _, l := range layers {
		if matches(l.dir, dir) {
			return l, true
		}
	}
	return layer{}, false
}

func (l layer) allows(name string) bool {
	first, _, _ := strings.Cut(name, "/")
	if isExternal := strings.Contains(first, "."); isExternal {
		return matchesAny(l.imports, name) || matchesAny(l.imports, "external")
	}
	return !isOurs(first) || matchesAny(l.imports, name)
}

// isOurs tells our packages from those of the standard library, by the first
// part of their shortened paths.
func isOurs(first string) bool {
	for _, l := range layers {
		if top, _, _ := strings.Cut(l.dir, "/"); top == first {
			return true
		}
	}
	return false
}

func matchesAny(patterns []string, name string) bool {
	for _, p := range patterns {
		if matches(p, name) {
			return true
		}
	}
	return false
}

func matches(pattern, name string) bool {
	if base, ok := strings.CutSuffix(pattern, "/..."); ok {
		return name == base || strings.HasPrefix(name, base+"/")
	}
	ok, _ := path.Match(pattern, name)
	return ok
}
