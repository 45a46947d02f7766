package agserver_test

import (
	"bufio"
	"bytes"
	"compress/flate"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/socketcluster-go/socketcluster/protocol"
)

// A wire is a client's end of a connection.
type wire struct {
	nc net.Conn
	r  *bufio.Reader
}

// received is all that a server has sent.
type received struct {
	responses []string
	own       []string
	pongs     []string
	code      protocol.CloseCode // 0: no close frame
	wrong     []string           // what no server may send
}

// next reads a frame; a message is inflated.
func (w *wire) next() (op byte, payload []byte, err error) {
	var head [2]byte
	if _, err := io.ReadFull(w.r, head[:]); err != nil {
		return 0, nil, err
	}
	n := uint64(head[1])
	if wide := map[uint64]int{126: 2, 127: 8}[n]; wide > 0 {
		var b [8]byte
		if _, err := io.ReadFull(w.r, b[8-wide:]); err != nil {
			return 0, nil, err
		}
		n = binary.BigEndian.Uint64(b[:])
	}
	if head[0]&0xb0 != 0x80 || n > 1<<20 || head[1] >= 0x80 {
		return 0, nil, fmt.Errorf("frame with the header %x", head)
	}
	payload = make([]byte, n)
	if _, err := io.ReadFull(w.r, payload); err != nil {
		return 0, nil, err
	}
	if head[0]&0x40 != 0 {
		r := flate.NewReader(io.MultiReader(bytes.NewReader(payload), strings.NewReader("\x00\x00\xff\xff\x01\x00\x00\xff\xff")))
		if payload, err = io.ReadAll(r); err != nil {
			return 0, nil, fmt.Errorf("inflating: %w", err)
		}
	}
	return head[0] & 0x0f, payload, nil
}

// readAll reads until the connection ends, or until settled says that nothing
// more is due.
func (w *wire) readAll(settled func(received) bool) (got received) {
	for {
		op, payload, err := w.next()
		switch {
		case isTimeout(err):
			got.wrong = append(got.wrong, "nothing more, for too long")
			return got
		case err != nil:
			if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.ErrClosedPipe) && !isNetwork(err) {
				got.wrong = append(got.wrong, err.Error())
			}
			return got
		case got.code != 0:
			got.wrong = append(got.wrong, fmt.Sprintf("%x %.100q behind a close frame", op, payload))
		}
		switch op {
		case 0x1:
			got.message(payload)
		case 0x8:
			got.code = protocol.CloseNoStatus
			if len(payload) >= 2 {
				got.code = protocol.CloseCode(binary.BigEndian.Uint16(payload))
			}
			// It waits for an answer, or at least for the end.
			if tcp, ok := w.nc.(*net.TCPConn); ok {
				_ = tcp.CloseWrite()
			} else {
				w.nc.Close()
			}
		case 0xA:
			got.pongs = append(got.pongs, string(payload))
		default:
			got.wrong = append(got.wrong, fmt.Sprintf("frame %x %.100q", op, payload))
		}
		if settled != nil && settled(got) {
			return got
		}
	}
}

func isNetwork(err error) bool {
	var op *net.OpError
	return errors.As(err, &op)
}

// message sorts a packet of the server's.
func (got *received) message(text []byte) {
	var p struct {
		Event string
		RID   json.RawMessage
		Data  json.RawMessage
		Error json.RawMessage
	}
	if !utf8.Valid(text) || json.Unmarshal(text, &p) != nil {
		got.wrong = append(got.wrong, fmt.Sprintf("text %.100q", text))
		return
	}
	switch {
	case p.Event == protocol.EventPublish:
		got.own = append(got.own, string(text))
	case p.Event == protocol.EventRemoveAuthToken: // of a bad token
	case p.Event != "" || p.RID == nil:
		got.wrong = append(got.wrong, fmt.Sprintf("packet %.100q", text))
	case p.Error != nil:
		got.responses = append(got.responses, string(p.RID)+" error")
	default:
		got.responses = append(got.responses, string(p.RID)+" data "+string(p.Data))
	}
}

// A witness is a client that is always there.
type witness struct {
	*wire
	got received
}

// call makes a call and reads until its answer.
func (w *witness) call(t testing.TB, packet string) {
	t.Helper()
	check(t, w.nc.SetDeadline(time.Now().Add(fuzzPatience)))
	var s script
	s.frame(0x81, []byte(packet))
	_, err := w.nc.Write(s.bytes)
	check(t, err)
	answers := len(w.got.responses)
	for len(w.got.responses) == answers {
		op, payload, err := w.next()
		if err != nil || op != 1 {
			t.Fatalf("the witness reads %x %q, %v", op, payload, err)
		}
		w.got.message(payload)
	}
}

// take returns the publications since the last call.
func (w *witness) take() []string {
	own := w.got.own
	w.got = received{}
	return own
}
