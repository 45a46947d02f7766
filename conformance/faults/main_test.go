package faults_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// patience is how long what has to happen may take: much, as the machine may be
// busy.
const patience = 60 * time.Second

// agserver is the program, built once, with the race detector if this test has it.
var agserver string

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == natsMode {
		os.Exit(runNATS(os.Args[2:]))
	}
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "faults-test-")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		agserver = filepath.Join(dir, "agserver")
		args := []string{"build", "-o", agserver}
		if info, ok := debug.ReadBuildInfo(); ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"}) {
			args = append(args, "-race")
		}
		if out, err := exec.Command("go", append(args, "../../cmd/agserver")...).CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "go build: %v\n%s", err, out)
			return 1
		}
		code := m.Run()
		if err := goleak.Find(); err != nil && code == 0 {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return code
	}())
}
