package hardening_test

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Opcodes of frames.
const (
	opContinuation = 0x0
	opText         = 0x1
	opBinary       = 0x2
	opClose        = 0x8
	opPing         = 0x9
	opPong         = 0xA

	fin = 0x80 // in the first byte of a frame
)

// noClose stands for the close code of a connection that ended without one.
const noClose = 1006

// client is a TCP connection to the server that sends whatever bytes it likes.
type client struct {
	t  testing.TB
	nc *net.TCPConn
	r  *bufio.Reader
	id int // of the last call
}

func dial(t testing.TB, addr string) *client {
	t.Helper()
	c, err := tryDial(t, addr)
	if err != nil {
		t.Fatalf("dial: %v", err)
	}
	return c
}

func tryDial(t testing.TB, addr string) (*client, error) {
	nc, err := net.DialTimeout("tcp", addr, patience)
	if err != nil {
		return nil, err
	}
	return &client{t: t, nc: nc.(*net.TCPConn), r: bufio.NewReader(nc)}, nil
}

// close hangs up; doing it again does no harm.
func (c *client) close() { _ = c.nc.Close() }

// reset hangs up with a RST.
func (c *client) reset() {
	_ = c.nc.SetLinger(0)
	c.close()
}

// write sends bytes as they are.
func (c *client) write(b []byte) {
	c.t.Helper()
	if err := c.try(b); err != nil {
		c.t.Fatalf("write: %v", err)
	}
}

// try sends bytes that the server may no longer want.
func (c *client) try(b []byte) error {
	if err := c.nc.SetWriteDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	_, err := c.nc.Write(b)
	return err
}

// request is the text of an upgrade request with further header lines.
func request(lines ...string) string {
	return "GET /socketcluster/ HTTP/1.1\r\nHost: server.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
		strings.Join(append(lines, "", ""), "\r\n")
}

// response reads the head of an HTTP answer, and its body if it has a length.
// Status 0 means that there was none.
func (c *client) response() (status int, head string) {
	c.t.Helper()
	_ = c.nc.SetReadDeadline(time.Now().Add(patience))
	length := 0
	for {
		line, err := c.r.ReadString('\n')
		if err != nil {
			if isTimeout(err) {
				c.t.Fatalf("no answer, and no end of the connection either, behind %q", head)
			}
			return 0, head
		}
		head += line
		if n, ok := strings.CutPrefix(line, "Content-Length: "); ok {
			length, _ = strconv.Atoi(strings.TrimSpace(n))
		}
		if line == "\r\n" {
			break
		}
	}
	if _, err := fmt.Sscanf(head, "HTTP/1.1 %d", &status); err != nil {
		c.t.Fatalf("the answer begins with %q", head)
	}
	body := make([]byte, length)
	_, _ = io.ReadFull(c.r, body) // it may be cut short: only the head counts
	return status, head
}

// upgrade makes a WebSocket connection.
func (c *client) upgrade(lines ...string) *client {
	c.t.Helper()
	c.write([]byte(request(lines...)))
	if status, head := c.response(); status != 101 {
		c.t.Fatalf("upgrade: %q", head)
	}
	return c
}

// handshake makes a connection an AG socket, and returns its id.
func (c *client) handshake() string {
	c.t.Helper()
	var got struct{ ID string }
	if err := json.Unmarshal(c.call("#handshake", `{"authToken":null}`).Data, &got); err != nil || got.ID == "" {
		c.t.Fatalf("#handshake was not answered with an id (%v)", err)
	}
	return got.ID
}

// frame is a masked frame. first is its first byte: fin and opcode.
func frame(first byte, payload []byte) []byte {
	b := []byte{first}
	switch n := len(payload); {
	case n < 126:
		b = append(b, 0x80|byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, 0x80|126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 0x80|127), uint64(n))
	}
	mask := [4]byte{0x12, 0x34, 0x56, 0x78}
	b = append(b, mask[:]...)
	for i, x := range payload {
		b = append(b, x^mask[i&3])
	}
	return b
}

// announced is the header of a frame of that length, in the form of 8 bytes,
// whose payload may never come.
func announced(first byte, length uint64) []byte {
	b := binary.BigEndian.AppendUint64([]byte{first, 0x80 | 127}, length)
	return append(b, 1, 2, 3, 4)
}

// closeFrame is a close frame with a status.
func closeFrame(code int, reason string) []byte {
	return frame(fin|opClose, append(binary.BigEndian.AppendUint16(nil, uint16(code)), reason...))
}

