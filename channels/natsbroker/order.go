package natsbroker

import (
	"crypto/rand"
	"strconv"
	"strings"
)

// A message says who sent it and how many that node had sent before: a connection
// that a node has given up may still deliver what was under way on it, after newer
// messages of the same node have come by another. The stamp stands where NATS has
// the subject to reply to, which nobody reads for channels and which costs less than
// a header. Messages of others have none.
const (
	stampStart = "_AG."
	nodeLen    = 16 // 80 bits
)

// stamps makes the stamps of one node. Its user serializes the calls, with sending.
type stamps struct {
	last uint64
	text []byte // what they begin with, and room for the number
}

func newStamps() stamps {
	text := make([]byte, 0, len(stampStart)+nodeLen+len(".")+len("18446744073709551615"))
	text = append(text, stampStart...)
	text = append(text, rand.Text()[:nodeLen]...)
	return stamps{text: append(text, '.')}
}

// next returns the stamp of the next message.
func (s *stamps) next() string {
	s.last++
	return string(strconv.AppendUint(s.text, s.last, 10))
}

// order knows the last message of each node. Of nodes it remembers the last
// rememberedNodes that have sent something at least: one that was started anew is
// another node. It is for one goroutine.
type order struct {
	recent, before map[string]*uint64
}

// rememberedNodes bounds the memory: as many nodes again may be remembered.
const rememberedNodes = 4_096

// admits reports whether a message with this stamp comes in its order: no newer
// one of its node has come.
func (o *order) admits(stamp string) bool {
	node, number, ok := parseStamp(stamp)
	if !ok {
		return true
	}
	last := o.recent[node]
	if last == nil {
		last = o.remember(node)
	}
	if number <= *last {
		return false
	}
	*last = number
	return true
}

// remember returns where the last number of a node is kept that is not among the
// recent ones.
func (o *order) remember(node string) *uint64 {
	if o.recent == nil || len(o.recent) >= rememberedNodes {
		o.recent, o.before = make(map[string]*uint64), o.recent
	}
	last := o.before[node]
	if last == nil {
		last = new(uint64)
	}
	o.recent[strings.Clone(node)] = last
	return last
}

func parseStamp(stamp string) (node string, number uint64, ok bool) {
	text, ok := strings.CutPrefix(stamp, stampStart)
	if !ok || len(text) <= nodeLen || text[nodeLen] != '.' {
		return "", 0, false
	}
	number, err := strconv.ParseUint(text[nodeLen+1:], 10, 64)
	return text[:nodeLen], number, err == nil
}
