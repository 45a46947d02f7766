package minbin

import (
	"bytes"
	"encoding/base64"
	"math"
	"strconv"
	"strings"

	"github.com/socketcluster-go/socketcluster/protocol"
	"github.com/vmihailenco/msgpack/v5"
)

// Encode appends the MessagePack form of a packet or a batch of them. JSON that
// is no packet is translated as it stands; what is no JSON is an
// InvalidArgumentsError.
func (Codec) Encode(dst, packet []byte) ([]byte, error) {
	text, err := protocol.ParseData(packet)
	if err != nil {
		return dst, err
	}
	e := encoder{out: dst}
	e.Encoder = msgpack.GetEncoder()
	e.Reset(&e.out)
	e.message(text)
	msgpack.PutEncoder(e.Encoder)
	return e.out, e.err
}

// encoder writes one message.
type encoder struct {
	*msgpack.Encoder
	out appender
	err error // the first one; writing into memory, the library has none to report
	counter
}

// note keeps the first error.
func (e *encoder) note(err error) {
	if e.err == nil {
		e.err = err
	}
}

// appender makes an io.Writer and io.ByteWriter of a slice.
type appender []byte

func (a *appender) Write(b []byte) (int, error) {
	*a = append(*a, b...)
	return len(b), nil
}

func (a *appender) WriteByte(c byte) error {
	*a = append(*a, c)
	return nil
}

// message writes a whole message, of valid JSON.
func (e *encoder) message(text protocol.Data) {
	if text[0] != '[' {
		e.packet(text)
		return
	}
	e.count(text)
	e.note(e.EncodeArrayLen(e.next()))
	for i := skipSpace(text, 1); text[i] != ']'; {
		end := skipValue(text, i)
		e.packet(text[i:end])
		i = skipComma(text, end)
	}
}

// packet writes a packet in its short form.
func (e *encoder) packet(text protocol.Data) {
	p := protocol.Parse(text)
	switch p.Kind {
	case protocol.KindResponse:
		e.short("r", 3)
		e.id(p.ID)
		e.root(p.Error)
		e.root(p.Data)
	case protocol.KindTransmit, protocol.KindInvoke:
		n := 2
		if p.Kind == protocol.KindInvoke {
			n = 3
		}
		if p.Event == protocol.EventPublish && p.Data != nil && !p.Data.IsNull() {
			e.short("p", n)
			e.publication(p.Data)
		} else {
			e.short("e", n)
			e.note(e.EncodeString(withoutHalves(p.Event)))
			e.root(p.Data)
		}
		if n == 3 {
			e.id(p.ID)
		}
	default:
		e.root(text)
	}
}

// short begins {key: [n parts]}.
func (e *encoder) short(key string, n int) {
	e.note(e.EncodeMapLen(1))
	e.note(e.EncodeString(key))
	e.note(e.EncodeArrayLen(n))
}

// publication writes channel and data of a #publish; without a channel that is a
// string it is of no use to anybody, and neither are they.
func (e *encoder) publication(d protocol.Data) {
	channel, data, ok := protocol.ChannelOf(d)
	if ok {
		e.note(e.EncodeString(withoutHalves(channel)))
	} else {
		e.note(e.EncodeNil())
	}
	e.root(data)
}

func (e *encoder) id(id protocol.CallID) {
	if n, ok := id.Int(); ok {
		e.float(float64(n))
		return
	}
	e.root(id.AppendJSON(nil))
}

// root writes a value of its own; nil for undefined, as msgpack-lite does.
func (e *encoder) root(d protocol.Data) {
	if d == nil {
		e.note(e.EncodeNil())
		return
	}
	e.count(d)
	e.value(d, 0)
}

// value writes the value at text[i:] and returns the index behind it.
func (e *encoder) value(text []byte, i int) int {
	switch text[i] {
	case '{':
		return e.object(text, i)
	case '[':
		return e.array(text, i)
	}
	end := skipValue(text, i)
	switch text[i] {
	case '"':
		e.text(text[i:end])
	case 't', 'f':
		e.note(e.EncodeBool(text[i] == 't'))
	case 'n':
		e.note(e.EncodeNil())
	default:
		f, err := strconv.ParseFloat(alias(text[i:end]), 64)
		e.note(err)
		e.float(f)
	}
	return end
}

// float writes integers of 32 bits in their shortest form and everything else
// as a double: the bytes that msgpack-lite writes.
func (e *encoder) float(f float64) {
	if f == math.Trunc(f) && f >= math.MinInt32 && f <= math.MaxInt32 {
		e.note(e.EncodeInt(int64(f)))
		return
	}
	e.note(e.EncodeFloat64(f))
}

func (e *encoder) text(quoted protocol.Data) {
	inner := alias(quoted[1 : len(quoted)-1])
	if strings.IndexByte(inner, '\\') >= 0 {
		inner, _ = quoted.Text()
		inner = withoutHalves(inner) // which only escapes can bring
	}
	e.note(e.EncodeString(inner))
}

func (e *encoder) array(text []byte, i int) int {
	e.note(e.EncodeArrayLen(e.next()))
	for i = skipSpace(text, i+1); text[i] != ']'; {
		i = skipComma(text, e.value(text, i))
	}
	return i + 1
}

func (e *encoder) object(text []byte, i int) int {
	n := e.next()
	if n == 2 {
		if raw, end, ok := binaryAt(text, i); ok {
			e.note(e.EncodeBytes(raw))
			return end
		}
	}
	e.note(e.EncodeMapLen(n))
	for i = skipSpace(text, i+1); text[i] != '}'; {
		end := skipValue(text, i)
		e.text(text[i:end])
		colon := skipSpace(text, end)
		i = skipComma(text, e.value(text, skipSpace(text, colon+1)))
	}
	return i + 1
}

// binaryAt reads {"base64":true,"data":base64}, with the members in the order
// in which protocol.Binary and sc-formatter write them.
func binaryAt(text []byte, i int) (raw []byte, end int, ok bool) {
	for _, token := range []string{"{", `"base64"`, ":", "true", ",", `"data"`, ":"} {
		if i = skipSpace(text, i); !bytes.HasPrefix(text[i:], []byte(token)) {
			return nil, 0, false
		}
		i += len(token)
	}
	if i = skipSpace(text, i); text[i] != '"' {
		return nil, 0, false
	}
	end = skipValue(text, i)
	raw, err := base64.StdEncoding.AppendDecode([]byte{}, text[i+1:end-1])
	return raw, skipSpace(text, end) + 1, err == nil
}
