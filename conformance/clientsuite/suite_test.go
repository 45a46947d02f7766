package clientsuite_test

import (
	"errors"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/socketcluster-go/socketcluster/conformance/npm"
)

// notApplicable are the cases of the suite that cannot apply to a server in Go,
// with the reason of each. There are none.
var notApplicable = map[string]string{}

// turnAddress is held while a suite runs. The suite's ports are fixed, so two
// checkouts that are tested on one machine take turns.
const turnAddress = "127.0.0.1:8174"

func TestClientSuite(t *testing.T) {
	if testing.Short() {
		t.Skip("the suite takes 40 s: left out with -short")
	}
	m := newMocha(t, npm.Install(t, "."))
	takeTurn(t)
	for name, portable := range map[string]bool{"Loops": false, "Portable": true} {
		t.Run(name, func(t *testing.T) {
			m.portable = portable
			checkCases(t, m.runPatiently(t))
		})
	}
}

// checkCases fails for every case of the suite that did not pass.
func checkCases(t *testing.T, results outcomes) {
	for _, title := range titles(t) {
		t.Run(title, func(t *testing.T) {
			failure, ok := results[title]
			delete(results, title)
			switch reason := notApplicable[title]; {
			case reason != "":
				t.Skip(reason)
			case !ok:
				t.Error("the suite did not run this case")
			case failure != "":
				t.Error(failure)
			}
		})
	}
	for title, failure := range results {
		t.Errorf("testdata/cases.txt lacks the case %q (%s)", title, failure)
	}
}

// titles returns the titles of all cases of the suite.
func titles(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("testdata/cases.txt")
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(text)), "\n")
}

// takeTurn waits until no other suite runs on this machine.
func takeTurn(t *testing.T) {
	t.Helper()
	for deadline := time.Now().Add(3 * time.Minute); ; {
		l, err := net.Listen("tcp", turnAddress)
		if err == nil {
			t.Cleanup(func() { l.Close() })
			return
		}
		if !errors.Is(err, syscall.EADDRINUSE) || time.Now().After(deadline) {
			t.Fatalf("wait for the end of another run of the suite: %v", err)
		}
		time.Sleep(100 * time.Millisecond)
	}
}
