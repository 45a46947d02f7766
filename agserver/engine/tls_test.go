package engine_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"github.com/socketcluster-go/socketcluster/agserver/engine"
)

// serverTLS returns a configuration with a certificate that nobody trusts.
var serverTLS = sync.OnceValue(func() *tls.Config {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		panic(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{cert}, PrivateKey: key}}}
})

// clientTLS trusts everybody.
var clientTLS = &tls.Config{InsecureSkipVerify: true}

// serveTLS is serve behind a TLS listener with its own configuration.
func serveTLS(t testing.TB, h engine.Handler, c engine.Config, other http.Handler, config *tls.Config) *host {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("Listen() = %v", err)
	}
	return serveOn(t, tls.NewListener(l, config), h, c, other)
}

// tlsEngines runs a test on both backends.
func tlsEngines(t *testing.T, test func(t *testing.T, c engine.Config)) {
	t.Run("Loops", func(t *testing.T) { test(t, engine.Config{}) })
	t.Run("Portable", func(t *testing.T) { test(t, engine.Config{Portable: true}) })
}

// secure makes p speak TLS.
func (p *peer) secure(config *tls.Config) *peer { return newPeer(p.t, tls.Client(p.Conn, config)) }

func TestTLS_Versions(t *testing.T) {
	for _, test := range []struct {
		name   string
		config *tls.Config
	}{
		{"1.3", &tls.Config{MinVersion: tls.VersionTLS13}},
		{"1.2", &tls.Config{MaxVersion: tls.VersionTLS12}},
		{"1.2CBC", &tls.Config{MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA}}},
		{"1.0", &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS10}},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := serverTLS().Clone()
			server.MinVersion, server.CipherSuites = test.config.MinVersion, test.config.CipherSuites
			h, told := recorder()
			s := serveTLS(t, h, engine.Config{}, nil, server)
			client := test.config.Clone()
			client.InsecureSkipVerify = true
			client.ClientSessionCache = tls.NewLRUClientSessionCache(1)
			for i, want := range []bool{false, true} {
				p := s.tcp().secure(client)
				p.write([]byte(requestText()))
				p.upgraded()
				if got := p.Conn.(*tls.Conn).ConnectionState().DidResume; got != want {
					t.Errorf("connection %d: DidResume = %v, want %v", i, got, want)
				}
				big := strings.Repeat("b", 50<<10)
				p.text(big)
				p.want(big)
				p.text("small")
				p.want("small")
				p.write(closeFrame(1000, ""))
				p.wantClose(1000, "")
				p.wantEOF()
			}
			one := "open; message " + strings.Repeat("b", 50<<10) + `; message small; closed 1000 ""`
			told.wait(t, one+"; "+one)
		})
	}
}

// A trickle writes to a connection byte by byte, or in whatever pieces size gives.
type trickle struct {
	net.Conn
	size func() int
}

func (c *trickle) Write(p []byte) (n int, err error) {
	for n < len(p) && err == nil {
		var m int
		m, err = c.Conn.Write(p[n:min(n+c.size(), len(p))])
		n += m
	}
	return n, err
}

// Records arrive in pieces of any size, also after a large one.
func TestTLS_TornRecords(t *testing.T) {
	tlsEngines(t, func(t *testing.T, c engine.Config) {
		h, _ := recorder()
		s := serveTLS(t, h, c, nil, serverTLS())
		for _, size := range []int{1, 4, 7, 100, 1000} {
			raw := s.tcp()
			raw.Conn = &trickle{raw.Conn, func() int { return size }}
			p := raw.secure(clientTLS)
			p.write([]byte(requestText()))
			p.upgraded()
			for i := range 30 {
				text := strings.Repeat(string(rune('a'+i%26)), i*i)
				if i == 15 {
					text = strings.Repeat("L", min(40<<10, size*1000))
				}
				p.text(text)
				p.want(text)
			}
		}
	})
}

// FuzzTLS_TornRecords cuts what a client sends wherever the input says.
func FuzzTLS_TornRecords(f *testing.F) {
	f.Add([]byte{1, 0, 255, 3})
	f.Add([]byte{200, 200, 13})
	f.Fuzz(func(t *testing.T, cuts []byte) {
		if len(cuts) == 0 || len(cuts) > 64 {
			return
		}
		h := &handler{}
		s := serveTLS(t, h, engine.Config{}, nil, serverTLS())
		defer s.stop()
		raw := s.tcp()
		at := 0
		raw.Conn = &trickle{raw.Conn, func() int { at++; return 1 + int(cuts[at%len(cuts)])*int(cuts[(at+1)%len(cuts)]) }}
		p := raw.secure(clientTLS)
		p.write([]byte(requestText()))
		p.upgraded()
		for i, c := range cuts {
			text := strings.Repeat("f", i+int(c)*70)
			p.text(text)
			if i%3 == 2 {
				p.write(append(masked(ws.OpText, "two"), masked(ws.OpText, "frames")...))
			}
			p.want(text)
			if i%3 == 2 {
				p.want("two")
				p.want("frames")
			}
		}
	})
}

