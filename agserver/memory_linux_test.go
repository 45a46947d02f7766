package agserver_test

import (
	"bytes"
	"net/netip"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/socketcluster-go/socketcluster/agserver"
)

// A rawClient is a connection without anything in Go's heap, so that what the
// server keeps for its sockets can be told from the clients of the test.
type rawClient int

// dialRaw connects to an address of the loopback.
func dialRaw(t testing.TB, addr string) rawClient {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	check(t, err)
	check(t, unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: int64(patience.Seconds())}))
	to := netip.MustParseAddrPort(addr)
	check(t, unix.Connect(fd, &unix.SockaddrInet4{Port: int(to.Port()), Addr: to.Addr().As4()}))
	return rawClient(fd)
}

func (c rawClient) write(t testing.TB, b []byte) {
	if _, err := unix.Write(int(c), b); err != nil {
		t.Fatalf("write: %v", err)
	}
}

// rawBuffer is what rawClients read into; there is one at a time.
var rawBuffer [1024]byte

// expect reads until what has come ends with text.
func (c rawClient) expect(t testing.TB, text string) {
	buf, n := &rawBuffer, 0
	for !bytes.HasSuffix(buf[:n], []byte(text)) {
		m, err := unix.Read(int(c), buf[n:])
		if n += max(m, 0); m <= 0 && err != unix.EINTR {
			t.Fatalf("read %q, then %v, want %q", buf[:n], err, text)
		}
	}
}

func (c rawClient) close() { unix.Close(int(c)) }

// A browser's upgrade request, with a cookie or without.
func upgradeOf(cookie string) []byte {
	return []byte("GET /socketcluster/ HTTP/1.1\r\nHost: example.com\r\nConnection: Upgrade\r\nPragma: no-cache\r\n" +
		"Cache-Control: no-cache\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36\r\n" +
		"Upgrade: websocket\r\nOrigin: https://example.com\r\nSec-WebSocket-Version: 13\r\nAccept-Encoding: gzip, deflate, br, zstd\r\n" +
		"Accept-Language: en-GB,en;q=0.9\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" + cookie +
		"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n")
}

// textFrame is a client's frame, masked with zeros.
func textFrame(text string) []byte {
	if len(text) > 125 {
		panic("too long")
	}
	return append([]byte{0x81, 0x80 | byte(len(text)), 0, 0, 0, 0}, text...)
}

var (
	handshakeFrame = textFrame(`{"event":"#handshake","data":{"authToken":null},"cid":1}`)
	subscribeFrame = textFrame(`{"event":"#subscribe","data":{"channel":"news"},"cid":2}`)
)

// connectRaw opens a socket that is subscribed to a channel.
func connectRaw(t testing.TB, addr string, upgrade []byte) rawClient {
	c := dialRaw(t, addr)
	c.write(t, upgrade)
	c.expect(t, "\r\n\r\n")
	c.write(t, handshakeFrame)
	c.expect(t, `,"isAuthenticated":false}}`)
	c.write(t, subscribeFrame)
	c.expect(t, `{"rid":2}`)
	return c
}

// liveHeap returns the bytes of all that the heap holds on to.
func liveHeap() int64 {
	var m runtime.MemStats
	for range 2 { // the first one fills sync.Pool's second chance
		runtime.GC()
	}
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// What an idle socket that is subscribed to one channel keeps in the heap.
func TestSocket_IdleMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("opens thousands of connections")
	}
	cookie := "Cookie: session=" + strings.Repeat("0123456789abcdef", 4) + "\r\n"
	for _, test := range []struct {
		name    string
		upgrade []byte
		most    int64 // bytes
	}{
		{"Alike", upgradeOf(""), 345},
		{"OwnCookies", upgradeOf(cookie), 520},
	} {
		t.Run(test.name, func(t *testing.T) {
			each := idleMemory(t, test.upgrade)
			for range 2 { // what other tests have left behind may be kept a moment longer
				if each > test.most {
					each = min(each, idleMemory(t, test.upgrade))
				}
			}
			if each > test.most {
				t.Errorf("an idle socket keeps %d bytes of heap, want at most %d", each, test.most)
			}
		})
	}
}

// idleMemory returns the bytes of heap that a server keeps for each idle socket.
func idleMemory(t *testing.T, upgrade []byte) int64 {
	t.Helper()
	srv := agserver.New(&agserver.Options{AuthKey: "testkey"})
	addr := listen(t, srv)
	const first, more = 256, 4096 // the first ones bring what there is once
	clients := make([]rawClient, 0, first+more)
	defer func() {
		for _, c := range clients {
			c.close()
		}
	}()
	for range first {
		clients = append(clients, connectRaw(t, addr, upgrade))
	}
	before := liveHeap()
	for range more {
		clients = append(clients, connectRaw(t, addr, upgrade))
	}
	each := (liveHeap() - before) / more
	t.Logf("%d bytes a socket", each)
	if n := srv.ClientsCount(); n != first+more {
		t.Errorf("%d sockets are open, want %d", n, first+more)
	}
	return each
}

// What it costs to accept a connection, up to its first subscription.
func BenchmarkConnect_Subscribe(b *testing.B) {
	srv := agserver.New(&agserver.Options{AuthKey: "testkey"})
	addr := listen(b, srv)
	upgrade := upgradeOf("")
	connectRaw(b, addr, upgrade)
	b.ReportAllocs()
	for b.Loop() {
		connectRaw(b, addr, upgrade).close()
	}
}
