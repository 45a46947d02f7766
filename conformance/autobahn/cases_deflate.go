package main

import "fmt"

// deflateSizes are the messages of 12.x and 13.x: their length, and the size of
// the fragments on the wire.
var deflateSizes = []struct{ length, fragment int }{
	{16, 0}, {64, 0}, {256, 0}, {1 << 10, 0}, {4 << 10, 0}, {8 << 10, 0}, {16 << 10, 0}, {32 << 10, 0}, {64 << 10, 0}, {128 << 10, 0},
	{8 << 10, 256}, {16 << 10, 256}, {32 << 10, 256}, {64 << 10, 256}, {128 << 10, 256},
	{128 << 10, 1 << 10}, {128 << 10, 4 << 10}, {128 << 10, 32 << 10},
}

// plainOffer is what the suite's client offers if nothing else is said.
const plainOffer = "permessage-deflate; client_no_context_takeover; client_max_window_bits"

// offers are those of 13.1 to 13.7.
var offers = []string{
	plainOffer,
	plainOffer + "; server_no_context_takeover",
	plainOffer + "; server_max_window_bits=9",
	plainOffer + "; server_max_window_bits=15",
	plainOffer + "; server_no_context_takeover; server_max_window_bits=9",
	plainOffer + "; server_no_context_takeover; server_max_window_bits=15",
	plainOffer + "; server_no_context_takeover; server_max_window_bits=9, " +
		plainOffer + "; server_no_context_takeover, " + plainOffer,
}

// deflateCases are 12.x and 13.x.
func deflateCases(short bool) []*Case {
	var cases []*Case
	for i, set := range corpora() {
		for j := range deflateSizes {
			cases = append(cases, deflateCase(fmt.Sprintf("12.%d.%d", i+1, j+1), plainOffer, set, j, short))
		}
	}
	for i, offer := range offers {
		for j := range deflateSizes {
			cases = append(cases, deflateCase(fmt.Sprintf("13.%d.%d", i+1, j+1), offer, corpora()[0], j, short))
		}
	}
	return cases
}

func deflateCase(id, offer string, set *corpus, size int, short bool) *Case {
	s := deflateSizes[size]
	t := &talk{op: set.op, count: talkCount(short), size: s.fragment}
	if short && s.length >= 32<<10 {
		t.count = 2
	}
	t.message = func(i int) []byte { return set.slice(i, s.length) }
	how := ""
	if s.fragment > 0 {
		how = ", in fragments of " + sizeName(s.fragment)
	}
	return &Case{
		ID: id, offer: offer, talk: t, closing: ended,
		Sends:   fmt.Sprintf("%d compressed messages of %s of %s%s. Offer: %s.", t.count, sizeName(s.length), set.name, how, offer),
		Expects: "The offer is accepted; each message comes back as it was sent; then a clean closing with 1000.",
	}
}
