package hardening_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/socketcluster-go/socketcluster/agserver"
)

// Before #handshake the same holds, with less room.
func TestF9_BeforeHandshake(t *testing.T) {
	attacks := [][]badFrames{brokenLengths(), oversized(), tinyFragments(), invalidUTF8(), badDeflate()}
	attack(t, agserver.Options{PerMessageDeflate: true, MaxPayload: 1 << 20}, func(a *target) {
		for _, all := range attacks {
			for _, bad := range all {
				a.play(bad, false, deflateOffer)
			}
		}
		flood := bytes.Repeat(frame(fin|opPing, nil), 5000)
		c := a.open()
		_ = c.try(flood)
		if got := c.closeCode(); got != 1008 {
			a.Errorf("a ping flood is closed with %d, want 1008", got)
		}
		if n := a.marks.Load(); n != 0 {
			a.Errorf("%d messages were delivered, want none", n)
		}
	})
}

func TestF9_LessRoom(t *testing.T) {
	attack(t, agserver.Options{MaxPayload: 4 << 20}, func(a *target) {
		handshake := `{"event":"#handshake","cid":1,"data":{"x":"` + strings.Repeat("x", 100<<10) + `"}}`
		c := a.open()
		_ = c.try(text(handshake))
		if got := c.closeCode(); got != 1009 {
			a.Errorf("a #handshake of 100 KiB is closed with %d, want 1009", got)
		}
		// Each could hold 4 MiB if it had shaken hands.
		const sockets = 100
		half := frame(fin|opText, make([]byte, 60<<10))[:59<<10]
		many := join(frame(opText, make([]byte, 60<<10)), bytes.Repeat(frame(opContinuation, make([]byte, 1<<10)), 1<<10))
		a.holds("sockets before #handshake", sockets*(160<<10), func() {
			for range sockets {
				a.open().write(half)
			}
			a.wait("all of it has arrived", func() bool { return a.srv.PendingClientsCount() == sockets })
			a.round()
		})
		a.holds("sockets that send more before #handshake", 1<<20, func() {
			for range sockets {
				c := a.open()
				_ = c.try(many)
				if got := c.closeCode(); got != 1009 {
					a.Errorf("fragments of 1 MiB are closed with %d, want 1009", got)
				}
			}
		})
	})
}

// Connections whose peer is gone without a word end by themselves.
func TestF10_HalfOpen(t *testing.T) {
	attack(t, agserver.Options{PingInterval: 100 * time.Millisecond, PingTimeout: 5 * time.Second}, func(a *target) {
		var silent []*client
		for range 20 {
			silent = append(silent, a.connect()) // neither reads nor answers pings
		}
		half := a.connect()
		_ = half.nc.CloseWrite()
		long := frame(opText, make([]byte, 512<<10)) // more in all than may be left
		var torn []*client
		before, sent := a.received(), 0
		for _, cut := range []int{1, 3, 9, 14, len(long) - 1, len(long)} {
			for range 10 {
				c := a.connect()
				c.write(long[:cut])
				torn, sent = append(torn, c), sent+cut
			}
		}
		a.wait("what comes before the RST has been read", func() bool { return a.received() >= before+int64(sent) })
		for _, c := range torn {
			c.reset()
		}
		a.wait("those that are gone are closed", func() bool { return a.srv.ClientsCount() == 1 })
		for _, c := range silent {
			if got := c.closeCode(); got != 4001 {
				a.Errorf("a silent client is closed with %d, want 4001", got)
			}
		}
	})
}

// The peer of a socket that was closed need not answer: the descriptor is given
// back all the same.
func TestF10_NoCloseReply(t *testing.T) {
	attack(t, agserver.Options{CloseTimeout: 200 * time.Millisecond}, func(a *target) {
		const each = 10
		files := openFiles()
		for range each {
			a.connect().write(frame(fin|3, nil)) // 1002
		}
		for range each {
			a.connect()
		}
		for s := range a.srv.Clients() {
			if s.ID() != a.witnessID {
				_ = s.Disconnect(4500, "gone")
			}
		}
		// What is left open is the clients' ends.
		a.wait("the server has given up its ends", func() bool { return openFiles() <= files+2*each })
	})
}
