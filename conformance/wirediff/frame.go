package main

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// The opcodes of RFC 6455.
const (
	opText   = 1
	opBinary = 2
	opClose  = 8
	opPing   = 9
	opPong   = 10
)

// maxServerFrame bounds what a client of the comparison accepts.
const maxServerFrame = 64 << 20

// mask is the masking key of every frame that is sent: it need not be secret
// here, and a fixed one makes the bytes of a play repeatable.
var mask = [4]byte{0x37, 0xfa, 0x21, 0x3d}

// A Frame is a WebSocket frame, well formed or not.
type Frame struct {
	Fin      bool
	RSV      byte // the three reserved bits; 4 is RSV1
	Op       byte
	Unmasked bool
	Length   int64 // the length that is declared; negative: that of Payload
	LenForm  int   // 7, 16 or 64 bits for the length; 0: the shortest that fits
	Payload  []byte
}

// textFrame is a whole text message.
func textFrame(text string) Frame {
	return Frame{Fin: true, Op: opText, Length: -1, Payload: []byte(text)}
}

// Append writes the frame as a client does.
func (f Frame) Append(dst []byte) []byte {
	first := f.RSV<<4 | f.Op
	if f.Fin {
		first |= 0x80
	}
	dst = append(dst, first)

	length := uint64(len(f.Payload))
	if f.Length >= 0 {
		length = uint64(f.Length)
	}
	var masked byte = 0x80
	if f.Unmasked {
		masked = 0
	}
	switch form := f.lenForm(length); form {
	case 7:
		dst = append(dst, masked|byte(length))
	case 16:
		dst = append(dst, masked|126)
		dst = binary.BigEndian.AppendUint16(dst, uint16(length))
	default:
		dst = append(dst, masked|127)
		dst = binary.BigEndian.AppendUint64(dst, length)
	}
	if f.Unmasked {
		return append(dst, f.Payload...)
	}
	dst = append(dst, mask[:]...)
	for i, b := range f.Payload {
		dst = append(dst, b^mask[i%4])
	}
	return dst
}

func (f Frame) lenForm(length uint64) int {
	switch {
	case f.LenForm != 0:
		return f.LenForm
	case length < 126:
		return 7
	case length < 1<<16:
		return 16
	}
	return 64
}

// parseFrame reads the arguments of a ">f" step: any of fin=, op=, rsv=,
// mask=, len= and form=, then the quoted payload.
func parseFrame(args string) (Frame, error) {
	f := Frame{Fin: true, Op: opText, Length: -1}
	for args != "" && args[0] != '"' {
		field, rest, _ := strings.Cut(args, " ")
		args = rest
		name, text, _ := strings.Cut(field, "=")
		n, err := strconv.ParseInt(text, 0, 64)
		if err != nil {
			return f, fmt.Errorf("frame field %q: %w", field, err)
		}
		switch name {
		case "fin":
			f.Fin = n != 0
		case "op":
			f.Op = byte(n)
		case "rsv":
			f.RSV = byte(n)
		case "mask":
			f.Unmasked = n == 0
		case "len":
			f.Length = n
		case "form":
			f.LenForm = int(n)
		default:
			return f, fmt.Errorf("unknown frame field %q", field)
		}
	}
	if args == "" {
		return f, nil
	}
	payload, err := strconv.Unquote(args)
	if err != nil {
		return f, fmt.Errorf("frame payload %s: %w", args, err)
	}
	f.Payload = []byte(payload)
	return f, nil
}

// readFrame reads one frame of a server.
func readFrame(r *bufio.Reader) (Frame, error) {
	var head [2]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return Frame{}, err
	}
	f := Frame{Fin: head[0]&0x80 != 0, RSV: head[0] >> 4 & 7, Op: head[0] & 15, Unmasked: head[1]&0x80 == 0}
	length := uint64(head[1] & 0x7f)
	if extra := map[uint64]int{126: 2, 127: 8}[length]; extra > 0 {
		var long [8]byte
		if _, err := io.ReadFull(r, long[8-extra:]); err != nil {
			return Frame{}, err
		}
		length = binary.BigEndian.Uint64(long[:])
	}
	if length > maxServerFrame {
		return Frame{}, fmt.Errorf("frame of %d bytes", length)
	}
	f.Payload = make([]byte, length)
	_, err := io.ReadFull(r, f.Payload)
	return f, err
}