// What is no TLS, or stops being it, ends the connection and nothing else.
func TestTLS_Garbage(t *testing.T) {
	tlsEngines(t, func(t *testing.T, c engine.Config) {
		h, told := recorder()
		s := serveTLS(t, h, c, nil, serverTLS())
		p := s.tcp()
		p.write([]byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n"))
		if b, err := io.ReadAll(p.r); !bytes.HasPrefix(b, []byte("HTTP/1.0 400 ")) {
			t.Errorf("plain HTTP is answered with %q, %v, want status 400", b, err)
		}
		p = s.tcp()
		p.write([]byte("what?"))
		p.wantEOF()
		want := ""
		for _, garbage := range []string{
			"\x17\x03\x03\x00\x20" + strings.Repeat("x", 32), // no such record
			"\x17\x03\x03\xff\xff",                           // too long
			"\x16\x03\x03\x00\x01\x01",                       // not encrypted
			"\x00\x00\x00\x00\x00",
		} {
			raw := s.tcp()
			p := newPeer(t, raw.Conn).secure(clientTLS)
			p.write([]byte(requestText()))
			p.upgraded()
			p.text("before")
			p.want("before")
			raw.write([]byte(garbage))
			p.wantEOF()
			want += `open; message before; closed 1006 ""; `
			told.wait(t, strings.TrimSuffix(want, "; "))
		}
		eventually(t, func() bool { return s.Conns() == 0 }, "no connection")
	})
}

// Who does not shake hands in time is cut off, however slowly bytes keep coming.
func TestTLS_SlowHandshake(t *testing.T) {
	tlsEngines(t, func(t *testing.T, c engine.Config) {
		c.UpgradeTimeout, c.Tick = 2*time.Second, 5*time.Millisecond
		h, _ := recorder()
		s := serveTLS(t, h, c, nil, serverTLS())
		silent, slow, request := s.tcp(), s.tcp(), s.tcp().secure(clientTLS)
		request.write([]byte("GET / HTT"))
		go func() {
			for _, b := range []byte("\x16\x03\x01\x02\x00" + strings.Repeat("\x01", 0x200)) {
				if _, err := slow.Write([]byte{b}); err != nil {
					return
				}
				time.Sleep(5 * time.Millisecond)
			}
		}()
		for _, p := range []*peer{silent, slow, request} {
			p.wantEOF()
		}
		eventually(t, func() bool { return s.Conns() == 0 }, "no connection")
	})
}

// A panic in a callback of the configuration fails one handshake, and is reported.
func TestTLS_PanicInHandshake(t *testing.T) {
	config := serverTLS().Clone()
	config.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		if hello.ServerName == "bad.example" {
			panic("no such name")
		}
		return nil, nil
	}
	failed := make(chan error, 1)
	s := serveTLS(t, &handler{}, engine.Config{OnError: func(err error) { failed <- err }}, nil, config)
	p := s.tcp().secure(&tls.Config{InsecureSkipVerify: true, ServerName: "bad.example"})
	if err := p.Conn.(*tls.Conn).Handshake(); err == nil {
		t.Error("Handshake() = nil, want an error")
	}
	if err := <-failed; !strings.Contains(err.Error(), "no such name") {
		t.Errorf("OnError(%v), want the panic's text", err)
	}
	p = s.tcp().secure(&tls.Config{InsecureSkipVerify: true, ServerName: "good.example"})
	p.write([]byte(requestText()))
	p.upgraded()
}

// A recorded connection keeps what was read from it.
type recorded struct {
	net.Conn
	read *bytes.Buffer
}

func (c *recorded) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.read.Write(p[:n])
	return n, err
}

