package engine

// A QuickHandler is a Handler that can decide over most upgrade requests at once.
// Those cost no goroutine, no context and no copy of the request.
type QuickHandler interface {
	Handler
	// UpgradeQuickly is asked before Upgrade, on the loop that owns the
	// connection or, for what comes by way of net/http, on that one's goroutine,
	// and must not block. It reports false for a request that Upgrade is to decide
	// over. r is valid during the call only.
	UpgradeQuickly(r *Request) (d Decision, decided bool)
}

// decideQuickly asks the Handler on the loop, and reports whether that was all
// that had to be asked.
func (l *loop) decideQuickly(c *Conn, r *Request) bool {
	if l.e.quick == nil {
		return false
	}
	d, decided := l.e.quick.UpgradeQuickly(r)
	if !decided {
		return false
	}
	answer, params, ref := negotiate(l.answer[:0], r, l.set.Deflate, &d)
	if ref != nil {
		l.refuse(c, ref)
		return true
	}
	l.answer = answer
	l.open(c, r, d.User, params, answer)
	return true
}
