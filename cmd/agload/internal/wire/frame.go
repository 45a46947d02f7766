package wire

import (
	"encoding/binary"
	"errors"
)

// Opcode is a WebSocket frame's opcode.
type Opcode byte

// The opcodes of RFC 6455.
const (
	OpContinuation Opcode = 0
	OpText         Opcode = 1
	OpBinary       Opcode = 2
	OpClose        Opcode = 8
	OpPing         Opcode = 9
	OpPong         Opcode = 10
)

// Frame is a frame from the server.
type Frame struct {
	Op      Opcode
	Final   bool
	Payload []byte
}

// ErrFrame: the server sent a frame that servers may not send.
var ErrFrame = errors.New("wire: a frame that no server may send: masked, with reserved bits, or too long")

// maxFrame bounds the length of a frame that is believed.
const maxFrame = 1 << 30

// ParseFrame takes one frame off the start of b. size is the length of the
// whole frame, as soon as b holds its header (0 before): the frame is complete
// when size is neither 0 nor larger than len(b).
func ParseFrame(b []byte) (f Frame, size int, err error) {
	if len(b) < 2 {
		return f, 0, nil
	}
	header, length := 2, uint64(b[1])
	switch {
	case b[0]&0x70 != 0 || b[1]&0x80 != 0:
		return f, 0, ErrFrame
	case length == 126:
		if len(b) < 4 {
			return f, 0, nil
		}
		header, length = 4, uint64(binary.BigEndian.Uint16(b[2:]))
	case length == 127:
		if len(b) < 10 {
			return f, 0, nil
		}
		header, length = 10, binary.BigEndian.Uint64(b[2:])
		if length > maxFrame {
			return f, 0, ErrFrame
		}
	}
	size = header + int(length)
	if len(b) < size {
		return f, size, nil
	}
	return Frame{Op: Opcode(b[0] & 15), Final: b[0]&0x80 != 0, Payload: b[header:size]}, size, nil
}

// maxFrameHeader is the length of the longest header of a client's frame.
const maxFrameHeader = 14

// Open makes room for the header of a client's frame; the payload is to be
// appended, and then Seal called with the length that b had before.
func Open(b []byte) []byte {
	var header [maxFrameHeader]byte
	return append(b, header[:]...)
}

// Seal completes the frame that Open began at start: it writes the header, and
// masks the payload.
func Seal(b []byte, start int, op Opcode, mask uint32) []byte {
	payload := b[start+maxFrameHeader:]
	n := 2
	var header [maxFrameHeader]byte
	header[0] = 0x80 | byte(op)
	switch {
	case len(payload) < 126:
		header[1] = 0x80 | byte(len(payload))
	case len(payload) < 1<<16:
		header[1] = 0x80 | 126
		binary.BigEndian.PutUint16(header[2:], uint16(len(payload)))
		n = 4
	default:
		header[1] = 0x80 | 127
		binary.BigEndian.PutUint64(header[2:], uint64(len(payload)))
		n = 10
	}
	binary.LittleEndian.PutUint32(header[n:], mask)
	n += 4
	// The payload moves down to a shorter header.
	end := start + n + copy(b[start+n:], payload)
	copy(b[start:], header[:n])
	xor(b[start+n:end], mask)
	return b[:end]
}

// AppendFrame appends a client's frame.
func AppendFrame(b []byte, op Opcode, payload []byte, mask uint32) []byte {
	start := len(b)
	return Seal(append(Open(b), payload...), start, op, mask)
}

func xor(b []byte, mask uint32) {
	wide := uint64(mask)<<32 | uint64(mask)
	for len(b) >= 8 {
		binary.LittleEndian.PutUint64(b, binary.LittleEndian.Uint64(b)^wide)
		b = b[8:]
	}
	for i := range b {
		b[i] ^= byte(wide >> (8 * i))
	}
}
