package engine

import (
	"bufio"
	"bytes"
	stdflate "compress/flate"
	"encoding/binary"
	"io"
	"net/http"
	"net/textproto"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// split cuts b where cuts says: each byte of it is the length of a piece.
func split(b, cuts []byte) (pieces [][]byte) {
	for _, n := range cuts {
		at := min(int(n), len(b))
		pieces, b = append(pieces, b[:at]), b[at:]
	}
	return append(pieces, b)
}

// FuzzDecoder_Model: however a stream is split, its events are those of a
// reader that looks at it whole and does nothing cleverly.
func FuzzDecoder_Model(f *testing.F) {
	seedStreams(f, func(stream []byte, deflate bool) {
		f.Add(stream, deflate, []byte{1, 1, 3, 1, 0, 7, 2})
		f.Add(stream, deflate, []byte{byte(len(stream) / 2)})
	})
	f.Fuzz(func(t *testing.T, stream []byte, deflate bool, cuts []byte) {
		lim := limits{maxPayload: 1000, maxFragments: 8}
		got := decodeAll(deflate, &lim, split(stream, cuts)...)
		for i := range got {
			if got[i].Kind == "error" {
				got[i].Payload = "" // whose text is compared with that of ws elsewhere
			}
		}
		if want := decodeModel(stream, deflate, lim); !slices.Equal(got, want) {
			t.Errorf("events of %x in pieces of %v = %+v, want %+v", stream, cuts, got, want)
		}
	})
}

// decodeModel reads a stream of frames as RFC 6455 says, front to back.
func decodeModel(b []byte, canDeflate bool, lim limits) []recorded {
	events := []recorded{}
	fail := func(code int) []recorded { return append(events, recorded{"error", code, ""}) }
	var op OpCode // of the message in progress
	var message []byte
	frames, packed := 0, false
	for len(b) >= 2 {
		this, fin, rsv1, n := OpCode(b[0]&15), b[0]&0x80 != 0, b[0]&0x40 != 0, int64(b[1]&127)
		isControl := this >= opcodeClose
		switch {
		case b[0]&0x30 != 0, rsv1 && (!canDeflate || this == opcodeContinuation || isControl), b[1]&0x80 == 0:
			return fail(1002)
		case this > OpBinary && this < opcodeClose, this > OpPong, isControl && (!fin || n > 125),
			this == opcodeClose && n == 1, this == opcodeContinuation && op == 0, (this == OpText || this == OpBinary) && op != 0:
			return fail(1002)
		}
		size := 2 + map[int64]int{126: 2, 127: 8}[n]
		if len(b) < size {
			return events
		}
		if size > 2 {
			var wide [8]byte
			copy(wide[10-size:], b[2:size])
			length := binary.BigEndian.Uint64(wide[:])
			switch {
			case length > 1<<53-1:
				return fail(1009)
			case length < map[int]uint64{4: 126, 10: 1 << 16}[size]:
				return fail(1002)
			}
			n = int64(length)
		}
		if !isControl {
			switch {
			case n > 0 && int64(len(message))+n > lim.maxPayload:
				return fail(1009)
			case frames >= lim.maxFragments:
				return fail(1008)
			}
		}
		if len(b) < size+4 {
			return events
		}
		mask, payload := b[size:size+4], bytes.Clone(b[size+4:])
		payload = payload[:min(n, int64(len(payload)))]
		for i := range payload {
			payload[i] ^= mask[i%4]
		}
		isText := this == OpText && !rsv1 || this == opcodeContinuation && op == OpText && !packed
		if isText && !beginsText(slices.Concat(message, payload)) {
			return fail(1007)
		}
		if int64(len(payload)) < n {
			return events
		}
		b = b[int64(size)+4+n:]
		if isControl {
			ev, code := controlModel(this, payload)
			if code != 0 {
				return fail(code)
			}
			if events = append(events, ev); this == opcodeClose {
				return events
			}
			continue
		}
		if this != opcodeContinuation {
			op, packed = this, rsv1
		}
		message = append(message, payload...)
		if frames++; !fin {
			continue
		}
		if packed {
			var code int
			if message, code = inflateModel(message, lim.maxPayload); code != 0 {
				return fail(code)
			}
		}
		if op == OpText && !utf8.Valid(message) {
			return fail(1007)
		}
		events = append(events, recorded{map[OpCode]string{OpText: "text", OpBinary: "binary"}[op], 0, text(message)})
		op, message, frames = 0, nil, 0
	}
	return events
}

// beginsText reports whether b can become UTF-8.
func beginsText(b []byte) bool {
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if r == utf8.RuneError && n == 1 {
			return !utf8.FullRune(b)
		}
		b = b[n:]
	}
	return true
}

