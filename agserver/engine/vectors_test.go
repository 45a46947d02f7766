package engine

import (
	"encoding/json"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
)

// vectors is testdata/vectors.json: what `ws` 8.23 does, recorded by
// testdata/vectors.js. Its texts hold one byte per character.
type vectors struct {
	Upgrades []struct {
		Name, Request, Answer string
		Deflate               bool
	}
	Frames []struct {
		Name, Bytes string
		Deflate     bool
		Events      []recorded
	}
}

// recorded is one event of a stream of frames.
type recorded struct {
	Kind    string // text, binary, ping, pong, close or error
	Code    int
	Payload string
}

func loadVectors(t testing.TB) vectors {
	t.Helper()
	data, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var v vectors
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// latin1 turns recorded text into bytes, text the other way.
func latin1(s string) []byte {
	b := make([]byte, 0, len(s))
	for _, r := range s {
		b = append(b, byte(r))
	}
	return b
}

func text(b []byte) string {
	var s strings.Builder
	for _, c := range b {
		s.WriteRune(rune(c))
	}
	return s.String()
}

// TestUpgrade_AnswersAsWs gives every recorded request to the parser and the
// negotiation; the answers must agree to the byte.
func TestUpgrade_AnswersAsWs(t *testing.T) {
	for _, v := range loadVectors(t).Upgrades {
		name := v.Name
		var def *Deflate
		if v.Deflate {
			def, name = &Deflate{}, name+", deflate on"
		}
		t.Run(name, func(t *testing.T) {
			if got := upgrade(t, latin1(v.Request), def); got != v.Answer {
				t.Errorf("answer to %q:\n got %q\nwant %q", v.Request, got, v.Answer)
			}
		})
	}
}

// upgrade answers one request whose Handler accepts.
func upgrade(t testing.TB, request []byte, def *Deflate) string {
	t.Helper()
	req, _, err := parseRequest(request, 16<<10)
	var ref *refusal
	switch {
	case errors.As(err, &ref):
		return text(ref.bytes())
	case err != nil:
		t.Fatalf("parseRequest(%q) = %v", request, err)
	case !req.isUpgrade():
		return "no upgrade"
	}
	if ref := checkUpgrade(req, def); ref != nil {
		return text(ref.bytes())
	}
	answer, _, ref := negotiate(nil, req, def, &Decision{})
	if ref != nil {
		return text(ref.bytes())
	}
	return text(answer)
}

// TestDecoder_EventsAsWs feeds every recorded stream to a decoder, whole, byte
// by byte, and split at every place; the events must be those of `ws`.
func TestDecoder_EventsAsWs(t *testing.T) {
	for _, v := range loadVectors(t).Frames {
		t.Run(v.Name, func(t *testing.T) {
			lim := limits{maxPayload: 1000, maxFragments: 8}
			if v.Deflate {
				lim.maxPayload = 10000
			}
			bytes := latin1(v.Bytes)
			want := slices.Clone(v.Events)
			for i := range want { // zlib has its own words for these
				if text := want[i].Payload; text == "invalid block type" || text == "invalid distance too far back" {
					want[i].Payload = "invalid compressed data"
				}
			}
			check := func(how string, chunks ...[]byte) {
				t.Helper()
				if got := decodeAll(v.Deflate, &lim, chunks...); !slices.Equal(got, want) {
					t.Fatalf("%s:\n got %+v\nwant %+v", how, got, want)
				}
			}
			check("whole", bytes)
			check("byte by byte", slices.Collect(slices.Chunk(bytes, 1))...)
			for i := 1; i < min(len(bytes), 300); i++ {
				check("split in two", bytes[:i], bytes[i:])
			}
		})
	}
}

// decodeAll feeds the chunks to a new decoder, each from a buffer of its own
// that is overwritten afterwards, as a loop's is.
func decodeAll(compress bool, lim *limits, chunks ...[]byte) []recorded {
	events := []recorded{}
	var d decoder
	with := *lim
	with.deflate = compress
	lim = &with
	for _, chunk := range chunks {
		own := slices.Clone(chunk)
		for buf := own; len(buf) > 0; {
			ev, n, err := d.next(buf, lim)
			if err != nil {
				return append(events, recorded{"error", err.Code, err.Text})
			}
			if ev.kind != eventNone {
				events = append(events, record(ev))
			}
			d.release()
			buf = buf[n:]
		}
		clear(own)
	}
	d.reset()
	return events
}

// record copies an event.
func record(ev frameEvent) recorded {
	kind := [...]string{eventPing: "ping", eventPong: "pong", eventClose: "close"}
	r := recorded{Code: ev.code, Payload: text(ev.payload)}
	switch {
	case ev.kind == eventMessage && ev.op == OpText:
		r.Kind = "text"
	case ev.kind == eventMessage:
		r.Kind = "binary"
	default:
		r.Kind = kind[ev.kind]
	}
	return r
}
