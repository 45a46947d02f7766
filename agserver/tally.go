package agserver

import (
	"sync/atomic"

	"github.com/socketcluster-go/socketcluster/middleware/rate"
)

// tally counts what others can make happen at will, and has it reported once in a
// second: a flood must not become one of reports.
type tally struct {
	n     atomic.Int64 // since the last report
	times *rate.Table[struct{}]
}

func newTally() tally {
	return tally{times: rate.NewTable[struct{}](rate.Limit{PerSecond: 1, Burst: 1}, 0)}
}

// add counts one; report is called with the number since the last report.
func (t *tally) add(report func(n int64)) {
	t.n.Add(1)
	if t.times.Take(struct{}{}) == 0 {
		report(t.n.Swap(0))
	}
}
