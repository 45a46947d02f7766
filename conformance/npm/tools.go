package npm

import (
	"os"
	"os/exec"
	"testing"
)

// Node returns the path of the node program.
func Node(t testing.TB) string {
	t.Helper()
	return tool(t, "Node.js", "node", "nodejs")
}

// Chromium returns the path of a browser of the Chromium family. The environment
// variable CHROMIUM names one that is not in the PATH.
func Chromium(t testing.TB) string {
	t.Helper()
	if path := os.Getenv("CHROMIUM"); path != "" {
		return path
	}
	return tool(t, "Chromium", "chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
}

// tool returns the first of the programs that the PATH has.
func tool(t testing.TB, what string, names ...string) string {
	t.Helper()
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	missing(t, what, names[0])
	return ""
}

// missing ends a test that cannot be run here.
func missing(t testing.TB, what, program string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is missing (no %q in the PATH), and with CI=true no test may be left out", what, program)
	}
	t.Skipf("LEFT OUT: this test needs %s, and there is no %q in the PATH", what, program)
}
