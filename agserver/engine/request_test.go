package engine

import (
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
)

// head is a correct upgrade request with more header lines, each with CRLF.
func head(more string) string {
	return "GET /socketcluster/?a=b&c=%20 HTTP/1.1\r\nHost: example.com:8000\r\nConnection: Upgrade\r\n" +
		"Upgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n" + more + "\r\n"
}

func mustParse(t testing.TB, text string) *Request {
	t.Helper()
	req, n, err := parseRequest([]byte(text), 16<<10)
	if err != nil || n != len(text) {
		t.Fatalf("parseRequest(%q) = %d, %v, want %d, nil", text, n, err, len(text))
	}
	return req
}

func TestRequest_Accessors(t *testing.T) {
	r := mustParse(t, head("Origin: http://a\r\nX:  1 \r\nx: 2\r\nEmpty:\r\nSec-WebSocket-Protocol: p, q\r\n"))
	for _, tt := range []struct{ name, got, want string }{
		{"Method", r.Method(), "GET"},
		{"Target", r.Target(), "/socketcluster/?a=b&c=%20"},
		{"Path", r.Path(), "/socketcluster/"},
		{"Query", r.Query(), "a=b&c=%20"},
		{"Host", r.Host(), "example.com:8000"},
		{"Origin", r.Origin(), "http://a"},
		{"Header(X)", r.Header("X"), "1, 2"},
		{"Header(Empty)", r.Header("Empty"), ""},
		{"Header(Absent)", r.Header("Absent"), ""},
		{"Header(Hos)", r.Header("Hos"), ""},
		{"Subprotocols", strings.Join(r.Subprotocols(), "|"), "p|q"},
	} {
		if tt.got != tt.want {
			t.Errorf("%s = %q, want %q", tt.name, tt.got, tt.want)
		}
	}
	if got := r.RemoteAddr(); got != nil {
		t.Errorf("RemoteAddr() = %v, want nil", got)
	}
	r.setRemote(&net.TCPAddr{IP: net.IPv4(10, 0, 0, 1), Port: 5}, nil)
	if got := r.RemoteAddr().String(); got != "10.0.0.1:5" {
		t.Errorf("RemoteAddr() = %q, want 10.0.0.1:5", got)
	}
}

func TestRequest_OriginOfVersion8(t *testing.T) {
	text := strings.Replace(head("Origin: no\r\nSec-WebSocket-Origin: yes\r\n"), "Version: 13", "Version: 8", 1)
	if got := mustParse(t, text).Origin(); got != "yes" {
		t.Errorf("Origin() = %q, want yes", got)
	}
}

func TestRequest_HTTP(t *testing.T) {
	r := mustParse(t, head("X: 1\r\nX: 2\r\n"))
	r.setRemote(&net.TCPAddr{IP: net.IPv4(10, 0, 0, 1), Port: 5}, nil)
	for name, r := range map[string]*Request{"AsParsed": r, "Kept": new(keeper).keep(r, connParams{}).request(r.peer)} {
		t.Run(name, func(t *testing.T) {
			h := r.HTTP()
			if h.Method != "GET" || h.Host != "example.com:8000" || h.RequestURI != r.Target() ||
				h.URL.Path != "/socketcluster/" || h.URL.Query().Get("a") != "b" || h.RemoteAddr != "10.0.0.1:5" ||
				h.ProtoMajor != 1 || h.ProtoMinor != 1 {
				t.Errorf("HTTP() = %+v", h)
			}
			if got := h.Header["X"]; !reflect.DeepEqual(got, []string{"1", "2"}) {
				t.Errorf("HTTP().Header[X] = %q, want 1 and 2", got)
			}
			if got := h.Header.Get("Connection") + h.Header.Get("Upgrade"); got != "Upgradewebsocket" {
				t.Errorf("Connection and Upgrade = %q, want Upgradewebsocket", got)
			}
		})
	}
	t.Run("TargetIsNoURL", func(t *testing.T) {
		h := mustParse(t, strings.Replace(head(""), "/socketcluster/?", "/x%zz?", 1)).HTTP()
		if h.URL.Path != "/x%zz" || h.URL.RawQuery != "a=b&c=%20" {
			t.Errorf("HTTP().URL = %+v", h.URL)
		}
	})
}

func TestRequest_FromNetHTTP(t *testing.T) {
	h := httptest.NewRequest(http.MethodGet, "/socketcluster/?x=1", nil)
	h.Header.Add("X", "1")
	h.Header.Add("X", "2\r\nInjected: yes")
	h.RemoteAddr = "10.0.0.1:5"
	r := newRequest(h)
	for _, tt := range []struct{ name, got, want string }{
		{"Method", r.Method(), "GET"},
		{"Target", r.Target(), "/socketcluster/?x=1"},
		{"Host", r.Host(), "example.com"},
		{"proto", r.proto(), "HTTP/1.1"},
		{"Header(X)", r.Header("X"), "1, 2  Injected: yes"},
		{"Header(Injected)", r.Header("Injected"), ""},
		{"RemoteAddr", r.RemoteAddr().String(), "10.0.0.1:5"},
	} {
		if tt.got != tt.want {
			t.Errorf("%s = %q, want %q", tt.name, tt.got, tt.want)
		}
	}
	if h.RemoteAddr = ""; newRequest(h).RemoteAddr() != nil {
		t.Errorf("RemoteAddr() = %v, want nil", newRequest(h).RemoteAddr())
	}
	h.RequestURI = "" // as http.NewRequest leaves it
	if got := newRequest(h).Target(); got != "/socketcluster/?x=1" {
		t.Errorf("Target() = %q, want /socketcluster/?x=1", got)
	}
	h.RemoteAddr = "pipe"
	if got := newRequest(h).RemoteAddr(); got.String() != "pipe" || got.Network() != "tcp" {
		t.Errorf("RemoteAddr() = %v, want pipe", got)
	}
}

