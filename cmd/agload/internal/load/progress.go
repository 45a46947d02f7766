package load

import (
	"fmt"
	"time"
)

// Progress is how a run goes.
type Progress struct {
	Phase          string
	Elapsed, Of    time.Duration // Of is 0 where the end is not known
	Ready, Sockets uint64
	PerSecond      float64 // operations
	Wrong          uint64  // what was found wrong so far
}

func (p Progress) String() string {
	text := fmt.Sprintf("%-10s %5.1f s", p.Phase, p.Elapsed.Seconds())
	if p.Of > 0 {
		text += fmt.Sprintf(" of %.0f", p.Of.Seconds())
	}
	text += fmt.Sprintf("  %d of %d sockets", p.Ready, p.Sockets)
	if p.PerSecond > 0 {
		text += fmt.Sprintf("  %.0f/s", p.PerSecond)
	}
	if p.Wrong > 0 {
		text += fmt.Sprintf("  WRONG: %d", p.Wrong)
	}
	return text
}
