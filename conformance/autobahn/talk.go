package main

// A talk sends messages one after the other: each when the one before has come
// back, compared to the byte.
type talk struct {
	op      byte
	count   int
	message func(i int) []byte
	size    int // of fragments, in bytes of what is on the wire; 0 = none
}

// kind is the event that a message of the talk is answered by.
func (t *talk) kind() string { return opNames[t.op] }

// talk holds a talk; it reports whether every message came back.
func (p *player) talk(t *talk) bool {
	for i := range t.count {
		message := t.message(i)
		payload, rsv := message, byte(0)
		if p.deflate != nil {
			payload, rsv = p.deflate.pack(message), 4
		}
		b := bundle(fragments(t.op, rsv, payload, t.size)).bytes
		p.result.plainBytes += int64(len(message))
		p.result.sentBytes += int64(len(b))
		if err := p.write(b); err != nil {
			p.note("", "the client could not write: "+err.Error())
			return false
		}
		for before := len(p.events); len(p.events) == before; {
			if !p.read() {
				return false
			}
		}
		got := p.events[len(p.events)-1]
		if want := (event{t.kind(), string(message)}); got != want {
			p.note("", "message "+ordinal(i)+" was "+want.String())
			p.note("←", got.String())
			p.result.fail("message " + ordinal(i) + " came back as " + got.String())
			return false
		}
		p.events = p.events[:0]
	}
	return true
}
