package agservertest

import (
	"encoding/binary"
	"errors"
	"io"
	"time"

	"github.com/socketcluster-go/socketcluster/protocol"
)

// OpCode is the kind of a WebSocket frame.
type OpCode byte

// The kinds of frames.
const (
	OpContinuation OpCode = 0x0
	OpText         OpCode = 0x1
	OpBinary       OpCode = 0x2
	OpClose        OpCode = 0x8
	OpPing         OpCode = 0x9
	OpPong         OpCode = 0xA
)

// Frame is a WebSocket frame.
type Frame struct {
	Op      OpCode
	More    bool // further frames of the message follow: FIN is 0
	Payload []byte
}

// maxFrame bounds the payload of a frame that a server may send, in bytes.
const maxFrame = 64 << 20

var errFrame = errors.New("agservertest: the server sent no valid frame")

// CloseStatus returns the code and the reason of a close frame; a frame without
// has protocol.CloseNoStatus.
func (f Frame) CloseStatus() (protocol.CloseCode, string) {
	if len(f.Payload) < 2 {
		return protocol.CloseNoStatus, ""
	}
	return protocol.CloseCode(binary.BigEndian.Uint16(f.Payload)), string(f.Payload[2:])
}

func closeFrame(code protocol.CloseCode, reason string) Frame {
	f := Frame{Op: OpClose}
	if code != 0 {
		f.Payload = append(binary.BigEndian.AppendUint16(nil, uint16(code)), reason...)
	}
	return f
}

// WriteFrame sends a frame, masked as a client's must be.
func (c *Conn) WriteFrame(f Frame) {
	c.t.Helper()
	c.nc.SetWriteDeadline(time.Now().Add(patience))
	if err := f.write(c.nc); err != nil {
		c.t.Fatalf("agservertest: sending: %v", err)
	}
}

func (f Frame) write(w io.Writer) error {
	first := byte(f.Op)
	if !f.More {
		first |= 0x80
	}
	b := []byte{first}
	switch n := len(f.Payload); {
	case n < 126:
		b = append(b, 0x80|byte(n))
	case n <= 0xFFFF:
		b = binary.BigEndian.AppendUint16(append(b, 0x80|126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 0x80|127), uint64(n))
	}
	mask := [4]byte{0x37, 0xfa, 0x21, 0x3d} // that of RFC 6455's examples
	b = append(b, mask[:]...)
	for i, p := range f.Payload {
		b = append(b, p^mask[i%4])
	}
	_, err := w.Write(b)
	return err
}

// ReadFrame returns the next frame of any kind. The end of the connection fails
// the test.
func (c *Conn) ReadFrame() Frame {
	c.t.Helper()
	f, err := c.readFrame()
	if err != nil {
		c.t.Fatalf("agservertest: receiving: %v", err)
	}
	return f
}

func (c *Conn) readFrame() (Frame, error) {
	c.nc.SetReadDeadline(time.Now().Add(patience))
	var head [2]byte
	if _, err := io.ReadFull(c.br, head[:]); err != nil {
		return Frame{}, err
	}
	n := uint64(head[1])
	var long [8]byte
	switch {
	case n < 126:
	case n == 126:
		if _, err := io.ReadFull(c.br, long[6:]); err != nil {
			return Frame{}, err
		}
		n = binary.BigEndian.Uint64(long[:])
	case n == 127:
		if _, err := io.ReadFull(c.br, long[:]); err != nil {
			return Frame{}, err
		}
		n = binary.BigEndian.Uint64(long[:])
	default:
		return Frame{}, errFrame // masked
	}
	if n > maxFrame {
		return Frame{}, errFrame
	}
	f := Frame{Op: OpCode(head[0] & 0x0F), More: head[0]&0x80 == 0, Payload: make([]byte, n)}
	_, err := io.ReadFull(c.br, f.Payload)
	return f, err
}
