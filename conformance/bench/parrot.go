package main

import (
	"bytes"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"strings"
)

// A parrot is a client's part in the bare loop: it says the least that satisfies
// the load generator. It takes for granted that packets look as cmd/agload writes
// them, {"event":"…","data":…,"cid":n}.
type parrot struct {
	subscribe func(channel string)
	publish   func(channel, frame []byte)

	upgraded bool
	reply    []byte // what is to be written
	frame    []byte // of a publication; used again
}

// hear takes the whole frames of b, whose bytes it changes, and returns what is
// left.
func (p *parrot) hear(b []byte) (rest []byte) {
	if !p.upgraded {
		end := bytes.Index(b, []byte("\r\n\r\n"))
		if end < 0 {
			return b
		}
		p.upgrade(b[:end])
		b = b[end+4:]
	}
	for len(b) >= 6 {
		size, head := int(b[1]&0x7f), 6
		if size == 126 {
			if len(b) < 8 {
				break
			}
			size, head = int(binary.BigEndian.Uint16(b[2:])), 8
		}
		if len(b) < head+size {
			break
		}
		packet := b[head : head+size]
		unmask(packet, b[head-4:head])
		if b[0] == 0x81 && size > 0 {
			p.answer(packet)
		}
		b = b[head+size:]
	}
	return b
}

// unmask takes the client's mask off, eight bytes at a time.
func unmask(b, mask []byte) {
	wide := uint64(binary.LittleEndian.Uint32(mask))
	wide |= wide << 32
	for ; len(b) >= 8; b = b[8:] {
		binary.LittleEndian.PutUint64(b, binary.LittleEndian.Uint64(b)^wide)
	}
	for i := range b {
		b[i] ^= mask[i%4]
	}
}

func (p *parrot) upgrade(request []byte) {
	_, key, _ := strings.Cut(string(request), "Sec-WebSocket-Key: ")
	key, _, _ = strings.Cut(key, "\r\n")
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	p.reply = append(p.reply, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "...)
	p.reply = base64.StdEncoding.AppendEncode(p.reply, sum[:])
	p.reply = append(p.reply, "\r\n\r\n"...)
	p.upgraded = true
}

// answer does what a packet asks for.
func (p *parrot) answer(packet []byte) {
	event, data, cid := dissect(packet)
	switch {
	case cid == nil:
	case bytes.Equal(event, []byte("#handshake")):
		p.respond(cid, []byte(`,"data":{"id":"0123456789abcdefghij","pingTimeout":30000,"isAuthenticated":false}`))
	case bytes.Equal(event, []byte("#subscribe")):
		p.subscribe(string(channelOf(data)))
		p.respond(cid, nil)
	case bytes.Equal(event, []byte("#publish")):
		p.frame = appendTextHeader(p.frame[:0], len(`{"event":"#publish"}`)+len(data))
		p.frame = append(p.frame, `{"event":"#publish"`...)
		p.frame = append(p.frame, data...)
		p.frame = append(p.frame, '}')
		p.publish(channelOf(data), p.frame)
		p.respond(cid, nil)
	default:
		p.respond(cid, data)
	}
}

// dissect finds the parts of a packet; data begins with its comma and name. cid is
// nil if there is none.
func dissect(packet []byte) (event, data, cid []byte) {
	at := bytes.LastIndex(packet, []byte(`,"cid":`))
	rest, ok := bytes.CutPrefix(packet[:max(at, 0)], []byte(`{"event":"`))
	if at < 0 || !ok {
		return nil, nil, nil
	}
	end := max(bytes.IndexByte(rest, '"'), 0)
	return rest[:end], rest[min(end+1, len(rest)):], packet[at+len(`,"cid":`) : len(packet)-1]
}

// channelOf reads the name of the channel.
func channelOf(data []byte) []byte {
	name, _ := bytes.CutPrefix(data, []byte(`,"data":{"channel":"`))
	return name[:max(bytes.IndexByte(name, '"'), 0)]
}

func (p *parrot) respond(cid, data []byte) {
	p.reply = appendTextHeader(p.reply, len(`{"rid":}`)+len(cid)+len(data))
	p.reply = append(p.reply, `{"rid":`...)
	p.reply = append(p.reply, cid...)
	p.reply = append(p.reply, data...)
	p.reply = append(p.reply, '}')
}

// appendTextHeader appends the header of a text frame of less than 64 KB.
func appendTextHeader(b []byte, size int) []byte {
	if size < 126 {
		return append(b, 0x81, byte(size))
	}
	return append(b, 0x81, 126, byte(size>>8), byte(size))
}
