package lockorder_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/socketcluster-go/socketcluster/conformance/lockorder"
	"github.com/socketcluster-go/socketcluster/conformance/lockorder/lock"
)

const root = "../.."

// order is the one in which locks may be taken: those further down while those
// further up are held. A leaf is held by itself at the end of a chain.
var order = []struct {
	class string
	leaf  bool
}{
	{"agclient.Client.mu", false},
	{"agclient.tokenQueue.mu", true},
	{"agclient.outbox.mu", true},
	{"agclient.MemoryTokenStore.mu", true},

	{"agserver/engine.loop.own", false},
	{"agserver/engine.Guard.taking", false},
	{"agserver.middlewares.mu", false},
	{"agserver.Socket.mu", false},
	{"agserver.upgrades.mu", false},
	{"agserver.sessions.mu", false},
	{"agserver.localChannel.mu", false},
	{"agserver.inbox.mu", false},
	{"agserver.receiverQueues.mu", false},
	{"agserver.seldom.pauses", false},
	{"agserver.watch.mu", true},
	{"agserver.handlers.mu", true},
	{"agserver.registryShard.mu", true},

	{"middleware.decision.mu", true},
	{"middleware/rate.shard.mu", true},
	{"channels.Exchange.mu", false},
	{"channels.entry.mu", true},
	{"agserver/engine.Engine.mu", false},
	{"agserver/engine.Group.mu", true},
	{"agserver/engine.mailbox.mu", true},
	{"channels/stream.Sizes.mu", true},
	{"channels/stream.Demux.mu", false},
	{"channels/stream.cursor.mu", true},
	{"channels/stream.hub.mu", true},
}

// handed are locks that one goroutine takes for another, so that what happens
// meanwhile on the first one says nothing. They are first in the order: nobody may
// wait for one with another lock held.
var handed = []string{"agserver/engine.loop.own"}

// exceptions are pairs against the order, with the reason.
var exceptions = map[[2]string]string{
	{"agserver/engine.Engine.mu", "agserver/engine.loop.own"}: "the loop is new, and nobody else knows it",
}

// packages are those whose locks have to keep to the order.
var packages = []string{"agserver", "agserver/engine", "agclient", "channels", "channels/stream", "middleware", "middleware/rate"}

// counting are the tests that count allocations or bytes, which the copies make
// more of.
var counting = []string{
	"TestSocket_IdleMemory", "TestAllocs_Call", "TestAllocs_Publish", "TestAllocs_Delivery", "TestAllocs_Ping",
	"TestDemux_EmitToNobodyDoesNotAllocate", "TestConsumer_NextAllocatesNothing",
}

// limit is when a package's tests are taken to hang. They need half a minute.
const limit = 5 * time.Minute

// documented are those whose doc.go names every lock of theirs.
var documented = []string{"agserver", "agserver/engine"}

