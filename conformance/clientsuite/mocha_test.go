package clientsuite_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/socketcluster-go/socketcluster/conformance/npm"
	"github.com/socketcluster-go/socketcluster/conformance/program"

	// The go command keeps test results until something that the test program
	// is made of changes: the server is, in this way.
	_ "github.com/socketcluster-go/socketcluster/agserver"
)

// suite is the file that is run, as npm installed it.
const suite = "node_modules/socketcluster-client/test/integration.js"

// rounds are how often a case may be run, and how many times slower the timers of
// the suite are then. It waits for fixed times (fifty messages in 600 ms, 10 ms for
// each), so that on a busy machine a case may fail whatever the server does: the
// reference fails as often. What fails is run again by itself, first as it is. With
// slower timers there is more room for what the machine takes (2 ms a message become
// 128), and none for what a server does wrong.
var rounds = []int{1, 1, 4, 16, 64}

// mocha runs the suite with servers in Go, on the portable engine or not.
type mocha struct {
	node, dir, tmp  string
	bridge, standin string
	portable        bool
}

func newMocha(t *testing.T, dir string) *mocha {
	t.Helper()
	for _, dir := range []string{"bridge", "standin", "standin/socketcluster-server"} {
		// What a test looks at counts for its kept result, too.
		if _, err := os.ReadDir(dir); err != nil {
			t.Fatal(err)
		}
	}
	m := &mocha{node: npm.Node(t), dir: dir, standin: filepath.Join(dir, "standin"), tmp: t.TempDir()}
	m.bridge = filepath.Join(m.tmp, "bridge.exe") // a suffix that Windows asks for
	if err := program.Build(t.Context(), m.bridge, "./conformance/clientsuite/bridge"); err != nil {
		t.Fatal(err)
	}
	return m
}

// outcomes are the cases that were run, by title, with what went wrong: "" for
// a case that passed.
type outcomes map[string]string

func (o outcomes) failed() (titles []string) {
	for title, failure := range o {
		if failure != "" {
			titles = append(titles, title)
		}
	}
	return titles
}

// runPatiently runs all cases, and those that fail several times.
func (m *mocha) runPatiently(t *testing.T) outcomes {
	t.Helper()
	results := m.run(t, rounds[0])
	for _, slower := range rounds[1:] {
		failed := results.failed()
		if len(failed) == 0 {
			break
		}
		t.Logf("once more, with timers %d times slower, for %q", slower, failed)
		for title, result := range m.run(t, slower, failed...) {
			results[title] = result
		}
	}
	return results
}

// run runs the cases of these titles, or all, with timers that are so many times
// slower.
func (m *mocha) run(t *testing.T, slower int, titles ...string) outcomes {
	t.Helper()
	path := filepath.Join(m.tmp, "report.json")
	os.Remove(path)
	args := []string{
		"node_modules/mocha/bin/mocha.js", "--require", filepath.Join(m.standin, "slower.js"), "--timeout", "20000",
		"--reporter", "json", "--reporter-option", "output=" + path,
	}
	if len(titles) > 0 {
		args = append(args, "--grep", pattern(titles))
	}
	cmd := exec.CommandContext(t.Context(), m.node, append(args, suite)...)
	cmd.Dir = m.dir
	cmd.Env = append(os.Environ(), "NODE_PATH="+m.standin, "CLIENTSUITE_BRIDGE="+m.bridge,
		fmt.Sprintf("CLIENTSUITE_PORTABLE=%t", m.portable), fmt.Sprintf("CLIENTSUITE_SLOWER=%d", slower))
	out, err := cmd.CombinedOutput()
	text, missing := os.ReadFile(path)
	if missing != nil {
		t.Fatalf("the suite left no report: %v\n%s", err, out)
	}
	results := parseReport(t, text)
	if err != nil && len(results.failed()) == 0 { // the status is the number of failures
		t.Errorf("mocha: %v\n%s", err, out)
	}
	return results
}

// pattern matches the titles and no other.
func pattern(titles []string) string {
	quoted := make([]string, len(titles))
	for i, title := range titles {
		quoted[i] = regexp.QuoteMeta(title)
	}
	return "^(" + strings.Join(quoted, "|") + ")$"
}

// testCase is a case in mocha's report.
type testCase struct {
	FullTitle string
	Err       struct{ Message, Stack string }
}

func parseReport(t *testing.T, text []byte) outcomes {
	t.Helper()
	var report struct{ Passes, Failures, Pending []testCase }
	if err := json.Unmarshal(text, &report); err != nil {
		t.Fatalf("read mocha's report: %v", err)
	}
	results := outcomes{}
	for _, c := range report.Passes {
		results[c.FullTitle] = ""
	}
	for _, c := range report.Pending {
		results[c.FullTitle] = "the suite left this case out"
	}
	for _, c := range report.Failures { // last: a case may pass, then fail by what it left behind
		results[c.FullTitle] = c.Err.Message + "\n" + c.Err.Stack
	}
	return results
}