// text is a message.
func text(s string) []byte { return frame(fin|opText, []byte(s)) }

// transmit is the message of an event without an answer.
func transmit(event, data string) []byte {
	return text(fmt.Sprintf(`{"event":%q,"data":%s}`, event, data))
}

// next reads a frame.
func (c *client) next() (op byte, payload []byte, err error) {
	_ = c.nc.SetReadDeadline(time.Now().Add(patience))
	var head [2]byte
	if _, err := io.ReadFull(c.r, head[:]); err != nil {
		return 0, nil, err
	}
	if head[0]&fin == 0 || head[1]&0x80 != 0 {
		return 0, nil, fmt.Errorf("the server sent a frame that begins with % x", head)
	}
	length := uint64(head[1])
	switch length {
	case 126:
		var n [2]byte
		_, err = io.ReadFull(c.r, n[:])
		length = uint64(binary.BigEndian.Uint16(n[:]))
	case 127:
		var n [8]byte
		_, err = io.ReadFull(c.r, n[:])
		length = binary.BigEndian.Uint64(n[:])
	}
	if err != nil || length > 64<<20 {
		return 0, nil, fmt.Errorf("the server sent a frame of %d bytes: %w", length, err)
	}
	payload = make([]byte, length)
	_, err = io.ReadFull(c.r, payload)
	return head[0] & 0x4f, payload, err // with RSV1: a compressed message is none that is expected
}

// packet is what the server sends in one message.
type packet struct {
	Event string
	Data  json.RawMessage
	RID   *json.RawMessage
	Error *struct{ Name, Message string }
	CID   int64
	raw   string
}

// packet reads the next packet; pings are answered, pongs passed over.
func (c *client) packet() (packet, error) {
	for {
		op, payload, err := c.next()
		switch {
		case err != nil:
			return packet{}, err
		case op == opPong:
		case op == opText && len(payload) == 0:
			if err := c.try(text("")); err != nil {
				return packet{}, err
			}
		case op == opText:
			p := packet{raw: string(payload)}
			if err := json.Unmarshal(payload, &p); err != nil {
				return packet{}, fmt.Errorf("the server sent %q: %w", payload, err)
			}
			return p, nil
		default:
			return packet{}, fmt.Errorf("the server sent a frame of opcode %d: % x", op, payload)
		}
	}
}

// expect reads packets up to the first one that is wanted.
func (c *client) expect(what string, wanted func(packet) bool) packet {
	c.t.Helper()
	for {
		p, err := c.packet()
		if err != nil {
			c.t.Fatalf("waiting for %s: %v", what, err)
		}
		if wanted(p) {
			return p
		}
	}
}

// call sends a call and returns its answer; what comes before that is dropped.
func (c *client) call(event, data string) packet {
	c.t.Helper()
	c.id++
	c.write(text(fmt.Sprintf(`{"event":%q,"data":%s,"cid":%d}`, event, data, c.id)))
	return c.answer(c.id)
}

// answer waits for the answer to the call of that id.
func (c *client) answer(id int) packet {
	c.t.Helper()
	return c.expect("the answer to call "+strconv.Itoa(id), func(p packet) bool {
		return p.RID != nil && string(*p.RID) == strconv.Itoa(id)
	})
}

// subscribe subscribes to a channel, which must succeed.
func (c *client) subscribe(channel string) {
	c.t.Helper()
	name, _ := json.Marshal(channel)
	if p := c.call("#subscribe", `{"channel":`+string(name)+`}`); p.Error != nil {
		c.t.Fatalf("#subscribe to %q failed: %v", channel, *p.Error)
	}
}

// closeCode reads up to the end of the connection and returns the status of the
// server's close frame, which is answered: 1005 if it has none, noClose if there
// is no close frame.
func (c *client) closeCode() int {
	c.t.Helper()
	for {
		op, payload, err := c.next()
		switch {
		case isTimeout(err):
			c.t.Fatal("the server does not close the connection")
		case err != nil:
			return noClose
		case op != opClose:
		default:
			_ = c.try(frame(fin|opClose, payload))
			c.close()
			if len(payload) < 2 {
				return 1005
			}
			return int(binary.BigEndian.Uint16(payload))
		}
	}
}

func isTimeout(err error) bool {
	var ne net.Error
	return errors.As(err, &ne) && ne.Timeout()
}
