package main

import (
	"os"
	"os/exec"
	"runtime"
	"runtime/metrics"
	"testing"
	"time"
)

func TestPercentFor(t *testing.T) {
	const mb = 1 << 20
	for _, test := range []struct {
		live uint64
		want int
	}{
		{0, 800}, {3 * mb, 800}, {4 * mb, 400}, {6 * mb, 400}, {7 * mb, 200}, {10 * mb, 200}, {11 * mb, 100}, {1 << 40, 100},
	} {
		got := percentFor(test.live)
		if got != test.want {
			t.Errorf("percentFor(%d) = %d, want %d", test.live, got, test.want)
		}
	}
}

// The collector's percentage follows what lives in the heap, and is in the end what
// it was in the beginning. It needs a process in which nothing else has been left.
func TestPace(t *testing.T) {
	const alone = "AGSERVER_TEST_ALONE"
	if os.Getenv(alone) == "" {
		cmd := exec.Command(os.Args[0], "-test.run=^TestPace$")
		cmd.Env = append(os.Environ(), alone+"=true")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}
	before := percentNow()
	stop := pace(func(string) string { return "" })
	awaitPercent(t, 800)
	kept := make([]byte, heapFloor)
	awaitPercent(t, 100)
	runtime.KeepAlive(kept) // and not from here on
	awaitPercent(t, 800)
	stop()
	if got := percentNow(); got != before {
		t.Errorf("percentage afterwards = %d, want %d", got, before)
	}
}

func TestPace_GOGC(t *testing.T) {
	before := percentNow()
	defer pace(func(name string) string { return map[string]string{"GOGC": "100"}[name] })()
	if got := percentNow(); got != before {
		t.Errorf("percentage where GOGC is set = %d, want %d", got, before)
	}
}

// awaitPercent collects garbage until the percentage is what it should become.
func awaitPercent(t *testing.T, want uint64) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); percentNow() != want; {
		if time.Now().After(deadline) {
			t.Fatalf("percentage = %d, want %d", percentNow(), want)
		}
		runtime.GC()
		runtime.Gosched()
	}
}

func percentNow() uint64 {
	sample := []metrics.Sample{{Name: "/gc/gogc:percent"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