// TestParseRequest_AnySplit gives a request in pieces, with frames behind it:
// they are not the parser's (H4).
func TestParseRequest_AnySplit(t *testing.T) {
	request := "\r\n" + head("X: 1\r\n")
	all := []byte(request + "\x81\x80abcd")
	for i := range request {
		if _, n, err := parseRequest(all[:i], 1<<10); err != errIncomplete || n != 0 {
			t.Fatalf("parseRequest of %d bytes = %d, %v, want 0, %v", i, n, err, errIncomplete)
		}
	}
	req, n, err := parseRequest(all, 1<<10)
	if err != nil || n != len(request) {
		t.Fatalf("parseRequest = %d, %v, want %d, nil", n, err, len(request))
	}
	for _, bad := range []string{"\x16\x03\x01", "get / ", "GET / FTP/1.1\r\nX", "GET / HTTP/1.1\r\nX: y\n"} {
		wantRefusal(t, []byte(bad), 1<<10, http.StatusBadRequest) // nobody would send the end of it
	}
	req = req.clone()
	clear(all)
	if got := req.Header("X"); got != "1" {
		t.Errorf("Header(X) of a clone = %q once the buffer is reused, want 1", got)
	}
}

// TestParseRequest_Bounded is H2: too long a head is refused as soon as the
// limit is reached.
func TestParseRequest_Bounded(t *testing.T) {
	const limit = 1 << 10
	for name, start := range map[string]string{
		"EndlessTarget":  "GET /",
		"EndlessHeader":  "GET / HTTP/1.1\r\nX: ",
		"EndlessMethod":  "G",
		"EndlessHeaders": "GET / HTTP/1.1\r\n" + strings.Repeat("a:b\r\n", limit),
		"BlankLines":     strings.Repeat("\r\n", limit),
		"WholeButLong":   head("X: " + strings.Repeat("a", limit) + "\r\n"),
	} {
		t.Run(name, func(t *testing.T) {
			text := []byte(start + strings.Repeat("A", limit))
			if name == "WholeButLong" {
				text = []byte(start)
			}
			if name != "WholeButLong" {
				if _, _, err := parseRequest(text[:limit-1], limit); err != errIncomplete {
					t.Errorf("parseRequest below the limit = %v, want %v", err, errIncomplete)
				}
				text = text[:limit]
			}
			wantRefusal(t, text, limit, http.StatusRequestHeaderFieldsTooLarge)
		})
	}
}

func wantRefusal(t *testing.T, text []byte, limit, status int) {
	t.Helper()
	_, n, err := parseRequest(text, limit)
	var ref *refusal
	if !errors.As(err, &ref) || ref.Status != status || n != 0 {
		t.Errorf("parseRequest(%.80q) = %d, %v, want a refusal with %d", text, n, err, status)
	}
}

// TestUpgrade_NeverFor is H3, where we are stricter than the reference; the
// rest of H3 is in the vectors.
func TestUpgrade_NeverFor(t *testing.T) {
	edit := func(old, new string) string { return strings.Replace(head(""), old, new, 1) }
	for name, tt := range map[string]struct {
		request, status string
	}{
		"TwoHosts":         {head("Host: b\r\n"), "400 Bad Request"},
		"TwoLengths":       {head("Content-Length: 0\r\nContent-Length: 0\r\n"), "400 Bad Request"},
		"LengthAndChunks":  {head("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n"), "400 Bad Request"},
		"Chunks":           {head("Transfer-Encoding: chunked\r\n"), "400 Bad Request"},
		"Body":             {head("Content-Length: 3\r\n"), "400 Bad Request"},
		"HTTP10":           {edit("HTTP/1.1", "HTTP/1.0"), "505 HTTP Version Not Supported"},
		"HTTP20":           {edit("HTTP/1.1", "HTTP/2.0"), "505 HTTP Version Not Supported"},
		"HTTP19":           {edit("HTTP/1.1", "HTTP/1.9"), "400 Bad Request"},
		"TwoSpaces":        {edit("GET ", "GET  "), "400 Bad Request"},
		"LengthIsNoNumber": {head("Content-Length: 0x0\r\n"), "400 Bad Request"},
		"RelativeTarget":   {edit("/socketcluster/", "socketcluster/"), "400 Bad Request"},
		"LineFeedInHeader": {head("X: a\nY: b\r\n"), "400 Bad Request"},
		"HexVersion":       {edit("Version: 13", "Version: 0xd"), "400 Bad Request"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := upgrade(t, []byte(tt.request), nil); !strings.HasPrefix(got, "HTTP/1.1 "+tt.status+"\r\n") {
				t.Errorf("answer = %q, want %s", got, tt.status)
			}
		})
	}
}

func TestRequest_IsUpgrade(t *testing.T) {
	for name, tt := range map[string]struct {
		request string
		want    bool
	}{
		"OK":             {head(""), true},
		"NoUpgrade":      {strings.Replace(head(""), "Upgrade: websocket", "X: y", 1), false},
		"NoConnection":   {strings.Replace(head(""), "Connection: Upgrade", "X: y", 1), false},
		"ConnectionList": {strings.Replace(head(""), "Connection: Upgrade", "connection: a , UPGRADE", 1), true},
		"PartOfAWord":    {strings.Replace(head(""), "Connection: Upgrade", "Connection: Upgrades", 1), false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := mustParse(t, tt.request).isUpgrade(); got != tt.want {
				t.Errorf("isUpgrade() = %v, want %v", got, tt.want)
			}
		})
	}
}
