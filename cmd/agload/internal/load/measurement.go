package load

import (
	"os"
	"time"

	"github.com/socketcluster-go/socketcluster/cmd/agload/internal/proc"
)

// reading is everything that is read at one moment.
type reading struct {
	at                         time.Time
	server, self               proc.Usage
	machine                    proc.Machine
	operations, replies, reads uint64
}

func (r *runner) reading() reading {
	return reading{
		server: proc.Measure(r.pids), self: proc.Measure([]int{os.Getpid()}), machine: proc.ReadMachine(),
		operations: r.operations(), replies: r.replies(), reads: r.reads(),
		at: time.Now(), // last: reading takes a while
	}
}

// measurement has the readings between the phases of a run.
type measurement struct {
	start, connected, before, end reading
	isLoaded                      bool // the load was on
}