func controlModel(op OpCode, payload []byte) (recorded, int) {
	switch {
	case op == OpPing:
		return recorded{"ping", 0, text(payload)}, 0
	case op == OpPong:
		return recorded{"pong", 0, text(payload)}, 0
	case len(payload) == 0:
		return recorded{"close", 1005, ""}, 0
	}
	code := int(payload[0])<<8 | int(payload[1])
	known := code >= 1000 && code <= 1003 || code >= 1007 && code <= 1014 || code >= 3000 && code < 5000
	switch {
	case !known:
		return recorded{}, 1002
	case !utf8.Valid(payload[2:]):
		return recorded{}, 1007
	}
	return recorded{"close", code, text(payload[2:])}, 0
}

// inflateModel inflates a message with the standard library.
func inflateModel(packed []byte, limit int64) ([]byte, int) {
	if len(packed) == 0 {
		return nil, 0
	}
	r := stdflate.NewReader(io.MultiReader(bytes.NewReader(packed), strings.NewReader(deflateTail)))
	out, err := io.ReadAll(io.LimitReader(r, limit+1))
	switch {
	case int64(len(out)) > limit:
		return nil, 1009
	case err != nil:
		return nil, 1007
	}
	return out, 0
}

// FuzzInflate: what is inflated is what the standard library makes of it, up to
// the limit, and what is refused it refuses too, whatever message came before.
func FuzzInflate(f *testing.F) {
	for level := range 10 {
		f.Add(deflate(nil, []byte(strings.Repeat("some text 0123456789 ", 10*level)), level), uint16(1000))
	}
	for _, v := range loadVectors(f).Frames {
		if b := latin1(v.Bytes); v.Deflate && len(b) > 6 {
			f.Add(b[6:], uint16(500))
		}
	}
	f.Add([]byte{0x03, 0x00}, uint16(0)) // a final block
	f.Fuzz(func(t *testing.T, packed []byte, limit uint16) {
		most := max(1, int64(limit))
		want, code := inflateModel(packed, most)
		before, err := inflate(deflate(nil, packed, 9), int64(len(packed)))
		if err != nil {
			t.Fatalf("inflate(deflate(%x)) = %v", packed, err)
		}
		before.free()
		got, err := inflate(packed, most)
		switch {
		case err != nil:
			if err.Code != code {
				t.Errorf("inflate(%x, %d) = %v, want %q, %d", packed, most, err, want, code)
			}
			return
		case code != 0:
			t.Errorf("inflate(%x, %d) = %q, want %d", packed, most, got.b, code)
		case !bytes.Equal(got.b, want):
			t.Errorf("inflate(%x) = %q, want %q", packed, got.b, want)
		}
		got.free()
	})
}

// FuzzDeflate: what is compressed at any level is read again as it was, by us
// and by the standard library, and a prepared frame says so in its header.
func FuzzDeflate(f *testing.F) {
	f.Add([]byte{}, uint8(0))
	f.Add([]byte(`{"event":"#publish","data":{"channel":"a","data":1}}`), uint8(1))
	f.Add(bytes.Repeat([]byte("0123456789abcdef"), 4096), uint8(9))
	f.Fuzz(func(t *testing.T, payload []byte, level uint8) {
		packed := deflate([]byte("before"), payload, int(level%12))
		if !bytes.HasPrefix(packed, []byte("before")) || len(packed) == len("before") {
			t.Fatalf("deflate appends %q", packed)
		}
		packed = packed[len("before"):]
		got, err := inflate(packed, int64(len(payload)+1))
		if err != nil || !bytes.Equal(got.b, payload) {
			t.Fatalf("inflate(deflate(%q)) = %v", payload, err)
		}
		got.free()
		if want, code := inflateModel(packed, int64(len(payload)+1)); code != 0 || !bytes.Equal(want, payload) {
			t.Errorf("the standard library reads %x of %q as %q, %d", packed, payload, want, code)
		}
	})
}

