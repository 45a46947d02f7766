package main

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"unicode/utf8"
)

// corpusSize is the least that a corpus holds.
const corpusSize = 256 << 10

// A corpus is what the messages of 12.x and 13.x are cut from. The suite's own
// files are not ours to give away: these are made up, of the same kinds.
type corpus struct {
	name string
	op   byte
	data []byte
}

// slice is message i of n bytes: the corpus in a circle.
func (c *corpus) slice(i, n int) []byte {
	at := i * n % len(c.data)
	b := append([]byte(nil), c.data[at:min(at+n, len(c.data))]...)
	b = append(b, c.data[:n-len(b)]...)
	if c.op != opText {
		return b
	}
	// A letter that was cut becomes blanks.
	for i := 0; i < len(b); {
		r, size := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && size == 1 {
			b[i] = ' '
		}
		i += size
	}
	return b
}

// corpora are the five kinds of 12.x, in its order.
var corpora = sync.OnceValue(func() []*corpus {
	return []*corpus{
		{"JSON", opText, jsonCorpus(random(1))},
		{"a picture", opBinary, pictureCorpus(random(2))},
		{"German text", opBinary, proseCorpus(random(3))},
		{"HTML", opText, htmlCorpus(random(4))},
		{"a PDF file's kind", opBinary, documentCorpus(random(5))},
	}
})

// random is a source that is the same in every run.
func random(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 6455)) }

var words = strings.Fields(`Habe nun ach Philosophie Juristerei und Medizin und leider auch Theologie durchaus
studiert mit heißem Bemühn Da steh ich nun ich armer Tor und bin so klug als wie zuvor heiße Magister heiße Doktor
gar und ziehe schon an die zehen Jahr herauf herab und quer und krumm meine Schüler an der Nase herum`)

func word(r *rand.Rand) string { return words[r.IntN(len(words))] }

func jsonCorpus(r *rand.Rand) []byte {
	var b strings.Builder
	b.WriteByte('[')
	for id := 0; b.Len() < corpusSize; id++ {
		fmt.Fprintf(&b, "{\n  \"id\": %d,\n  \"guid\": \"%016x\",\n  \"active\": %t,\n  \"balance\": \"€%d.%02d\",\n  \"name\": \"%s %s\",\n  \"tags\": [%q, %q, %q],\n  \"about\": \"%s\"\n},\n",
			id, r.Uint64(), r.IntN(2) == 0, r.IntN(10000), r.IntN(100), word(r), word(r), word(r), word(r), word(r), sentence(r))
	}
	return []byte(strings.TrimSuffix(b.String(), ",\n") + "]")
}

func sentence(r *rand.Rand) string {
	n := 5 + r.IntN(20)
	all := make([]string, n)
	for i := range all {
		all[i] = word(r)
	}
	return strings.Join(all, " ") + "."
}

// pictureCorpus is a grey bitmap: slopes with some grain.
func pictureCorpus(r *rand.Rand) []byte {
	const width = 512
	b := []byte("BM")
	for y := 0; len(b) < corpusSize; y++ {
		for x := range width {
			b = append(b, byte((x*x/width+y*y/width)/4+r.IntN(7)))
		}
	}
	return b
}

func proseCorpus(r *rand.Rand) []byte {
	var b strings.Builder
	for b.Len() < corpusSize {
		b.WriteString(sentence(r) + "\r\n")
	}
	return []byte(b.String())
}

func htmlCorpus(r *rand.Rand) []byte {
	var b strings.Builder
	b.WriteString("<!doctype html>\n<html lang=\"de\"><body>\n")
	for b.Len() < corpusSize {
		fmt.Fprintf(&b, "<div class=\"row row-%d\"><a href=\"/%s/%x\" title=\"%s\">%s</a><p>%s &mdash; ✓</p></div>\n",
			r.IntN(12), word(r), r.Uint32(), word(r), word(r), sentence(r))
	}
	return []byte(b.String())
}

// documentCorpus is what a PDF looks like to a compressor: a little text between
// streams that are compressed already.
func documentCorpus(r *rand.Rand) []byte {
	b := []byte("%PDF-1.4\n")
	for id := 1; len(b) < corpusSize; id++ {
		n := 1000 + r.IntN(8000)
		b = fmt.Appendf(b, "%d 0 obj\n<< /Length %d /Filter /FlateDecode >>\nstream\n", id, n)
		for range n {
			b = append(b, byte(r.Uint32()))
		}
		b = append(b, "\nendstream\nendobj\n"...)
	}
	return b
}
