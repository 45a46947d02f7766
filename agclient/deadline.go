package agclient

import (
	"sync"
	"time"
)

// deadline is a timer that can be started again, which replaces what it was
// started for. The zero value is stopped. It is guarded by Client.mu; its
// function runs in the timer's goroutine.
type deadline struct{ timer *time.Timer }

// start runs f after the delay.
func (d *deadline) start(delay time.Duration, f func()) {
	d.stop()
	d.timer = time.AfterFunc(delay, f)
}

// startLocked runs f after the delay under mu, which guards the deadline, unless
// the deadline was stopped or started again before f could have the lock.
func (d *deadline) startLocked(mu *sync.Mutex, delay time.Duration, f func()) {
	d.stop()
	var timer *time.Timer
	timer = time.AfterFunc(delay, func() {
		mu.Lock()
		defer mu.Unlock()
		if d.timer == timer {
			f()
		}
	})
	d.timer = timer
}

func (d *deadline) stop() {
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
}

// pending tells whether the deadline was started and not stopped since.
func (d *deadline) pending() bool { return d.timer != nil }
