package engine

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/gobwas/ws"
)

func TestNegotiate_Decision(t *testing.T) {
	offers := head("Sec-WebSocket-Protocol: p, q\r\n")
	for name, tt := range map[string]struct {
		request  string
		d        Decision
		line     string // that the answer has
		protocol string
	}{
		"FirstOffered":    {offers, Decision{}, "Sec-WebSocket-Protocol: p\r\n", "p"},
		"Chosen":          {offers, Decision{Subprotocol: "q"}, "Sec-WebSocket-Protocol: q\r\n", "q"},
		"NotOffered":      {offers, Decision{Subprotocol: "z"}, "Sec-WebSocket-Protocol: z\r\n", "z"},
		"NoToken":         {offers, Decision{Subprotocol: "z\r\nA: b"}, "Sec-WebSocket-Protocol: p\r\n", "p"},
		"None":            {offers, Decision{NoSubprotocol: true}, "HTTP/1.1 101 Switching Protocols\r\n", ""},
		"NoneOffered":     {head(""), Decision{Subprotocol: "q"}, "HTTP/1.1 101 Switching Protocols\r\n", ""},
		"Status101":       {head(""), Decision{Status: 101}, "HTTP/1.1 101 Switching Protocols\r\n", ""},
		"Header":          {head(""), Decision{Header: http.Header{"X": {"1"}}}, "X: 1\r\n", ""},
		"HeaderInjection": {head(""), Decision{Header: http.Header{"Y\r\n": {"1"}, "Z": {"1\r\n2"}, "X": {"1"}}}, "=\r\nX: 1\r\n\r\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			answer, params, ref := negotiate(nil, mustParse(t, tt.request), nil, &tt.d)
			if ref != nil || !strings.Contains(string(answer), tt.line) || params.subprotocol != tt.protocol {
				t.Errorf("negotiate = %q, %+v, %v, want %q, subprotocol %q", answer, params, ref, tt.line, tt.protocol)
			}
			if tt.protocol == "" && strings.Contains(string(answer), "Protocol:") {
				t.Errorf("negotiate = %q, want no subprotocol", answer)
			}
		})
	}
}

func TestNegotiate_Refused(t *testing.T) {
	d := Decision{Status: 403, Body: "no", Header: http.Header{"Content-Type": {"text/plain"}, "X": {"1"}}}
	_, _, ref := negotiate(nil, mustParse(t, head("")), nil, &d)
	const want = "HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 2\r\n" +
		"Content-Type: text/plain\r\nX: 1\r\n\r\nno"
	if ref == nil || string(ref.bytes()) != want {
		t.Errorf("negotiate = %v, want %q", ref, want)
	}
}

// TestRefusal_StatusText is about the reason phrases, which are Node's.
func TestRefusal_StatusText(t *testing.T) {
	for status, want := range map[int]string{
		401: "Unauthorized", 413: "Payload Too Large", 414: "URI Too Long", 416: "Range Not Satisfiable",
		418: "I'm a Teapot", 509: "Bandwidth Limit Exceeded", 503: "Service Unavailable",
	} {
		ref := refusal{Status: status}
		if got := string(ref.bytes()); !strings.HasSuffix(got, "\r\n\r\n"+want) || ref.Error() == "" {
			t.Errorf("bytes() of %d = %q, want %q as text", status, got, want)
		}
	}
}

func TestNegotiate_Deflate(t *testing.T) {
	for name, tt := range map[string]struct {
		offer string
		bits  uint8
	}{
		"Plain":       {"permessage-deflate", 15},
		"Browser":     {"permessage-deflate; client_max_window_bits", 15},
		"SmallWindow": {"permessage-deflate; server_max_window_bits=10", 10},
	} {
		t.Run(name, func(t *testing.T) {
			r := mustParse(t, head("Sec-WebSocket-Extensions: "+tt.offer+"\r\n"))
			_, params, ref := negotiate(nil, r, &Deflate{}, &Decision{})
			if ref != nil || !params.deflate || params.windowBits != tt.bits {
				t.Errorf("negotiate = %+v, %v, want deflate with %d bits", params, ref, tt.bits)
			}
			if _, params, ref = negotiate(nil, r, nil, &Decision{}); ref != nil || params.deflate {
				t.Errorf("negotiate with deflate off = %+v, %v, want no deflate", params, ref)
			}
		})
	}
}

// TestNegotiate_GarbageIsLinear is H8: headers of the greatest size that gets
// in are parsed in one pass. It would take minutes if they were not.
func TestNegotiate_GarbageIsLinear(t *testing.T) {
	const size = 512 << 10
	for name, piece := range map[string]string{
		"Commas": ",", "Names": "a,", "Blanks": "a \t", "Offers": "permessage-deflate,",
		"Parameters": "permessage-deflate;a;", "Quotes": `a;b="\c`, "Equals": "a;b=c,",
	} {
		t.Run(name, func(t *testing.T) {
			header := strings.Repeat(piece, size/len(piece))
			if _, ok := parseSubprotocols(header, true); ok {
				t.Error("parseSubprotocols = true, want false")
			}
			_, ok := parseDeflateOffers(header)
			if want := false; ok != want {
				t.Errorf("parseDeflateOffers = %v, want %v", ok, want)
			}
			if _, ok := parseDeflateOffers(header + "a"); ok != (name == "Names" || name == "Offers" || name == "Equals") {
				t.Errorf("parseDeflateOffers with an end = %v", ok)
			}
		})
	}
}

// TestNegotiate_ClientAgrees lets the gobwas client check an answer.
func TestNegotiate_ClientAgrees(t *testing.T) {
	var sent bytes.Buffer
	conn := struct {
		io.Reader
		io.Writer
	}{readerFunc(func(p []byte) (int, error) {
		req, _, err := parseRequest(sent.Bytes(), 8<<10)
		if err != nil {
			t.Fatalf("parseRequest(%q) = %v", sent.Bytes(), err)
		}
		answer, _, ref := negotiate(nil, req, nil, &Decision{})
		if ref != nil {
			t.Fatalf("negotiate = %v", ref)
		}
		return copy(p, answer), nil
	}), &sent}
	u := &url.URL{Scheme: "ws", Host: "example.com", Path: "/x"}
	if _, hs, err := (ws.Dialer{Protocols: []string{"a", "b"}}).Upgrade(conn, u); err != nil || hs.Protocol != "a" {
		t.Errorf("Upgrade = %+v, %v, want subprotocol a", hs, err)
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }
