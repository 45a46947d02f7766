package lock

import (
	"reflect"
	"sync"
	"sync/atomic"
)

// Mutex is a sync.Mutex of the class C, a type that is named after it.
type Mutex[C any] struct {
	mu    sync.Mutex
	owner atomic.Uint64
}

// Lock takes the lock.
func (m *Mutex[C]) Lock() {
	id := goroutine()
	asked(id, className[C]())
	m.mu.Lock()
	taken(id, m, className[C]())
	m.owner.Store(id)
}

// TryLock takes the lock if it is free. It waits for nobody, so it is no reason
// for a deadlock.
func (m *Mutex[C]) TryLock() bool {
	if !m.mu.TryLock() {
		return false
	}
	id := goroutine()
	taken(id, m, className[C]())
	m.owner.Store(id)
	return true
}

// Unlock gives the lock back.
func (m *Mutex[C]) Unlock() {
	given(m.owner.Load(), m)
	m.mu.Unlock()
}

// RWMutex is a sync.RWMutex of the class C. Readers count as writers.
type RWMutex[C any] struct {
	mu    sync.RWMutex
	owner atomic.Uint64 // of the writer
}

// Lock takes the lock.
func (m *RWMutex[C]) Lock() {
	id := goroutine()
	asked(id, className[C]())
	m.mu.Lock()
	taken(id, m, className[C]())
	m.owner.Store(id)
}

// Unlock gives the lock back.
func (m *RWMutex[C]) Unlock() {
	given(m.owner.Load(), m)
	m.mu.Unlock()
}

// RLock takes the lock for reading.
func (m *RWMutex[C]) RLock() {
	id := goroutine()
	asked(id, className[C]())
	m.mu.RLock()
	taken(id, m, className[C]())
}

// RUnlock must be called by the goroutine that has called RLock, which all do.
func (m *RWMutex[C]) RUnlock() {
	given(goroutine(), m)
	m.mu.RUnlock()
}

// className returns the name of a class.
func className[C any]() string {
	t := reflect.TypeFor[C]()
	return t.PkgPath() + "." + t.Name()
}