// extensionGrammar is what `ws` accepts, as a pattern; parameters are looked at
// by themselves.
var extensionGrammar = func() *regexp.Regexp {
	const (
		blank = "[ \t]*"
		char  = "[!#$%&'*+.^_`|~0-9A-Za-z-]"
		value = `(?:` + char + `+|"(?:` + char + `|\\` + char + `)+")`
		param = blank + `;` + blank + char + `+(?:=` + value + `)?`
		one   = blank + char + `+(?:` + param + `)*` + blank
	)
	return regexp.MustCompile(`^` + one + `(?:,` + one + `)*$`)
}()

// offerModel reads a header that fits the grammar. ok is false if a parameter of
// permessage-deflate is none, twice or out of range.
func offerModel(header string) (params []string, found, ok bool) {
	for one := range strings.SplitSeq(header, ",") {
		parts := strings.Split(one, ";")
		if strings.Trim(parts[0], " \t") != extensionName {
			continue
		}
		seen := map[string]bool{}
		var mine []string
		for _, part := range parts[1:] {
			name, value, valued := strings.Cut(strings.Trim(part, " \t"), "=")
			value = strings.NewReplacer(`\`, "", `"`, "").Replace(value)
			bits, err := strconv.Atoi(value)
			inRange := valued && err == nil && bits >= 8 && bits <= 15 && strings.Trim(value, "0123456789") == ""
			switch name {
			case "server_no_context_takeover", "client_no_context_takeover":
				inRange = !valued
			case "client_max_window_bits":
				inRange = inRange || !valued
			case "server_max_window_bits":
			default:
				inRange = false
			}
			if !inRange || seen[name] {
				return nil, false, false
			}
			seen[name] = true
			if valued {
				name += "=" + strconv.Itoa(bits)
			}
			mine = append(mine, name)
		}
		if !found {
			params, found = mine, true
		}
	}
	return params, found, true
}

// FuzzExtensions: a header is accepted if it fits the grammar and its parameters
// are sound, and the answer holds what was offered, and can be parsed.
func FuzzExtensions(f *testing.F) {
	for _, header := range []string{
		"permessage-deflate", "permessage-deflate; client_max_window_bits", "x-webkit-deflate-frame, permessage-deflate;server_max_window_bits=10",
		`permessage-deflate; server_max_window_bits="15" ,permessage-deflate`, "permessage-deflate; a", "permessage-deflate;", ",", `x; y="\a"`,
		"permessage-deflate; server_no_context_takeover; client_no_context_takeover; client_max_window_bits=8; server_max_window_bits=8",
		"permessage-deflate; server_max_window_bits=+9", "permessage-deflate; server_max_window_bits=010",
	} {
		f.Add(header)
	}
	f.Fuzz(func(t *testing.T, header string) {
		offer, ok := parseDeflateOffers(header)
		params, found, sound := []string(nil), false, extensionGrammar.MatchString(header)
		if sound {
			params, found, sound = offerModel(header)
		}
		if ok != sound || ok && (offer != nil) != found {
			t.Fatalf("parseDeflateOffers(%q) = %+v, %v, want %q, %v, %v", header, offer, ok, params, found, sound)
		}
		if !ok || offer == nil {
			return
		}
		answer := offer.answer()
		again, ok := parseDeflateOffers(answer)
		if !ok || again == nil || !again.serverNoTakeover || !again.clientNoTakeover || again.serverBits != offer.serverBits || again.clientBits != offer.clientBits {
			t.Errorf("the answer to %q is %q", header, answer)
		}
		for _, p := range params {
			if p != "client_max_window_bits" && !slices.Contains(strings.Split(answer, "; "), p) {
				t.Errorf("the answer to %q is %q, want %s in it", header, answer, p)
			}
		}
	})
}

// FuzzSubprotocols: what is offered are the distinct tokens between the commas.
func FuzzSubprotocols(f *testing.F) {
	for _, header := range []string{"", "a", "a, b", "a,a", "a b", " a\t,\tb ", ",", "soap, wamp.2.json"} {
		f.Add(header)
	}
	token := regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")
	f.Fuzz(func(t *testing.T, header string) {
		var want []string
		for _, name := range strings.Split(header, ",") {
			name = strings.Trim(name, " \t")
			if slices.Contains(want, name) || !token.MatchString(name) {
				want = nil
				break
			}
			want = append(want, name)
		}
		got, ok := parseSubprotocols(header, true)
		if ok != (want != nil) || !slices.Equal(got, want) {
			t.Errorf("parseSubprotocols(%q) = %q, %v, want %q", header, got, ok, want)
		}
	})
}

// FuzzParseRequest_AgreesWithNetHTTP: where we see a request, net/http sees the
// same one, or none. Two readers of one head that disagree are how requests are
// smuggled.
func FuzzParseRequest_AgreesWithNetHTTP(f *testing.F) {
	for _, v := range loadVectors(f).Upgrades {
		if len(v.Request) < 2000 {
			f.Add(latin1(v.Request))
		}
	}
	f.Add([]byte("GET /x HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"))
	f.Add([]byte("POST / HTTP/1.1\r\nhost:b \r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"))
	f.Add([]byte("\r\n\r\nOPTIONS * HTTP/1.0\r\nX: \x80\r\nx:\ty \r\n\r\n"))
	f.Fuzz(func(t *testing.T, buf []byte) {
		req, n, err := parseRequest(buf, 4<<10)
		if err != nil {
			return
		}
		r := bufio.NewReader(bytes.NewReader(bytes.TrimLeft(buf[:n], "\r\n")))
		theirs, err := http.ReadRequest(r)
		if err != nil {
			return // it is stricter here and there
		}
		ours := req.HTTP()
		if ours.Method != theirs.Method || ours.RequestURI != theirs.RequestURI || ours.Proto != theirs.Proto {
			t.Errorf("request line of %q = %s %s %s, net/http: %s %s %s", buf, ours.Method, ours.RequestURI, ours.Proto,
				theirs.Method, theirs.RequestURI, theirs.Proto)
		}
		header := textproto.MIMEHeader(theirs.Header)
		for _, name := range []string{"Upgrade", "Sec-Websocket-Key", "Sec-Websocket-Version", "Origin", "Sec-Websocket-Extensions", "X-Forwarded-For"} {
			if got, want := req.Header(name), strings.Join(header.Values(name), ", "); got != want && len(header.Values(name)) == 1 {
				t.Errorf("%s of %q = %q, net/http: %q", name, buf, got, want)
			}
		}
		if host := req.Host(); host != "" && theirs.Host != host && theirs.URL.Host == "" {
			t.Errorf("Host of %q = %q, net/http: %q", buf, host, theirs.Host)
		}
		if len(theirs.TransferEncoding) > 0 || theirs.ContentLength > 0 {
			if ref := checkUpgrade(req, nil); ref == nil {
				t.Errorf("%q has a body, want no upgrade", buf)
			}
		}
	})
}

// FuzzNewRequest: a request that net/http has read is, as ours, the same one.
func FuzzNewRequest(f *testing.F) {
	for _, v := range loadVectors(f).Upgrades {
		if len(v.Request) < 2000 {
			f.Add(latin1(v.Request))
		}
	}
	f.Fuzz(func(t *testing.T, buf []byte) {
		theirs, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(buf)))
		if err != nil {
			return
		}
		req := newRequest(theirs)
		if req.Method() != theirs.Method || req.Target() != theirs.RequestURI || req.Host() != theirs.Host {
			t.Errorf("newRequest(%q) = %q", buf, req.head)
		}
		if ref := checkUpgrade(req, &Deflate{}); ref == nil && theirs.Header.Get("Sec-Websocket-Key") == "" {
			t.Errorf("%q is let through without a key", buf)
		}
	})
}
