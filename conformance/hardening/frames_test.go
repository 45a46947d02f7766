package hardening_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/socketcluster-go/socketcluster/agserver"
)

// badFrames are bytes that a WebSocket client may not send, and what closes the
// connection then.
type badFrames struct {
	name   string
	frames []byte
	want   []int
}

// mark is the payload that must not be delivered.
const mark = `{"event":"mark"}`

func join(frames ...[]byte) []byte { return bytes.Join(frames, nil) }

// unmasked is a frame without a mask.
func unmasked(first byte, payload string) []byte {
	return append([]byte{first, byte(len(payload))}, payload...)
}

func brokenFrames() []badFrames {
	m := []byte(mark)
	return []badFrames{
		{"unmasked text", unmasked(fin|opText, mark), []int{1002}},
		{"unmasked close", unmasked(fin|opClose, ""), []int{1002}},
		{"RSV1", frame(fin|0x40|opText, m), []int{1002}},
		{"RSV2", frame(fin|0x20|opText, m), []int{1002}},
		{"RSV3", frame(fin|0x10|opText, m), []int{1002}},
		{"RSV1 on a ping", frame(fin|0x40|opPing, nil), []int{1002}},
		{"opcode 3", frame(fin|3, m), []int{1002}},
		{"opcode 7", frame(fin|7, m), []int{1002}},
		{"opcode 11", frame(fin|0xB, m), []int{1002}},
		{"opcode 15", frame(fin|0xF, m), []int{1002}},
		{"a continuation of nothing", frame(fin|opContinuation, m), []int{1002}},
		{"a text inside of a text", join(frame(opText, m), frame(fin|opText, m)), []int{1002}},
		{"RSV1 on a continuation", join(frame(opText, m), frame(fin|0x40|opContinuation, nil)), []int{1002}},
		{"unmasked continuation", join(frame(opText, m), unmasked(fin|opContinuation, "")), []int{1002}},
	}
}

func brokenControls() []badFrames {
	long := bytes.Repeat([]byte("x"), 126)
	return []badFrames{
		{"a ping of 126 bytes", frame(fin|opPing, long), []int{1002}},
		{"a pong of 126 bytes", frame(fin|opPong, long), []int{1002}},
		{"a close of 126 bytes", frame(fin|opClose, long), []int{1002}},
		{"a fragmented ping", frame(opPing, nil), []int{1002}},
		{"a fragmented close", frame(opClose, nil), []int{1002}},
		{"a close of 1 byte", frame(fin|opClose, []byte{3}), []int{1002}},
		{"code 0", closeFrame(0, ""), []int{1002}},
		{"code 999", closeFrame(999, ""), []int{1002}},
		{"code 1005", closeFrame(1005, ""), []int{1002}},
		{"code 1006", closeFrame(1006, ""), []int{1002}},
		{"code 1015", closeFrame(1015, ""), []int{1002}},
		{"code 2999", closeFrame(2999, ""), []int{1002}},
		{"code 5000", closeFrame(5000, ""), []int{1002}},
		{"code 65535", closeFrame(65535, ""), []int{1002}},
		{"a reason that is no UTF-8", closeFrame(1000, "\xff\xfe"), []int{1007}},
		{"a reason with half a rune", closeFrame(1000, "\xe2\x82"), []int{1007}},
	}
}

func brokenLengths() []badFrames {
	var all []badFrames
	for _, n := range []struct {
		name   string
		length uint64
	}{{"2^64-1", 1<<64 - 1}, {"2^63", 1 << 63}, {"2^63-1", 1<<63 - 1}, {"2^53", 1 << 53}, {"2^53-1", 1<<53 - 1}, {"2^32", 1 << 32}, {"2^31", 1 << 31}} {
		all = append(all,
			badFrames{n.name, announced(fin|opText, n.length), []int{1002, 1009}},
			badFrames{n.name + " in a fragment", announced(opBinary, n.length), []int{1002, 1009}},
			badFrames{n.name + " behind a fragment", join(frame(opText, []byte("x")), announced(opContinuation, n.length)), []int{1002, 1009}})
	}
	short := announced(fin|opText, uint64(len(mark)))
	short = append(short, frame(fin|opText, []byte(mark))[6:]...)
	middle := append([]byte{fin | opText, 0x80 | 126, 0, 5, 0, 0, 0, 0}, "hello"...)
	return append(all,
		badFrames{"16 bytes in the form of 64 bits", short, []int{1002}},
		badFrames{"5 bytes in the form of 16 bits", middle, []int{1002}},
		badFrames{"65,535 bytes in the form of 64 bits", announced(fin|opText, 65535), []int{1002}})
}

// maxPayload is the limit of the tests that exceed it, before and after
// #handshake.
const maxPayload = 64 << 10

