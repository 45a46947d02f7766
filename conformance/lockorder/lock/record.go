package lock

import (
	"bytes"
	"encoding/json"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
)

// Edge says that a lock of the class To was asked for by a goroutine that held
// one of the class From.
type Edge struct {
	From, To string
	Stack    []string // of the first such call, from the lock outwards
}

// held is a lock that a goroutine holds.
type held struct {
	lock  any
	class string
}

// holders are the goroutines that hold locks, by id. It is split, so that tests
// of concurrency stay concurrent.
var holders [64]struct {
	sync.Mutex
	locks map[uint64][]held
}

// goroutine returns the id of the calling goroutine, which the runtime tells in
// traces only.
func goroutine() uint64 {
	var trace [64]byte
	text := trace[:runtime.Stack(trace[:], false)]
	text, _, _ = bytes.Cut(bytes.TrimPrefix(text, []byte("goroutine ")), []byte(" "))
	id, _ := strconv.ParseUint(string(text), 10, 64)
	return id
}

func asked(id uint64, class string) {
	h := &holders[id%uint64(len(holders))]
	h.Lock()
	defer h.Unlock()
	for _, l := range h.locks[id] {
		edges.add(l.class, class)
	}
}

func taken(id uint64, lock any, class string) {
	h := &holders[id%uint64(len(holders))]
	h.Lock()
	defer h.Unlock()
	if h.locks == nil {
		h.locks = make(map[uint64][]held)
	}
	h.locks[id] = append(h.locks[id], held{lock, class})
}

func given(id uint64, lock any) {
	h := &holders[id%uint64(len(holders))]
	h.Lock()
	defer h.Unlock()
	locks := h.locks[id]
	for i := len(locks) - 1; i >= 0; i-- {
		if locks[i].lock == lock {
			locks = append(locks[:i], locks[i+1:]...)
			break
		}
	}
	if h.locks[id] = locks; len(locks) == 0 {
		delete(h.locks, id)
	}
}

// edges are the pairs that were seen.
var edges graph

type graph struct {
	mu   sync.Mutex
	seen map[[2]string]bool
}

// add writes down a pair that is new.
func (g *graph) add(from, to string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.seen[[2]string{from, to}] {
		return
	}
	if g.seen == nil {
		g.seen = make(map[[2]string]bool)
	}
	g.seen[[2]string{from, to}] = true
	line, _ := json.Marshal(Edge{from, to, stack()}) // strings cannot fail
	f, err := os.OpenFile(os.Getenv("LOCKORDER"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		panic(err)
	}
	_, err = f.Write(append(line, '\n')) // one call, so lines of several processes do not mix
	if err2 := f.Close(); err != nil || err2 != nil {
		panic("lock: cannot write to " + f.Name())
	}
}

// stack returns the functions that lead to the lock.
func stack() (names []string) {
	var pcs [40]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(4, pcs[:])])
	for {
		f, more := frames.Next()
		if !strings.Contains(f.Function, "/lockorder/lock.") && f.Function != "" {
			names = append(names, f.Function+":"+strconv.Itoa(f.Line))
		}
		if !more || len(names) == 12 {
			return names
		}
	}
}
