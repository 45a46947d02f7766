package hardening_test

import (
	"runtime"
	"slices"
	"time"
)

// holds checks that no more than so many bytes are held after f, the garbage taken
// out. What the attackers hold counts: they do best to write what they have already.
func (a *target) holds(what string, most int64, f func()) {
	a.Helper()
	before := measure().heap
	f()
	if grown := measure().heap - before; grown > most {
		a.Errorf("%s: %d more bytes are held, want at most %d", what, grown, most)
	}
}

// allocates checks that no more than so many bytes are allocated during f, held or
// not: what is there for a moment is not seen by looking now and then. The witness
// does not go on meanwhile.
func (a *target) allocates(what string, most int64, f func()) {
	a.Helper()
	a.rounding.Lock()
	defer a.rounding.Unlock()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	if grown := int64(after.TotalAlloc - before.TotalAlloc); grown > most {
		a.Errorf("%s: %d bytes were allocated, want at most %d", what, grown, most)
	}
}

// tries is how often the CPU time of something is taken: the least counts.
const tries = 3

// costs checks that an attack takes no more than so many times the CPU time of
// something harmless of the same size, the client's part included in both.
func (a *target) costs(what string, times int, attack, harmless func()) {
	a.Helper()
	a.rounding.Lock()
	defer a.rounding.Unlock()
	took := func(f func()) time.Duration {
		all := make([]time.Duration, tries)
		for n := range all {
			start := cpuTime()
			f()
			all[n] = cpuTime() - start
		}
		return slices.Min(all)
	}
	plain := took(harmless)
	if bad := took(attack); bad > time.Duration(times)*max(plain, time.Millisecond) {
		a.Errorf("%s takes %v of CPU time, and something harmless %v: want at most %d times as much", what, bad, plain, times)
	}
}

// full is how many times in a row a connection must take nothing, while the witness
// makes some rounds, to count as no longer read.
const full = 3

// untilFull writes to connections, from one goroutine each, until the server reads
// none of them any more, or until all has been written. It returns how much was
// taken of each. The system takes some of it for itself.
func (a *target) untilFull(clients []*client, b []byte) (taken []int) {
	a.Helper()
	counts := make([]chan int, len(clients))
	taken = make([]int, len(clients))
	for n, c := range clients {
		counts[n] = make(chan int, len(b)/piece+2)
		_ = c.nc.SetWriteBuffer(64 << 10)
		_ = c.nc.SetWriteDeadline(time.Now().Add(patience))
		go func() {
			defer close(counts[n])
			for part := range slices.Chunk(b, piece) {
				sent, err := c.nc.Write(part)
				counts[n] <- sent
				if err != nil {
					return
				}
			}
		}()
	}
	open := len(clients)
	for still := 0; still < full && open > 0; still++ {
		a.during(10, func() { time.Sleep(time.Millisecond) })
		for n, count := range counts {
			for more := count != nil; more; {
				select {
				case sent, ok := <-count:
					if taken[n] += sent; ok {
						still = -1
					} else {
						counts[n], more = nil, false
						open--
					}
				default:
					more = false
				}
			}
		}
	}
	for n, count := range counts {
		if count == nil {
			continue
		}
		_ = clients[n].nc.SetWriteDeadline(time.Now()) // the write in progress ends
		for sent := range count {
			taken[n] += sent
		}
	}
	return taken
}

// piece is how much untilFull writes at a time.
const piece = 64 << 10

// sum is of what untilFull returns.
func sum(taken []int) (all int) {
	for _, n := range taken {
		all += n
	}
	return all
}