// The last that a client reads is close_notify, behind all that was sent; and what it
// asked for before its own is still answered.
func TestTLS_CloseNotify(t *testing.T) {
	tlsEngines(t, func(t *testing.T, c engine.Config) {
		s := serveTLS(t, &handler{}, c, nil, serverTLS())
		for _, half := range []bool{false, true} {
			var received bytes.Buffer
			raw := s.tcp()
			p := newPeer(t, &recorded{raw.Conn, &received}).secure(clientTLS)
			p.write([]byte(requestText()))
			p.upgraded()
			big := strings.Repeat("b", 60<<10)
			p.text(big)
			if half {
				if err := p.Conn.(*tls.Conn).CloseWrite(); err != nil {
					t.Errorf("CloseWrite() = %v", err)
				}
				p.want(big)
				if b, err := p.r.ReadByte(); !errors.Is(err, io.EOF) {
					t.Errorf("ReadByte() = %v, %v, want EOF", b, err)
				}
				continue
			}
			p.want(big)
			p.write(closeFrame(1000, ""))
			p.wantClose(1000, "")
			if b, err := p.r.ReadByte(); !errors.Is(err, io.EOF) {
				t.Errorf("ReadByte() = %v, %v, want EOF", b, err)
			}
			// An encrypted alert: a header, two bytes, the type, 16 bytes of the cipher.
			last := received.Bytes()[max(0, received.Len()-24):]
			if !bytes.Equal(last[:5], []byte{23, 3, 3, 0, 19}) {
				t.Errorf("the last record is % x, want an alert", last)
			}
		}
	})
}

// HTTP/2 and other requests go to net/http, which knows of the TLS.
func TestTLS_OtherRequests(t *testing.T) {
	tlsEngines(t, func(t *testing.T, c engine.Config) {
		config := serverTLS().Clone()
		config.NextProtos = []string{"h2", "http/1.1"}
		other := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.TLS == nil || r.TLS.Version != tls.VersionTLS13 {
				t.Errorf("TLS = %+v, want version 1.3", r.TLS)
			}
			_, _ = io.WriteString(w, r.Proto)
		})
		s := serveTLS(t, &handler{}, c, other, config)
		for proto, transport := range map[string]*http.Transport{
			"HTTP/2.0": {TLSClientConfig: clientTLS.Clone(), ForceAttemptHTTP2: true},
			"HTTP/1.1": {TLSClientConfig: clientTLS.Clone()},
		} {
			for range 2 {
				res, err := (&http.Client{Transport: transport}).Get("https://" + s.addr)
				if err != nil {
					t.Fatalf("Get() = %v", err)
				}
				b, err := io.ReadAll(res.Body)
				_ = res.Body.Close()
				if string(b) != proto || err != nil {
					t.Errorf("served as %q, %v, want %q", b, err, proto)
				}
			}
			transport.CloseIdleConnections()
		}
		// Another request, then an upgrade, on the same connection.
		p := s.tcp().secure(clientTLS)
		p.write(append([]byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n"+requestText()), masked(ws.OpText, "early")...))
		res, err := http.ReadResponse(p.r, nil)
		if err != nil {
			t.Fatalf("ReadResponse() = %v", err)
		}
		_, _ = io.ReadAll(res.Body)
		p.upgraded()
		p.want("early")
		eventually(t, func() bool { return s.Conns() == 1 }, "one connection") // the server sees the others end in its time
		_ = p.Close()
		eventually(t, func() bool { return s.Conns() == 0 }, "no connection")
	})
}

// A client that chooses a protocol which nobody serves is closed, and counted no more.
func TestTLS_UnservedProtocol(t *testing.T) {
	tlsEngines(t, func(t *testing.T, c engine.Config) {
		config := serverTLS().Clone()
		config.NextProtos = []string{"h2", "http/1.1"}
		s := serveTLS(t, &handler{}, c, nil, config)
		client := clientTLS.Clone()
		client.NextProtos = []string{"h2"}
		p := s.tcp().secure(client)
		if err := p.Conn.(*tls.Conn).Handshake(); err != nil {
			t.Fatalf("Handshake() = %v", err)
		}
		p.wantEOF()
		eventually(t, func() bool { return s.Conns() == 0 }, "no connection")
	})
}

// Inside an https server, frames that came with the request are not lost, whoever
// has read or decrypted them.
func TestTLS_Hijacks(t *testing.T) {
	tlsEngines(t, func(t *testing.T, c engine.Config) {
		h, _ := recorder()
		e, err := engine.New(h, &c)
		if err != nil {
			t.Fatalf("New() = %v", err)
		}
		defer e.Close()
		srv := httptest.NewTLSServer(e)
		defer srv.Close()
		client := clientTLS.Clone()
		client.DynamicRecordSizingDisabled = true // all in one record, of which net/http reads a part
		for _, size := range []int{0, 100, 5000, 10000, 30000} {
			nc, err := net.Dial("tcp", srv.Listener.Addr().String())
			if err != nil {
				t.Fatalf("Dial() = %v", err)
			}
			p := newPeer(t, nc).secure(client)
			early := strings.Repeat("e", size)
			p.write(append([]byte(requestText()), masked(ws.OpText, early)...))
			p.upgraded()
			p.want(early)
			p.text("later")
			p.want("later")
			_ = p.Close()
		}
	})
}