func oversized() []badFrames {
	half := bytes.Repeat([]byte("x"), maxPayload/2)
	return []badFrames{
		{"one byte too many", frame(fin|opText, append(half, append(half, 'x')...)), []int{1009}},
		{"ten times too many", frame(fin|opBinary, bytes.Repeat(half, 20)), []int{1009}},
		{"over fragments", join(frame(opText, half), frame(opContinuation, half), frame(fin|opContinuation, []byte("x"))), []int{1009}},
		{"over many fragments", join(frame(opText, nil), bytes.Repeat(frame(opContinuation, half[:128]), 2*len(half)/128), frame(fin|opContinuation, []byte("x"))), []int{1009}},
	}
}

func tinyFragments() []badFrames {
	const million = 1 << 20
	return []badFrames{
		{"empty", join(frame(opText, nil), bytes.Repeat(frame(opContinuation, nil), million)), []int{1008, 1009}},
		{"of a byte", join(frame(opText, nil), bytes.Repeat(frame(opContinuation, []byte("x")), million)), []int{1008, 1009}},
		{"with pongs between", join(frame(opText, nil), bytes.Repeat(join(frame(opContinuation, nil), frame(fin|opPong, nil)), million/2)), []int{1008, 1009}},
	}
}

// play sends bad frames on a new connection, in one piece and in small ones, and
// checks what closes it.
func (a *target) play(bad badFrames, admitted bool, lines ...string) {
	a.Helper()
	for _, size := range []int{len(bad.frames), 7} {
		if size == 7 && len(bad.frames) > 4<<10 {
			size = len(bad.frames)/3 + 1
		}
		c := a.dial().upgrade(lines...)
		if admitted {
			c.handshake()
		}
		for part := range slices.Chunk(bad.frames, size) {
			if c.try(part) != nil {
				break // closed
			}
		}
		if got := c.closeCode(); !slices.Contains(bad.want, got) {
			a.Errorf("%s, in pieces of %d bytes: closed with %d, want one of %v", bad.name, size, got, bad.want)
		}
	}
}

// playAll plays bad frames, none of which may deliver anything.
func playAll(t *testing.T, opt agserver.Options, all []badFrames, lines ...string) {
	t.Helper()
	attack(t, opt, func(a *target) {
		for _, bad := range all {
			a.play(bad, true, lines...)
		}
		if n := a.marks.Load(); n != 0 {
			a.Errorf("%d messages were delivered, want none", n)
		}
	})
}

func TestF1_BrokenFrames(t *testing.T) { playAll(t, agserver.Options{}, brokenFrames()) }

// What came before a broken frame counts.
func TestF1_MessagesBefore(t *testing.T) {
	attack(t, agserver.Options{}, func(a *target) {
		c := a.connect()
		c.write(join(text(mark), text(mark), frame(fin|3, nil), text(mark)))
		if got := c.closeCode(); got != 1002 {
			a.Errorf("closed with %d, want 1002", got)
		}
		a.wait("both messages have arrived", func() bool { return a.marks.Load() == 2 })
	})
}

func TestF2_ControlFrames(t *testing.T) { playAll(t, agserver.Options{}, brokenControls()) }

// An absurd length is refused before anything is allocated for it, be it for a moment.
func TestF3_Lengths(t *testing.T) {
	const most = 16 << 20 // the least of the lengths is 2 GiB
	attack(t, agserver.Options{}, func(a *target) {
		for _, bad := range brokenLengths() {
			a.allocates(bad.name, most, func() { a.play(bad, true) })
		}
		if n := a.marks.Load(); n != 0 {
			a.Errorf("%d messages were delivered, want none", n)
		}
	})
}

// What is announced is not allocated before it comes.
func TestF3_Announcements(t *testing.T) {
	const sockets, most = 200, 64 << 10
	attack(t, agserver.Options{MaxPayload: 16 << 20}, func(a *target) {
		a.holds("200 announcements of 16 MiB", sockets*most, func() {
			for range sockets {
				c := a.connect()
				c.write(join(announced(opBinary, 16<<20-1), []byte("x")))
			}
			for range 3 {
				a.round()
			}
		})
	})
}

func TestF4_Oversized(t *testing.T) {
	playAll(t, agserver.Options{MaxPayload: maxPayload}, oversized())
}

// A message that is too long ends as soon as that is known, however much of it would
// follow, and what came before the end is not kept until then.
func TestF4_Endless(t *testing.T) {
	const sockets, most = 20, maxPayload + 96<<10 // with a buffer to read into
	half := bytes.Repeat([]byte("x"), maxPayload/2)
	for name, one := range map[string][]byte{"text": frame(opText, half), "binary": frame(opBinary, half)} {
		t.Run(name, func(t *testing.T) {
			rest := bytes.Repeat(frame(opContinuation, half), 256) // 8 MiB, and no end
			attack(t, agserver.Options{MaxPayload: maxPayload}, func(a *target) {
				var clients []*client
				a.holds("messages that are nearly too long", sockets*most, func() {
					for range sockets {
						c := a.connect()
						c.write(join(one, frame(opContinuation, half[1:])))
						clients = append(clients, c)
					}
					a.wait("all of it has been read", func() bool { return a.received() >= sockets*int64(2*len(half)-1) })
				})
				a.holds("messages that are too long", sockets<<10, func() {
					for _, c := range clients {
						_ = c.try(rest)
						if got := c.closeCode(); got != 1009 {
							a.Errorf("closed with %d, want 1009", got)
						}
					}
				})
			})
		})
	}
}

