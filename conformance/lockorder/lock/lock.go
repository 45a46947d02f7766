// Package lock has mutexes that record which other ones are held when they are
// asked for: see package lockorder, which puts them into copies of other packages.
// They are slow. Each new pair is appended to the file that the environment
// variable LOCKORDER names, as a line of JSON.
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

func (m *Mutex[C]) Lock() {
	id := goroutine()
	asked(id, className[C]())
	m.mu.Lock()
	taken(id, m, className[C]())
	m.owner.Store(id)
}

func (m *Mutex[C]) TryLock() bool {
	if !m.mu.TryLock() {
		return false
	}
	id := goroutine()
	taken(id, m, className[C]())
	m.owner.Store(id)
	return true
}

func (m *Mutex[C]) Unlock() {
	given(m.owner.Load(), m)
	m.mu.Unlock()
}

// RWMutex is a sync.RWMutex of the class C. Readers count as writers.
type RWMutex[C any] struct {
	mu    sync.RWMutex
	owner atomic.Uint64 // of the writer
}

func (m *RWMutex[C]) Lock() {
	id := goroutine()
	asked(id, className[C]())
	m.mu.Lock()
	taken(id, m, className[C]())
	m.owner.Store(id)
}

func (m *RWMutex[C]) Unlock() {
	given(m.owner.Load(), m)
	m.mu.Unlock()
}

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
