package load

import "slices"

// maxSpans bounds what gaps remembers. Past it the oldest knowledge counts: what
// arrives late is taken for a duplicate.
const maxSpans = 100_000

// streamID names the publications of one publisher as one subscriber receives
// them.
type streamID struct {
	session, stream int
}

// span is a run of numbers, [from, to).
type span struct {
	from, to uint32
}

// gaps remembers which numbers were skipped, so that what arrives late can be
// told from what arrives twice. Its zero value is empty.
type gaps struct {
	spans map[streamID][]span
	n     int
}

// add remembers a run of numbers.
func (g *gaps) add(id streamID, missing span) {
	if g.n == maxSpans {
		return
	}
	if g.spans == nil {
		g.spans = make(map[streamID][]span)
	}
	g.spans[id] = append(g.spans[id], missing)
	g.n++
}

// take forgets a number; it reports whether it was missing.
func (g *gaps) take(id streamID, number uint32) bool {
	spans := g.spans[id]
	i := slices.IndexFunc(spans, func(s span) bool { return s.from <= number && number < s.to })
	if i < 0 {
		return false
	}
	old := spans[i]
	spans = slices.Delete(spans, i, i+1)
	g.n--
	for _, left := range []span{{old.from, number}, {number + 1, old.to}} {
		if left.from < left.to {
			spans = append(spans, left)
			g.n++
		}
	}
	g.spans[id] = spans
	return true
}