// received is how many bytes the server has read of the attackers that are open.
func (a *target) received() (all int64) {
	for s := range a.srv.Clients() {
		if s.ID() != a.witnessID {
			all += s.BytesReceived()
		}
	}
	return all
}

// A message of just the size that is allowed passes, whole and in fragments.
func TestF4_JustFits(t *testing.T) {
	attack(t, agserver.Options{MaxPayload: maxPayload}, func(a *target) {
		c := a.connect()
		message := `{"event":"echo","cid":77,"data":"`
		message += strings.Repeat("x", maxPayload-len(message)-2) + `"}`
		c.write(text(message))
		c.answer(77)
		c.write(join(frame(opText, []byte(message[:100])), frame(opContinuation, nil), frame(fin|opContinuation, []byte(message[100:]))))
		c.answer(77)
	})
}

func TestF5_TinyFragments(t *testing.T) { playAll(t, agserver.Options{}, tinyFragments()) }

// Collecting as many fragments as a message may have takes no more time, for each of
// them, than messages do.
func TestF5_Linear(t *testing.T) {
	const fragments = 16_000
	tail := frame(fin|opContinuation, []byte(`"}`))
	var harmless []byte
	for range fragments {
		harmless = append(harmless, text(mark)...)
	}
	for name, one := range map[string][]byte{"empty": nil, "of a byte": []byte("x"), "of 100 bytes": bytes.Repeat([]byte("x"), 100)} {
		t.Run(name, func(t *testing.T) {
			bad := join(frame(opText, []byte(`{"event":"mark","data":"`)), bytes.Repeat(frame(opContinuation, one), fragments), tail)
			attack(t, agserver.Options{}, func(a *target) {
				c := a.connect()
				send := func(b []byte) func() {
					return func() {
						c.write(b)
						c.call("echo", "1")
					}
				}
				a.costs("a message of tiny fragments", 20, send(bad), send(harmless))
				if n := a.marks.Load(); n != tries*(1+fragments) {
					a.Errorf("%d messages were delivered, want all", n)
				}
			})
		})
	}
}

// A message that is never finished is no sign of life.
func TestF5_NoEnd(t *testing.T) {
	attack(t, agserver.Options{PingTimeout: 2 * time.Second, PingInterval: 500 * time.Millisecond}, func(a *target) {
		c := a.connect()
		c.write(frame(opText, []byte("x")))
		for c.try(join(frame(opContinuation, []byte("x")), frame(fin|opPing, nil))) == nil {
			time.Sleep(10 * time.Millisecond)
			if a.srv.ClientsCount() == 1 {
				break
			}
		}
		if got := c.closeCode(); got != 4001 {
			a.Errorf("closed with %d, want 4001", got)
		}
	})
}

func TestF6_ControlFlood(t *testing.T) {
	for name, op := range map[string]byte{"ping": opPing, "pong": opPong} {
		t.Run(name, func(t *testing.T) {
			attack(t, agserver.Options{}, func(a *target) {
				flood := bytes.Repeat(frame(fin|op, []byte("flood")), 1000)
				a.during(10, func() {
					c := a.connect()
					for range 50 {
						if c.try(flood) != nil {
							break
						}
					}
					if got := c.closeCode(); got != 1008 {
						a.Errorf("closed with %d, want 1008", got)
					}
				})
			})
		})
	}
}

// Pings between the fragments of a message are answered at once, and change
// nothing about the message.
func TestF6_PingsBetweenFragments(t *testing.T) {
	attack(t, agserver.Options{}, func(a *target) {
		c := a.connect()
		message := []byte(`{"event":"echo","data":"between","cid":9}`)
		b := frame(opText, message[:1])
		for i, x := range message[1:] {
			b = append(b, frame(fin|opPing, []byte{byte(i)})...)
			b = append(b, frame(opContinuation, []byte{x})...)
		}
		c.write(append(b, frame(fin|opContinuation, nil)...))
		for i := range message[1:] {
			op, payload, err := c.next()
			if err != nil || op != opPong || !bytes.Equal(payload, []byte{byte(i)}) {
				a.Fatalf("frame %d is %d, %x, %v, want the pong", i, op, payload, err)
			}
		}
		if p := c.answer(9); string(p.Data) != `"between"` {
			a.Errorf("the answer is %s", p.raw)
		}
	})
}
