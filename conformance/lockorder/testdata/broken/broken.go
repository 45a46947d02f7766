// Package broken has tests that fail and tests that hang.
package broken

import "sync"

type Pair struct{ a, b sync.Mutex }

func (p *Pair) Both() {
	p.a.Lock()
	defer p.a.Unlock()
	p.b.Lock()
	defer p.b.Unlock()
}
