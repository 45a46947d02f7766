package load

import (
	"time"

	"github.com/socketcluster-go/socketcluster/cmd/agload/internal/hist"
)

// lane is what sessions share that are driven together. Except for the counters
// it belongs to whoever drives it.
type lane struct {
	run      *runner
	sessions []*session // in the order in which they connect
	senders  []*session // those that publish or call

	counters
	latency hist.Hist
	gaps    gaps

	turn   int   // of the senders, when paced
	nextAt int64 // when the next paced publication is due
}

// maxPaced bounds the publications of one turn, so that a rate that cannot be
// kept does not keep answers from being read.
const maxPaced = 1000

// epoch is when this process's clock starts; markers hold the time since.
var epoch = time.Now()

func now() int64 { return int64(time.Since(epoch)) }

// fill starts the windows of all senders; each sender is then flushed.
func (l *lane) fill(flush func(*session)) {
	for _, s := range l.senders {
		s.fill()
		flush(s)
	}
}

// pace publishes what is due, and returns the time until the next publication.
// One that is late is sent all the same. The marker has the time of sending, not
// the time it was due: nothing here waits for the server, so being late is the
// fault of this process, and told by lateMax.
func (l *lane) pace(flush func(*session)) time.Duration {
	t := now()
	if l.nextAt == 0 {
		l.nextAt = t
	}
	for n := 0; l.nextAt <= t && n < maxPaced; n++ {
		if late := t - l.nextAt; l.run.measuring.Load() && late > l.lateMax.Load() {
			l.lateMax.Store(late)
		}
		s := l.senders[l.turn%len(l.senders)]
		l.turn++
		s.send()
		flush(s)
		l.nextAt += int64(l.run.interval)
		t = now()
	}
	return time.Duration(l.nextAt - t)
}
