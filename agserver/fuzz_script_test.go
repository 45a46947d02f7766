package agserver_test

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/socketcluster-go/socketcluster/protocol"
)

// A script is what FuzzConnection plays: the bytes that a client sends, and what
// a server has to make of them.
type script struct {
	data    []byte // what is left of the fuzzer's choices
	deflate bool   // permessage-deflate was negotiated
	bytes   []byte // what the client sends, frames and all

	// What the server should make of it.
	state     scriptState
	code      protocol.CloseCode // of the server's close frame, once it is closed
	vague     bool               // from here on only the invariants hold
	responses map[string]int     // how often each answer is due
	own       []string           // publications that come back to the client
	witnessed []string           // publications that the witness sees
	pongs     []string
	channels  map[string]bool
}

type scriptState int

const (
	scriptConnecting scriptState = iota
	scriptOpen
	scriptClosed
)

// witnessChannel is the one that somebody else is subscribed to.
const witnessChannel = "room"

// newScript makes a script of the fuzzer's bytes: of each frame the first byte
// says what it is, the following ones what is in it.
func newScript(data []byte, deflate bool) *script {
	s := &script{data: data, deflate: deflate, responses: map[string]int{}, channels: map[string]bool{}}
	for frames := 0; len(s.data) > 0 && s.state != scriptClosed && !s.vague && frames < 100; frames++ {
		s.step()
	}
	return s
}

// choose takes one of n.
func (s *script) choose(n int) int {
	if len(s.data) == 0 {
		return 0
	}
	c := s.data[0]
	s.data = s.data[1:]
	return int(c) % n
}

// take takes up to n bytes.
func (s *script) take(n int) []byte {
	n = min(n, len(s.data))
	b := s.data[:n]
	s.data = s.data[n:]
	return b
}

func (s *script) step() {
	switch s.choose(16) {
	default:
		s.message(s.packet())
	case 9:
		s.control(0x9, s.take(s.choose(126)))
	case 10:
		s.control(0xA, s.take(s.choose(126)))
	case 11:
		s.message("")
	case 12, 13:
		var packets []string
		for range s.choose(5) {
			packets = append(packets, s.packet())
		}
		s.message("[" + strings.Join(packets, ", ") + "]")
	case 14:
		if text := s.take(s.choose(200)); utf8.Valid(text) {
			s.message(string(text))
		}
	case 15:
		s.end()
	}
}

// end is the last thing that a client sends: a close frame, or what is none.
func (s *script) end() {
	switch s.choose(4) {
	case 0:
		s.close([]protocol.CloseCode{1000, 1001, 3000, 4321, 4999, 1003}[s.choose(6)])
	case 1:
		s.close(protocol.CloseNoStatus)
	case 2:
		s.broken(s.choose(len(brokenFrames)))
	default:
		s.bytes = append(s.bytes, s.data...)
		s.data, s.vague = nil, true
	}
}

// packet makes the text of a packet.
func (s *script) packet() string {
	channel := []string{witnessChannel, "a", "b", "", `\u0061`, `☾\ud800`, strings.Repeat("long", 300)}[s.choose(7)]
	data := []string{`1`, `{"x":[1,2,{"y":null}]}`, `"text"`, `null`, `"` + strings.Repeat("long ", 200) + `"`}[s.choose(5)]
	id := []string{"1", "2", "3", "4", "5", "-0", "1.5", "1e400", `"x"`, "null", "9007199254740993"}[s.choose(11)]
	event := []string{
		"echo", "later", "fail", "nobody", "#handshake", "#subscribe", "#unsubscribe", "#publish", "#publish", "#publish", "#authenticate",
		"#removeAuthToken", "#setAuthToken", "#kickOut", "",
	}[s.choose(15)]
	switch event {
	case "#subscribe", "#publish", "#kickOut":
		data = fmt.Sprintf(`{"channel":"%s","data":%s}`, channel, data)
	case "#unsubscribe":
		data = `"` + channel + `"`
	case "#handshake":
		data = `{"authToken":null}`
	case "#authenticate":
		data = []string{`"bad.token.here"`, `"x"`, `null`, `7`}[s.choose(4)]
	}
	switch s.choose(8) {
	case 0: // a transmit
		return fmt.Sprintf(`{"event":"%s","data":%s}`, event, data)
	case 1: // an answer that nobody has asked for
		return fmt.Sprintf(`{"rid":%s,"data":%s}`, id, data)
	case 2: // malformed
		return []string{`{"event":7}`, `{}`, `[[]]`, `null`, `"`, `{"event":"#publish","data":{"channel":[]},"cid":8}`, `{"event":"echo","cid":9}`}[s.choose(7)]
	}
	return fmt.Sprintf(`{"event":"%s","data":%s,"cid":%s}`, event, data, id)
}

