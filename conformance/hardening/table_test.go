package hardening_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"slices"
	"strings"
	"testing"
)

// row is an attack, what it must come to, and the tests of it.
type row struct {
	id, attack, expected string
	tests                []string
	// held is how many bytes may be held during the attack. The attackers' own
	// are among them: some of A2, F9 and P4 write messages of megabytes.
	held int64
}

// table is the list of what the server must survive. After each attack the process
// is alive, other sockets have lost nothing, and memory, goroutines and descriptors
// are back where they were.
var table = []row{
	// HTTP and upgrade.
	{id: "H1", attack: "slow or silent client before the upgrade is complete", expected: "closed within the upgrade timeout",
		held: 16 << 20, tests: []string{"TestH1_SlowRequest"}},
	{id: "H2", attack: "header line, headers or URI without end", expected: "431 or close after at most 16 KiB",
		held: 8 << 20, tests: []string{"TestH2_EndlessHead"}},
	{id: "H3", attack: "requests that can be read in two ways, or are none", expected: "400, 405, 426 or 505, never 101",
		held: 8 << 20, tests: []string{"TestH3_BadRequests"}},
	{id: "H4", attack: "frames in the packet of the upgrade request", expected: "none lost",
		held: 8 << 20, tests: []string{"TestH4_FramesBehindTheRequest", "TestH4_UndecidedRequest"}},
	{id: "H5", attack: "cross-site, null, missing or look-alike Origin", expected: "403 unless allowed",
		held: 8 << 20, tests: []string{"TestH5_Origins"}},
	{id: "H6", attack: "connection flood, descriptors exhausted", expected: "refused or backed off, recovers",
		held: 8 << 20, tests: []string{"TestH6_ConnectionFlood", "TestH6_NoDescriptors"}},
	{id: "H7", attack: "forged X-Forwarded-For", expected: "ignored unless the peer is a configured proxy",
		held: 8 << 20, tests: []string{"TestH7_ForgedForwardedFor"}},
	{id: "H8", attack: "garbage in extension and subprotocol headers", expected: "declined or 400",
		held: 8 << 20, tests: []string{"TestH8_GarbageOffers"}},

	// Frames.
	{id: "F1", attack: "unmasked frame, RSV bits, reserved opcode, bad continuation", expected: "1002, nothing delivered",
		held: 8 << 20, tests: []string{"TestF1_BrokenFrames", "TestF1_MessagesBefore"}},
	{id: "F2", attack: "control frames that are too long or fragmented, bad close frames", expected: "1002, 1007 for the reason",
		held: 8 << 20, tests: []string{"TestF2_ControlFrames"}},
	{id: "F3", attack: "absurd and non-minimal lengths", expected: "1009 or 1002 before anything is allocated",
		held: 16 << 20, tests: []string{"TestF3_Lengths", "TestF3_Announcements"}},
	{id: "F4", attack: "more than maxPayload in one frame or over fragments", expected: "1009",
		held: 8 << 20, tests: []string{"TestF4_Oversized", "TestF4_Endless", "TestF4_JustFits"}},
	{id: "F5", attack: "a million tiny or empty fragments, never a FIN", expected: "capped in count and time",
		held: 8 << 20, tests: []string{"TestF5_TinyFragments", "TestF5_Linear", "TestF5_NoEnd"}},
	{id: "F6", attack: "ping or pong flood; pings between fragments", expected: "1008; data order intact",
		held: 8 << 20, tests: []string{"TestF6_ControlFlood", "TestF6_PingsBetweenFragments"}},
	{id: "F7", attack: "invalid UTF-8, also over fragments and after inflating", expected: "1007; valid text is never refused",
		held: 8 << 20, tests: []string{"TestF7_InvalidUTF8", "TestF7_ValidText"}},
	{id: "F8", attack: "deflate bomb, truncated deflate, mixed contexts", expected: "1009, 1007 or 1002; pools not poisoned",
		held: 16 << 20, tests: []string{"TestF8_Deflate"}},
	{id: "F9", attack: "F3 to F8 before #handshake", expected: "tighter limits",
		held: 48 << 20, tests: []string{"TestF9_BeforeHandshake", "TestF9_LessRoom"}},
	{id: "F10", attack: "half-open connection, RST in mid-frame, no close reply", expected: "gone within the ping or close timeout",
		held: 20 << 20, tests: []string{"TestF10_HalfOpen", "TestF10_NoCloseReply"}},

	// Protocol.
	{id: "P1", attack: "no, late, malformed, early or second #handshake", expected: "4005, 4008, 4009; not counted twice",
		held: 8 << 20, tests: []string{"TestP1_NoHandshake", "TestP1_WrongHandshake", "TestP1_SecondHandshake"}},
	{id: "P2", attack: "bad JSON, deep nesting, 1e999999, duplicate keys, __proto__, NUL", expected: "the reference's answer, bounded cost",
		held: 8 << 20, tests: []string{"TestP2_OddJSON", "TestP2_Cost"}},
	{id: "P3", attack: "a batch of a million packets, nested arrays", expected: "1008; counts as its messages",
		held: 32 << 20, tests: []string{"TestP3_Batches", "TestP3_CountsEach", "TestP3_RawElements"}},
	{id: "P4", attack: "odd call ids", expected: "numbers are echoed; else no reply, no growth",
		held: 48 << 20, tests: []string{"TestP4_OddCallIDs"}},
	{id: "P5", attack: "forged or late response ids", expected: "dropped",
		held: 8 << 20, tests: []string{"TestP5_ForgedAnswers"}},
	{id: "P6", attack: "calls that are never answered", expected: "time out; the number outstanding is capped",
		held: 8 << 20, tests: []string{"TestP6_UnansweredCalls", "TestP6_UnknownProcedures"}},
	{id: "P7", attack: "a client sends #setAuthToken, #kickOut", expected: "an ordinary event",
		held: 8 << 20, tests: []string{"TestP7_ServerEvents"}},
	{id: "P8", attack: "subscribe flood, huge or odd names, churn", expected: "a limit with a clear error; memory freed",
		held: 16 << 20, tests: []string{"TestP8_SubscribeFlood", "TestP8_Resubscribe", "TestP8_OddNames", "TestP8_Churn"}},
	{id: "P9", attack: "publish flood, hot channel", expected: "other sockets go on, nothing lost; rates by option: refused, delayed or closed",
		held: 48 << 20, tests: []string{"TestP9_HotChannel", "TestP9_RateLimit", "TestP9_Delay", "TestP9_SubscriptionsWait", "TestP9_Disconnect"}},
	{id: "P10", attack: "a subscriber that never reads", expected: "bytes under the cap, then cut; publishers never block",
		held: 96 << 20, tests: []string{"TestP10_DeafSubscriber", "TestP10_PingsPass", "TestP10_ThousandSlow", "TestP10_TotalLimit"}},
	{id: "P11", attack: "disconnect during a middleware or handler", expected: "no ghost subscription, no zombie",
		held: 8 << 20, tests: []string{"TestP11_GoneMeanwhile", "TestP11_NoGhostSubscription"}},
	{id: "P12", attack: "names chosen to collide in hash tables", expected: "seeded hashes",
		held: 32 << 20, tests: []string{"TestP12_CollidingNames", "TestP12_SeededHashes"}},
	{id: "P14", attack: "names with broker syntax", expected: "exact on the way back",
		held: 8 << 20, tests: []string{"TestP14_BrokerSyntax"}},

	// Authentication and operation.
	{id: "A1", attack: "alg none, HS/RS confusion, kid, jku, x5u", expected: "rejected; keys only from configuration",
		held: 8 << 20, tests: []string{"TestA1_ForgedAlgorithms", "TestA1_PublicKeyAsSecret"}},
	{id: "A2", attack: "a megabyte of dots as token, odd exp and nbf", expected: "capped first; the reference's error names",
		held: 64 << 20, tests: []string{"TestA2_OddTokens"}},
	{id: "A3", attack: "expiry or revocation on a live socket", expected: "deauthenticated on the next pong or action",
		held: 8 << 20, tests: []string{"TestA3_Expiry", "TestA3_ExpiryOnPong", "TestA3_Revocation"}},
	{id: "A4", attack: "publish or subscribe racing deauthentication or a kick", expected: "nothing delivered after the acknowledgement",
		held: 8 << 20, tests: []string{"TestA4_NothingAfterTheEnd"}},
	{id: "A6", attack: "missing key with a cluster configured", expected: "refused",
		held: 8 << 20, tests: []string{"TestA6_NoKey", "TestA6_OneKey"}},
	{id: "A7", attack: "HTTP API without key, timing, huge or slow body", expected: "401 in constant time, capped",
		held: 8 << 20, tests: []string{"TestA7_NoAPI", "TestA7_Bodies"}},
	{id: "A8", attack: "metrics and profiles", expected: "on their own listener, no label of a client's",
		tests: []string{"TestA8_NothingToMeasure"}},
	{id: "A9", attack: "log injection", expected: "structured, quoted; tokens never logged",
		tests: []string{"TestA9_LogInjection", "TestA9_NoSecrets", "TestA9_SettingsWithSecrets", "TestA9_LateErrors"}},
	{id: "A10", attack: "a handler that panics or never returns", expected: "that call fails; the others go on",
		held: 16 << 20, tests: []string{"TestA10_Panic", "TestA10_PanicInStreamMiddleware", "TestA10_NeverReturns", "TestA10_ManyNeverReturn", "TestA10_SlowReceiver"}},
	{id: "C1", attack: "broker down, partition, flapping, duplicates", expected: "events, resubscription, no duplicates",
		held: 16 << 20, tests: []string{"TestC1_Flapping"}},
	{id: "C2", attack: "foreign or forged messages on the broker", expected: "versioned, checked, dropped, counted",
		held: 32 << 20, tests: []string{"TestC2_ForeignMessages"}},
	{id: "C5", attack: "100,000 clients reconnect at once", expected: "admitted at a bounded rate",
		held: 64 << 20, tests: []string{"TestC5_ReconnectStorm", "TestC5_BehindAProxy", "TestC5_ManyAddresses"}},
	{id: "C6", attack: "SIGTERM under load", expected: "readiness off, staged closing, flush, exit 0",
		tests: []string{"TestC6_Termination", "TestC6_Shutdown"}},
	{id: "C7", attack: "clock set back or forward an hour", expected: "timers are monotonic",
		held: 8 << 20, tests: []string{"TestC7_MonotonicTimers", "TestC7_PingsFollowTheTimer"}},
	{id: "C8", attack: "256 descriptors, little memory", expected: "sheds load, does not crash",
		tests: []string{"TestC8_SmallMachine"}},

	// What was thought of later.
	{id: "X1", attack: "thousands of connections that never ask for anything", expected: "little memory for each, cut off in time",
		held: 32 << 20, tests: []string{"TestX1_ThousandsHalfOpen"}},
	{id: "X2", attack: "slow, torn and split TLS handshakes", expected: "cut off in time; one that is right passes",
		held: 32 << 20, tests: []string{"TestX2_TLSHandshakes"}},
	{id: "X3", attack: "a batch of subscriptions, publications and unsubscriptions", expected: "in order, nothing left",
		held: 48 << 20, tests: []string{"TestX3_BatchOfChanges"}},
	{id: "X4", attack: "more messages and events than the program's loops take", expected: "bounded for each loop, the program is told",
		held: 16 << 20, tests: []string{"TestX4_LoopsThatStandStill"}},
}

