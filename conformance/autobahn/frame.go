package main

import (
	"encoding/binary"
	"fmt"
	"strings"
)

// Opcodes.
const (
	opContinuation = 0x0
	opText         = 0x1
	opBinary       = 0x2
	opClose        = 0x8
	opPing         = 0x9
	opPong         = 0xa
)

// opNames are the opcodes that have a meaning.
var opNames = map[byte]string{
	opContinuation: "continuation", opText: "text", opBinary: "binary", opClose: "close", opPing: "ping", opPong: "pong",
}

// A frame is one frame, from either side.
type frame struct {
	op      byte
	more    bool // FIN is clear
	rsv     byte // 4 = RSV1, 2 = RSV2, 1 = RSV3
	masked  bool // of frames that were read
	payload []byte
}

// maskKey is what all our frames are masked with. It may be known: the mask
// protects proxies from scripts, and there are none here.
var maskKey = [4]byte{0x5a, 0x17, 0xc3, 0x88}

// first is the frame's first byte.
func (f frame) first() byte {
	b := f.op | f.rsv<<4
	if !f.more {
		b |= 0x80
	}
	return b
}

// header is the frame's header without a mask; bit is 0x80 if one follows.
func (f frame) header(bit byte) []byte {
	b := []byte{f.first()}
	switch n := len(f.payload); {
	case n < 126:
		return append(b, bit|byte(n))
	case n < 1<<16:
		return binary.BigEndian.AppendUint16(append(b, bit|126), uint16(n))
	default:
		return binary.BigEndian.AppendUint64(append(b, bit|127), uint64(n))
	}
}

// bytes is the frame as a client sends it.
func (f frame) bytes() []byte {
	b := append(f.header(0x80), maskKey[:]...)
	at := len(b)
	b = append(b, f.payload...)
	for i := range f.payload {
		b[at+i] ^= maskKey[i&3]
	}
	return b
}

// String describes the frame.
func (f frame) String() string {
	name, known := opNames[f.op]
	if !known {
		name = fmt.Sprintf("opcode %d", f.op)
	}
	var bits []string
	if f.more {
		bits = append(bits, "FIN 0")
	}
	if f.rsv != 0 {
		bits = append(bits, fmt.Sprintf("RSV %d", f.rsv))
	}
	if len(bits) > 0 {
		name += " (" + strings.Join(bits, ", ") + ")"
	}
	if f.op == opClose && len(f.payload) >= 2 {
		name = fmt.Sprintf("%s %d", name, binary.BigEndian.Uint16(f.payload))
		if len(f.payload) > 2 {
			name += ", reason: " + bytesText(f.payload[2:])
		}
		return name
	}
	return name + ", " + bytesText(f.payload)
}

// closePayload is the content of a close frame.
func closePayload(code int, reason string) []byte {
	return append(binary.BigEndian.AppendUint16(nil, uint16(code)), reason...)
}

// send is the step of one frame, together with what follows.
func send(f frame) step { return step{bytes: f.bytes(), note: f.String()} }

// chopped has every step written in pieces of n bytes; -1 = each by itself.
func chopped(n int, steps ...step) []step {
	for i := range steps {
		steps[i].chop = n
	}
	return steps
}

// fragments cuts a message into frames of size bytes; 0 = one frame. rsv goes
// into the first.
func fragments(op, rsv byte, payload []byte, size int) []frame {
	if size <= 0 || len(payload) <= size {
		return []frame{{op: op, rsv: rsv, payload: payload}}
	}
	var all []frame
	for len(payload) > 0 {
		n := min(size, len(payload))
		all = append(all, frame{op: op, rsv: rsv, payload: payload[:n], more: n < len(payload)})
		op, rsv, payload = opContinuation, 0, payload[n:]
	}
	return all
}

// sendAll is a step for each frame.
func sendAll(frames []frame) []step {
	steps := make([]step, len(frames))
	for i, f := range frames {
		steps[i] = send(f)
	}
	return steps
}