// message sends a text, in one frame or several, perhaps compressed, perhaps with
// pings in between, and has the model handle it.
func (s *script) message(text string) {
	how := s.choose(64)
	payload, op, rsv := []byte(text), byte(1), byte(0)
	if how&1 != 0 && text != "" { // binary, which is no pong
		op = 2
	}
	if how&2 != 0 && s.deflate {
		payload, rsv = packMessage(payload), 0x40
	}
	for range how >> 4 {
		n := min(len(payload), s.choose(20))
		s.frame(op|rsv, payload[:n])
		if how&8 != 0 {
			s.control(0x9, []byte{'i', byte('0' + n%10)})
		}
		payload, op, rsv = payload[n:], 0, 0
	}
	s.frame(0x80|op|rsv, payload)
	s.handle(text)
}

// frame sends a frame, masked.
func (s *script) frame(first byte, payload []byte) {
	mask := [4]byte{1, 2, 3, 4}
	b := append(s.bytes, first)
	switch n := len(payload); {
	case n < 126:
		b = append(b, 0x80|byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, 0x80|126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 0x80|127), uint64(n))
	}
	b = append(b, mask[:]...)
	for i, c := range payload {
		b = append(b, c^mask[i%4])
	}
	s.bytes = b
}

func (s *script) control(op byte, payload []byte) {
	s.frame(0x80|op, payload)
	if op == 0x9 {
		s.pongs = append(s.pongs, string(payload))
	}
}

func (s *script) close(code protocol.CloseCode) {
	var payload []byte
	if code != protocol.CloseNoStatus {
		payload = append(binary.BigEndian.AppendUint16(nil, uint16(code)), s.take(3)...)
		payload = bytes.ToValidUTF8(payload[2:], nil)
		payload = append(binary.BigEndian.AppendUint16(nil, uint16(code)), payload...)
	}
	s.frame(0x88, payload)
	s.closedWith(code)
}

// closedWith ends the model with the code of the server's close frame.
func (s *script) closedWith(code protocol.CloseCode) { s.state, s.code = scriptClosed, code }

// brokenFrames are frames that end a connection, with the code.
var brokenFrames = []struct {
	bytes string
	code  protocol.CloseCode
}{
	{"\x81\x01x", protocol.CloseProtocolError},                         // not masked
	{"\xa1\x80\x00\x00\x00\x00", protocol.CloseProtocolError},          // RSV2
	{"\x83\x80\x00\x00\x00\x00", protocol.CloseProtocolError},          // reserved opcode
	{"\x80\x80\x00\x00\x00\x00", protocol.CloseProtocolError},          // continues nothing
	{"\x09\x80\x00\x00\x00\x00", protocol.CloseProtocolError},          // ping in fragments
	{"\x88\x81\x00\x00\x00\x00x", protocol.CloseProtocolError},         // close with a byte
	{"\x88\x82\x00\x00\x00\x00\x03\xed", protocol.CloseProtocolError},  // close with 1005
	{"\x81\xfe\x00\x01\x00\x00\x00\x00x", protocol.CloseProtocolError}, // length not minimal
	{"\x81\x81\x00\x00\x00\x00\xff", protocol.CloseBadPayload},         // not UTF-8
	{"\x81\xff\x00\x00\x01\x00\x00\x00\x00\x00", protocol.CloseTooBig}, // 2^40 bytes
	{"\x88\x83\x00\x00\x00\x00\x03\xe8\xff", protocol.CloseBadPayload}, // reason not UTF-8
	{"\x81\xff\x80\x00\x00\x00\x00\x00\x00\x00", protocol.CloseTooBig}, // 2^63 bytes
}

