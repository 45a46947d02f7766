package proc_test

import (
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/socketcluster-go/socketcluster/cmd/agload/internal/proc"
)

func TestMeasure(t *testing.T) {
	before := proc.Measure([]int{os.Getpid()})
	if before.Processes != 1 || before.RSS < 1<<20 || before.RSS > 1<<34 {
		t.Errorf("Measure() = %+v, want this process", before)
	}
	for proc.Measure([]int{os.Getpid()}).CPU() < before.CPU()+.05 {
		// The time that this loop takes is what it waits for.
	}
	if none := proc.Measure([]int{1 << 30}); none != (proc.Usage{}) {
		t.Errorf("Measure() of nobody = %+v", none)
	}
	if command := proc.Command(os.Getpid()); !strings.Contains(command, "test") {
		t.Errorf("Command() = %q, want this test", command)
	}
}

func TestGroup(t *testing.T) {
	child := exec.Command("sleep", "60")
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	group := proc.Group(os.Getpid())
	if group[0] != os.Getpid() || !slices.Contains(group, child.Process.Pid) {
		t.Errorf("Group() = %v, want %d and its child %d", group, os.Getpid(), child.Process.Pid)
	}
	child.Process.Kill()
	child.Wait()
}

func TestListener(t *testing.T) {
	for _, address := range []string{"127.0.0.1:0", "[::1]:0"} {
		l, err := net.Listen("tcp", address)
		if err != nil {
			t.Skip(err) // no IPv6
		}
		port := l.Addr().(*net.TCPAddr).Port
		if got := proc.Listener(port); got != os.Getpid() {
			t.Errorf("Listener(%d) = %d, want %d", port, got, os.Getpid())
		}
		l.Close()
		if got := proc.Listener(port); got != 0 {
			t.Errorf("Listener(%d) = %d after it was closed", port, got)
		}
	}
}

func TestShare(t *testing.T) {
	before := proc.ReadMachine()
	if before.Total <= 0 || before.Idle <= 0 || before.Idle > before.Total {
		t.Errorf("ReadMachine() = %+v", before)
	}
	after := proc.Machine{Total: before.Total + 200, Idle: before.Idle + 50, Stolen: before.Stolen + 10}
	if idle, stolen := proc.Share(before, after); idle != 25 || stolen != 5 {
		t.Errorf("Share() = %v, %v, want 25, 5", idle, stolen)
	}
	if idle, stolen := proc.Share(before, before); idle != 0 || stolen != 0 {
		t.Errorf("Share() of no time = %v, %v", idle, stolen)
	}
}
