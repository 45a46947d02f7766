package engine

import (
	"encoding/binary"
	"strconv"
)

// maxHeaderSize is the longest frame header: 2 bytes, a length, a mask.
const maxHeaderSize = 2 + 8 + 4

// maxControlPayload is what a control frame can carry (RFC 6455, 5.5).
const maxControlPayload = 125

// maxFrameLength is the longest payload length that `ws` can represent.
const maxFrameLength = 1<<53 - 1

// A frameHeader is a checked header of a client's frame.
type frameHeader struct {
	op         OpCode // opcodeContinuation as it was sent
	fin        bool
	compressed bool
	length     int64
	mask       [4]byte
}

// messageState is what the checks need to know of the message in progress.
type messageState struct {
	op       OpCode // of the first frame; 0 = no message in progress
	total    int64  // payload bytes that its headers announced so far
	frames   int    // how many those were
	compress bool   // permessage-deflate was negotiated
}

// readHeader parses and checks the frame header at the start of b; size 0
// means that it is not whole. The checks, their order and their texts are
// those of `ws` (lib/receiver.js), and each is done as soon as its bytes are
// there. Stricter than `ws`: a length must be in its shortest form, as RFC
// 6455 asks.
func readHeader(b []byte, msg messageState, lim *limits) (h frameHeader, size int, err *ProtocolError) {
	if len(b) < 2 {
		return h, 0, nil
	}
	if err := checkFirstBytes(b[0], b[1], msg); err != nil {
		return h, 0, err
	}
	h.op, h.fin, h.compressed = OpCode(b[0]&0x0f), b[0]&0x80 != 0, b[0]&0x40 != 0
	size = 2
	switch n := b[1] & 0x7f; n {
	default:
		h.length = int64(n)
	case 126:
		if len(b) < 4 {
			return h, 0, nil
		}
		h.length, size = int64(binary.BigEndian.Uint16(b[2:])), 4
		if h.length < 126 {
			return h, 0, invalidFrame("payload length is not minimal")
		}
	case 127:
		if len(b) < 10 {
			return h, 0, nil
		}
		length := binary.BigEndian.Uint64(b[2:])
		if length > maxFrameLength {
			return h, 0, &ProtocolError{1009, "Unsupported WebSocket frame: payload length > 2^53 - 1"}
		}
		h.length, size = int64(length), 10
		if h.length < 1<<16 {
			return h, 0, invalidFrame("payload length is not minimal")
		}
	}
	if h.op < opcodeClose {
		if err := checkLimits(h.length, msg, lim); err != nil {
			return h, 0, err
		}
	}
	if len(b) < size+4 {
		return h, 0, nil
	}
	h.mask = [4]byte(b[size:])
	return h, size + 4, nil
}

// checkFirstBytes checks all that the first two bytes tell.
func checkFirstBytes(b0, b1 byte, msg messageState) *ProtocolError {
	op, fin, rsv1, length := OpCode(b0&0x0f), b0&0x80 != 0, b0&0x40 != 0, b1&0x7f
	switch {
	case b0&0x30 != 0:
		return invalidFrame("RSV2 and RSV3 must be clear")
	case rsv1 && !msg.compress:
		return invalidFrame("RSV1 must be clear")
	}
	switch op {
	case opcodeContinuation:
		switch {
		case rsv1:
			return invalidFrame("RSV1 must be clear")
		case msg.op == 0:
			return invalidOpcode(op)
		}
	case OpText, OpBinary:
		if msg.op != 0 {
			return invalidOpcode(op)
		}
	case opcodeClose, OpPing, OpPong:
		switch {
		case !fin:
			return invalidFrame("FIN must be set")
		case rsv1:
			return invalidFrame("RSV1 must be clear")
		case length > maxControlPayload, op == opcodeClose && length == 1:
			return invalidFrame("invalid payload length " + strconv.Itoa(int(length)))
		}
	default:
		return invalidOpcode(op)
	}
	if b1&0x80 == 0 {
		return invalidFrame("MASK must be set")
	}
	return nil
}

// checkLimits checks a data frame of that length against the limits, before
// anything is allocated for it.
func checkLimits(length int64, msg messageState, lim *limits) *ProtocolError {
	if lim.maxPayload > 0 && length > 0 && msg.total+length > lim.maxPayload {
		return errTooBig()
	}
	if lim.maxFragments > 0 && msg.frames >= lim.maxFragments {
		return &ProtocolError{1008, "Too many message fragments"}
	}
	return nil
}

func invalidFrame(text string) *ProtocolError {
	return &ProtocolError{1002, "Invalid WebSocket frame: " + text}
}

func invalidOpcode(op OpCode) *ProtocolError {
	return invalidFrame("invalid opcode " + strconv.Itoa(int(op)))
}

func errTooBig() *ProtocolError {
	return &ProtocolError{1009, "Max payload size exceeded"}
}

func errInvalidUTF8() *ProtocolError {
	return &ProtocolError{1007, "Invalid WebSocket frame: invalid UTF-8 sequence"}
}