func (s *script) broken(n int) {
	s.bytes = append(s.bytes, brokenFrames[n].bytes...)
	s.closedWith(brokenFrames[n].code)
}

// packMessage compresses a message as RFC 7692 says.
func packMessage(payload []byte) []byte {
	var b bytes.Buffer
	w, _ := flate.NewWriter(&b, flate.BestSpeed)
	_, _ = w.Write(payload)
	_ = w.Flush()
	if b.Len() == 0 {
		return []byte{0}
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\x00\x00\xff\xff"))
}

// handle is the model of a server: what becomes of a message.
func (s *script) handle(text string) {
	if text == "" { // a pong
		if s.state == scriptConnecting {
			s.closedWith(protocol.CloseEarlyMessage)
		}
		return
	}
	p := protocol.Parse([]byte(text))
	if p.Kind != protocol.KindBatch {
		s.handlePacket(p)
		return
	}
	for e := range p.Elements() {
		if s.state != scriptClosed {
			s.handlePacket(e)
		}
	}
}

func (s *script) handlePacket(p protocol.Packet) {
	isEvent := p.Kind == protocol.KindInvoke || p.Kind == protocol.KindTransmit
	if s.state == scriptConnecting && !(isEvent && p.Event == protocol.EventHandshake) {
		s.closedWith(protocol.CloseEarlyMessage)
		return
	}
	if !isEvent {
		return
	}
	switch p.Event {
	case protocol.EventHandshake, protocol.EventAuthenticate:
		if p.Kind == protocol.KindTransmit {
			s.closedWith(protocol.CloseHandshakeRejected)
			return
		}
		if p.Event == protocol.EventHandshake {
			s.state = scriptOpen
		}
		s.due(p, "any")
	case protocol.EventPublish:
		channel, data, ok := protocol.ChannelOf(p.Data)
		if !ok || len(channel) > 1024 {
			s.due(p, "error")
			return
		}
		if text := string(protocol.AppendPublish(nil, channel, data)); s.channels[channel] {
			s.own = append(s.own, text)
		}
		if channel == witnessChannel {
			s.witnessed = append(s.witnessed, string(protocol.AppendPublish(nil, channel, data)))
		}
		s.due(p, "ok")
	case protocol.EventSubscribe:
		channel, _, ok := protocol.ChannelOf(p.Data)
		if !ok || len(channel) > 1024 {
			s.due(p, "error")
			return
		}
		if s.due(p, "ok"); p.Kind == protocol.KindInvoke {
			s.channels[channel] = true
		}
	case protocol.EventUnsubscribe:
		channel, ok := p.Data.Text()
		if !ok || !s.channels[channel] {
			s.due(p, "error")
			return
		}
		delete(s.channels, channel)
		s.due(p, "ok")
	case protocol.EventRemoveAuthToken: // never answered
	case "echo", "later":
		s.due(p, "data "+string(p.Data))
	case "fail":
		s.due(p, "error")
	}
}

// due notes that a call has to be answered.
func (s *script) due(p protocol.Packet, how string) {
	if p.Kind == protocol.KindInvoke {
		s.responses[string(p.ID.AppendJSON(nil))+" "+how]++
	}
}