// ids are the rows of the list from which the table was made.
const ids = "H1 H2 H3 H4 H5 H6 H7 H8 F1 F2 F3 F4 F5 F6 F7 F8 F9 F10 " +
	"P1 P2 P3 P4 P5 P6 P7 P8 P9 P10 P11 P12 P14 A1 A2 A3 A4 A6 A7 A8 A9 A10 C1 C2 C5 C6 C7 C8 X1 X2 X3 X4"

func TestTable_CoversEveryRow(t *testing.T) {
	var got []string
	for _, r := range table {
		got = append(got, r.id)
		if len(r.tests) == 0 {
			t.Errorf("%s has no test", r.id)
		}
		for _, name := range r.tests {
			if !strings.HasPrefix(name, "Test"+r.id+"_") {
				t.Errorf("%s: %s does not begin with the row's id", r.id, name)
			}
		}
	}
	if want := strings.Fields(ids); !slices.Equal(got, want) {
		t.Errorf("the rows are %v, want %v", got, want)
	}
}

// Every test that the table names is there, and every test is in the table.
func TestTable_NamesEveryTest(t *testing.T) {
	var named, found []string
	for _, r := range table {
		named = append(named, r.tests...)
	}
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if !strings.HasSuffix(file.Name(), "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), file.Name(), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range f.Decls {
			if fn, ok := decl.(*ast.FuncDecl); ok && strings.HasPrefix(fn.Name.Name, "Test") &&
				!strings.HasPrefix(fn.Name.Name, "TestTable_") && fn.Name.Name != "TestMain" {
				found = append(found, fn.Name.Name)
			}
		}
	}
	slices.Sort(named)
	slices.Sort(found)
	if !slices.Equal(named, found) {
		t.Errorf("the table names %v, and there are %v", named, found)
	}
}
