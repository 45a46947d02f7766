package agserver_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"net"
	"net/netip"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/socketcluster-go/socketcluster/agserver"
	"github.com/socketcluster-go/socketcluster/agserver/agservertest"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// FuzzParseOptions: options are read as a whole as they are one by one, in any
// order; what is wrong has one name; and no key is shown in an error.
func FuzzParseOptions(f *testing.F) {
	for _, text := range []string{
		`{"origins":"*:*","ackTimeout":5000,"pingInterval":0,"authKey":"secret-of-ours"}`,
		`{"perMessageDeflate":{"threshold":0},"maxPayload":0,"path":null,"socketChannelLimit":null}`,
		`{"authVerifyAlgorithms":["HS256"],"authAlgorithm":"HS512","authDefaultExpiry":1,"protocolVersion":1}`,
		`{"socketStreamCleanupMode":"close","strictHandshake":false,"batchInterval":1e2}`,
		`{"authKey":{"secret-of-ours":1}}`, `{"authPrivateKey":"secret-of-ours"}`, `{"wsEngine":"ws"}`, `{"pingTimeout":-1}`, `null`, `[]`, `{} {}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		o, err := agserver.ParseOptions(text)
		if err != nil && !errors.Is(err, protocol.ErrInvalidOptions) {
			t.Fatalf("ParseOptions(%q) = %v, want an InvalidOptionsError", text, err)
		}
		var members map[string]json.RawMessage
		if json.Unmarshal(text, &members) != nil || members == nil {
			if err == nil {
				t.Errorf("ParseOptions(%q) = %+v, want an error", text, o)
			}
			return
		}
		whole := new(agserver.Options)
		for name, value := range members {
			one, err2 := agserver.ParseOptions(object(name, value))
			if strings.HasPrefix(name, "auth") && strings.HasSuffix(name, "Key") && err2 != nil && strings.Contains(err2.Error(), "secret-of-ours") &&
				bytes.Contains(value, []byte("secret-of-ours")) {
				t.Errorf("the error for %s tells the key: %v", name, err2)
			}
			if err2 != nil && err == nil && !strings.HasSuffix(name, "Key") { // one key needs the other
				t.Errorf("ParseOptions(%q) = nil, but of %s: %v", text, name, err2)
			}
			if err == nil && err2 == nil {
				merge(whole, one)
			}
		}
		if err != nil {
			return
		}
		if members["authPrivateKey"] != nil || members["authPublicKey"] != nil {
			whole.AuthPrivateKey, whole.AuthPublicKey = o.AuthPrivateKey, o.AuthPublicKey
		}
		if !reflect.DeepEqual(o, whole) {
			t.Errorf("ParseOptions(%q) = %+v, one by one %+v", text, o, whole)
		}
		if err := o.Validate(); err != nil {
			t.Errorf("ParseOptions(%q) is refused by Validate: %v", text, err)
		}
	})
}

func object(name string, value json.RawMessage) []byte {
	return slices.Concat([]byte("{"), protocol.AppendString(nil, name), []byte(":"), value, []byte("}"))
}

// merge copies the options that are set.
func merge(into, from *agserver.Options) {
	a, b := reflect.ValueOf(into).Elem(), reflect.ValueOf(from).Elem()
	for i := range b.NumField() {
		if !b.Field(i).IsZero() {
			a.Field(i).Set(b.Field(i))
		}
	}
}

// FuzzOrigins: a page is let in if its host and port are in the list, by a real
// upgrade; whatever else stands in the header lets nobody in.
func FuzzOrigins(f *testing.F) {
	srv := agservertest.NewServer(f, &agserver.Options{Origins: []string{"example.com:443", "*:8080", "Any.test:*", "[::1]:80"}})
	for _, origin := range []string{
		"https://example.com", "http://example.com", "https://EXAMPLE.com:443", "https://badexample.com", "https://example.com.evil.test",
		"null", "", "http://x:8080", "http://any.test:1", "http://any.test.:1", "https://user@example.com", "https://example.com@evil.test",
		"http://[::1]", "https://example.com:443/path", "example.com:443", "https://example.com\\.evil.test", "https:///example.com", "https://evil.test#example.com:443",
	} {
		f.Add(origin)
	}
	f.Fuzz(func(t *testing.T, origin string) {
		for _, c := range []byte(origin) {
			if c < ' ' && c != '\t' || c == 0x7f {
				return // a line of its own, or no header at all
			}
		}
		conn, resp := agservertest.Upgrade(t, srv, &agservertest.ConnOptions{Header: map[string][]string{"Origin": {origin}}})
		if got, want := conn != nil, allowedOrigin(strings.Trim(origin, " \t")); got != want {
			t.Errorf("origin %q: %s, want %v", origin, resp.Status, want)
		}
	})
}

// allowedOrigin tells whether the list of FuzzOrigins has an origin.
func allowedOrigin(origin string) bool {
	u, err := url.Parse(origin)
	if err != nil || origin == "null" || u.Host == "" {
		return false
	}
	host, port := strings.ToLower(u.Hostname()), u.Port()
	if port == "" {
		port = map[bool]string{true: "443", false: "80"}[u.Scheme == "https"]
	}
	switch {
	case host == "":
		return false
	case host == "example.com":
		return port == "443" || port == "8080"
	case host == "::1":
		return port == "80" || port == "8080"
	}
	return host == "any.test" || port == "8080"
}

// FuzzForwardedFor: whatever a header says, the address is that of the peer, or
// an entry that only trusted ones stand behind.
func FuzzForwardedFor(f *testing.F) {
	srv := agservertest.NewServer(f, &agserver.Options{TrustedProxies: []string{"10.0.0.0/8", "192.0.2.1"}})
	f.Add("203.0.113.9", true)
	f.Add("198.51.100.7, 10.1.2.3 ,192.0.2.1", true)
	f.Add("evil, 10.0.0.1", true)
	f.Add("::ffff:10.0.0.9,", true)
	f.Add("203.0.113.9", false)
	trusted := netip.MustParsePrefix("10.0.0.0/8")
	f.Fuzz(func(t *testing.T, header string, byProxy bool) {
		if bytes.ContainsFunc([]byte(header), func(r rune) bool { return r < ' ' || r >= 0x7f }) {
			return
		}
		peer := netip.MustParseAddrPort("203.0.113.1:1234")
		if byProxy {
			peer = netip.MustParseAddrPort("10.9.9.9:1234")
		}
		ours, theirs := net.Pipe()
		if err := srv.ServeConn(addressed{theirs, net.TCPAddrFromAddrPort(peer)}); err != nil {
			t.Fatal(err)
		}
		conn := agservertest.Open(t, srv, &agservertest.ConnOptions{NetConn: ours, Header: map[string][]string{"X-Forwarded-For": {header}}})
		id, _ := conn.Handshake("").Member("id").Text()
		got := srv.Client(id).ForwardedFor()
		want := peer.Addr()
		entries := strings.Split(header, ",")
		slices.Reverse(entries)
		for _, entry := range entries {
			if want != netip.MustParseAddr("192.0.2.1") && !trusted.Contains(want) {
				break
			}
			addr, err := netip.ParseAddr(strings.Trim(entry, " \t"))
			if err != nil {
				break
			}
			want = addr.Unmap()
		}
		if got != want {
			t.Errorf("ForwardedFor() of %v with %q = %v, want %v", peer, header, got, want)
		}
	})
}
