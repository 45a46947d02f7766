package load

import (
	"os"
	"time"

	"github.com/socketcluster-go/socketcluster/cmd/agload/internal/proc"
)

// reading is everything that is read at one moment.
type reading struct {
	at                               time.Time
	server, engine, self             proc.Usage
	nodes                            []proc.Usage
	machine                          proc.Machine
	operations, sent, replies, reads uint64
}

func (r *runner) reading() reading {
	nodes := make([]proc.Usage, len(r.nodes))
	for i, n := range r.nodes {
		nodes[i] = proc.Measure(n.pids)
	}
	return reading{
		server: proc.Measure(r.pids), engine: proc.Measure(r.engine), nodes: nodes,
		self: proc.Measure([]int{os.Getpid()}), machine: proc.ReadMachine(),
		operations: r.operations(), sent: r.sent(), replies: r.replies(), reads: r.reads(),
		at: time.Now(), // last: reading takes a while
	}
}

// measurement has the readings between the phases of a run.
type measurement struct {
	start, connected, before, end reading
	isLoaded                      bool // the load was on
}
