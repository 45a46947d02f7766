package rate

import (
	"hash/maphash"
	"sync"
	"time"
)

// DefaultMaxKeys is how many keys a table holds at the most, where nothing else is
// said. With names of 20 bytes that is about 6 MB.
const DefaultMaxKeys = 1 << 16

const (
	shards = 16
	// sample is how many buckets are looked at to find one to forget.
	sample = 8
	// sweepLeast is the least time between two searches for full buckets.
	sweepLeast = time.Second
)

// Table holds a bucket for each key. Make one with NewTable. A nil *Table has no
// limit.
type Table[K comparable] struct {
	// Immutable.
	interval time.Duration // in which a bucket gains one
	depth    time.Duration // in which an empty bucket fills up
	most     int           // keys in a shard
	start    time.Time
	seed     maphash.Seed

	shards [shards]shard[K]
}

// shard is a part of a table.
type shard[K comparable] struct {
	mu sync.Mutex
	// Guarded by mu; times are those since the table's start.
	full  map[K]time.Duration // when the bucket will be full; nil = no key
	swept time.Duration       // when full buckets were last looked for
}

// NewTable returns a table of at most maxKeys keys; 0 or less means DefaultMaxKeys.
// If there is no limit it returns nil.
func NewTable[K comparable](l Limit, maxKeys int) *Table[K] {
	if !l.IsOn() {
		return nil
	}
	if maxKeys <= 0 {
		maxKeys = DefaultMaxKeys
	}
	return &Table[K]{
		interval: l.interval(), depth: l.depth(), most: max(1, maxKeys/shards),
		start: time.Now(), seed: maphash.MakeSeed(),
	}
}

// Take takes one from the bucket of a key and returns 0; if it is empty, Take returns
// the time until it is not.
func (t *Table[K]) Take(key K) (wait time.Duration) { return t.take(key, false) }

// Reserve takes one from the bucket of a key even if it is empty, and returns the
// time to wait before it may be used. Who does not wait for it gives it back with
// Return.
func (t *Table[K]) Reserve(key K) (wait time.Duration) { return t.take(key, true) }

func (t *Table[K]) take(key K, anyway bool) (wait time.Duration) {
	if t == nil {
		return 0
	}
	s := t.shardOf(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Since(t.start)
	old, known := s.full[key]
	full := max(old, now) + t.interval
	if wait = max(full-now-t.depth, 0); wait > 0 && !anyway {
		return wait
	}
	if full > now+longest {
		full = now + longest
	}
	if !known {
		t.makeRoom(s, now)
	}
	s.full[key] = full
	return wait
}

// Return gives back one that was reserved.
func (t *Table[K]) Return(key K) {
	if t == nil {
		return
	}
	s := t.shardOf(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	if full, known := s.full[key]; known {
		s.full[key] = full - t.interval
	}
}

// Len returns the number of keys that are held.
func (t *Table[K]) Len() int {
	if t == nil {
		return 0
	}
	n := 0
	for i := range t.shards {
		s := &t.shards[i]
		s.mu.Lock()
		n += len(s.full)
		s.mu.Unlock()
	}
	return n
}

func (t *Table[K]) shardOf(key K) *shard[K] {
	return &t.shards[maphash.Comparable(t.seed, key)%shards]
}

// makeRoom lets a shard, whose lock is held, take one more key. Now and then it
// drops the buckets that are full, into a new map, because a map does not shrink.
// Each is looked at about once in the time that it takes to fill.
func (t *Table[K]) makeRoom(s *shard[K], now time.Duration) {
	if s.full == nil || now-s.swept >= max(t.depth, sweepLeast) {
		kept := make(map[K]time.Duration)
		for key, full := range s.full {
			if full > now {
				kept[key] = full
			}
		}
		s.full, s.swept = kept, now
	}
	if len(s.full) < t.most {
		return
	}
	// A range begins anywhere: these are not always the same ones.
	var first K
	soonest, looked := now+2*longest, 0
	for key, full := range s.full {
		if full < soonest {
			first, soonest = key, full
		}
		if looked++; looked == sample {
			break
		}
	}
	delete(s.full, first)
}