func instrument(t *testing.T, dirs ...string) *lockorder.Overlay {
	t.Helper()
	o, err := lockorder.Instrument(root, dirs, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func run(t *testing.T, o *lockorder.Overlay, dirs ...string) []lock.Edge {
	t.Helper()
	if testing.Short() {
		t.Skip("runs the tests of other packages")
	}
	for i := range dirs {
		dirs[i] = "./" + dirs[i]
	}
	flags := []string{"-timeout=" + limit.String(), "-skip=^(" + strings.Join(counting, "|") + ")$"}
	edges, err := o.Test(t.Context(), root, dirs, flags...)
	if err != nil {
		// The copies are slower, and what a test says about its package is judged
		// elsewhere; what fails twice here may be a deadlock.
		t.Log(err)
		var more []lock.Edge
		more, err = o.Test(t.Context(), root, dirs, flags...)
		edges = append(edges, more...)
	}
	if err != nil {
		t.Error(err)
	}
	return edges
}

func place(class string) int {
	for i, o := range order {
		if o.class == class {
			return i
		}
	}
	return -1
}

// A lock that is new has to be given a place.
func TestOrder_HasEveryLock(t *testing.T) {
	o := instrument(t, packages...)
	for _, class := range o.Classes {
		if place(class) < 0 {
			t.Errorf("%s has no place in the order", class)
		}
	}
	for _, l := range order {
		if !slices.Contains(o.Classes, l.class) {
			t.Errorf("%s is no lock any more", l.class)
		}
	}
}

// Who reads the documentation of a package finds its locks there.
func TestOrder_IsDocumented(t *testing.T) {
	for _, dir := range documented {
		text, err := os.ReadFile(filepath.Join(root, dir, "doc.go"))
		if err != nil {
			t.Fatal(err)
		}
		_, locks, _ := strings.Cut(string(text), "ocks\n//")
		for _, class := range instrument(t, dir).Classes {
			if name := strings.TrimPrefix(class, dir+"."); !strings.Contains(locks, name) {
				t.Errorf("%s/doc.go does not say when %s is taken", dir, name)
			}
		}
	}
}

// TestOrder_IsKept runs the tests of all packages that have locks. It looks at
// every pair of locks of which one was asked for while the other was held: there
// is no cycle, so no deadlock among them, whatever the timing.
func TestOrder_IsKept(t *testing.T) {
	edges := run(t, instrument(t, packages...), slices.Clone(packages)...)
	edges = slices.DeleteFunc(edges, func(e lock.Edge) bool {
		return slices.Contains(handed, e.From) || exceptions[[2]string{e.From, e.To}] != ""
	})
	if len(edges) < 20 {
		t.Errorf("%d pairs were seen, which cannot be all", len(edges))
	}
	if cycle := lockorder.Cycle(edges); cycle != nil {
		t.Errorf("cycle: %s", strings.Join(cycle, " → "))
	}
	for _, e := range edges {
		from, to := place(e.From), place(e.To)
		switch {
		case from < 0 || to < 0:
			t.Errorf("%s or %s has no place in the order", e.From, e.To)
		case order[from].leaf:
			t.Errorf("%s was asked for while the leaf %s was held:\n\t%s", e.To, e.From, strings.Join(e.Stack, "\n\t"))
		case from >= to:
			t.Errorf("%s was asked for while %s was held:\n\t%s", e.To, e.From, strings.Join(e.Stack, "\n\t"))
		}
	}
}

// A package that takes two locks in both orders is found out.
func TestCycle_IsFound(t *testing.T) {
	const dir = "conformance/lockorder/testdata/crossed"
	o := instrument(t, dir)
	if want := []string{dir + ".Pair.a", dir + ".Pair.inner"}; !slices.Equal(o.Classes, want) {
		t.Errorf("Classes = %q, want %q", o.Classes, want)
	}
	edges := run(t, o, dir)
	if len(edges) != 2 || lockorder.Cycle(edges) == nil {
		t.Errorf("edges = %+v, want a cycle of two", edges)
	}
	if len(edges) > 0 && !strings.Contains(strings.Join(edges[0].Stack, " "), "crossed.(*Pair).AB") {
		t.Errorf("stack = %q, want AB in it", edges[0].Stack)
	}
}

// A package whose tests fail or hang is reported with what its tests have written,
// and with the locks that it took until then.
func TestOverlay_TestFails(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the tests of other packages")
	}
	const dir = "conformance/lockorder/testdata/broken"
	for name, tt := range map[string]struct{ says, limit string }{
		"TestFails": {"says why it fails", "1m"}, "TestHangs": {"panic: test timed out", "2s"},
	} {
		t.Run(name, func(t *testing.T) {
			edges, err := instrument(t, dir).Test(t.Context(), root, []string{"./" + dir}, "-run=^"+name+"$", "-timeout="+tt.limit)
			if err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("Test() = %v, want an error that has %q", err, tt.says)
			}
			if len(edges) != 1 || edges[0].From != dir+".Pair.a" {
				t.Errorf("edges = %+v, want the one from a to b", edges)
			}
		})
	}
}

// What is left out is there.
func TestOrder_LeavesOutWhatCounts(t *testing.T) {
	missing := slices.Clone(counting)
	for _, dir := range packages {
		names, err := filepath.Glob(filepath.Join(root, dir, "*_test.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			missing = slices.DeleteFunc(missing, func(test string) bool {
				return strings.Contains(string(text), "\nfunc "+test+"(")
			})
		}
	}
	if len(missing) != 0 {
		t.Errorf("there are no tests %q any more: take them off the list", missing)
	}
}

func TestCycle(t *testing.T) {
	edge := func(from, to string) lock.Edge { return lock.Edge{From: from, To: to} }
	for _, tt := range []struct {
		name  string
		edges []lock.Edge
		want  []string
	}{
		{"None", []lock.Edge{edge("a", "b"), edge("a", "c"), edge("b", "c")}, nil},
		{"Self", []lock.Edge{edge("a", "b"), edge("b", "b")}, []string{"b", "b"}},
		{"Long", []lock.Edge{edge("x", "a"), edge("a", "b"), edge("b", "c"), edge("c", "a")}, []string{"a", "b", "c", "a"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := lockorder.Cycle(tt.edges); !slices.Equal(got, tt.want) {
				t.Errorf("Cycle() = %q, want %q", got, tt.want)
			}
		})
	}
}
