// Package crossed takes two locks in both orders.
package crossed

import "sync"

type Pair struct {
	a     sync.Mutex
	inner struct {
		sync.RWMutex
		n int
	}
}

func (p *Pair) AB() {
	p.a.Lock()
	defer p.a.Unlock()
	p.inner.Lock()
	defer p.inner.Unlock()
	p.inner.n++
}

func (p *Pair) BA() {
	p.inner.RLock()
	defer p.inner.RUnlock()
	with(&p.a)
}

func with(mu *sync.Mutex) {
	mu.Lock()
	mu.Unlock()
}
