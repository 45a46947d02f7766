package minbin

import (
	"bytes"
	"encoding/base64"
	"math"
	"strconv"

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
	err = e.message(text)
	msgpack.PutEncoder(e.Encoder)
	return e.out, err
}

// encoder writes one message.
type encoder struct {
	*msgpack.Encoder
	out appender
	// counts are the numbers of members of the containers of the value that is
	// being written, in the order in which they open; MessagePack wants them
	// first.
	counts []int
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
func (e *encoder) message(text protocol.Data) error {
	if text[0] != '[' {
		return e.packet(text)
	}
	e.counts = count(text, e.counts[:0])
	if err := e.EncodeArrayLen(e.counts[0]); err != nil {
		return err
	}
	for i := skipSpace(text, 1); text[i] != ']'; {
		end := skipValue(text, i)
		if err := e.packet(text[i:end]); err != nil {
			return err
		}
		i = skipComma(text, end)
	}
	return nil
}

// packet writes a packet in its short form.
func (e *encoder) packet(text protocol.Data) error {
	p := protocol.Parse(text)
	isPublish := p.Event == protocol.EventPublish && p.Data != nil && !p.Data.IsNull()
	switch {
	case p.Kind == protocol.KindResponse:
		return e.short("r", 3, idData(p.ID), p.Error, p.Data)
	case p.Kind != protocol.KindTransmit && p.Kind != protocol.KindInvoke:
		return e.root(text)
	}
	n, id := 2, protocol.Data(nil)
	if p.Kind == protocol.KindInvoke {
		n, id = 3, idData(p.ID)
	}
	if !isPublish {
		return e.short("e", n, protocol.AppendString(nil, p.Event), p.Data, id)
	}
	channel, data, ok := protocol.ChannelOf(p.Data)
	if !ok {
		return e.short("p", n, nil, nil, id)
	}
	return e.short("p", n, protocol.AppendString(nil, channel), data, id)
}

func idData(id protocol.CallID) protocol.Data { return id.AppendJSON(nil) }

// short writes {key: [the first n parts]}.
func (e *encoder) short(key string, n int, parts ...protocol.Data) error {
	if err := e.EncodeMapLen(1); err != nil {
		return err
	}
	if err := e.EncodeString(key); err != nil {
		return err
	}
	if err := e.EncodeArrayLen(n); err != nil {
		return err
	}
	for _, part := range parts[:n] {
		if err := e.root(part); err != nil {
			return err
		}
	}
	return nil
}

// root writes a value of its own; nil for undefined, as msgpack-lite does.
func (e *encoder) root(d protocol.Data) error {
	if d == nil {
		return e.EncodeNil()
	}
	e.counts = count(d, e.counts[:0])
	counts := e.counts
	_, err := e.value(d, 0, &counts)
	return err
}

// value writes the value at text[i:] and returns the index behind it.
func (e *encoder) value(text []byte, i int, counts *[]int) (int, error) {
	switch text[i] {
	case '{':
		return e.object(text, i, counts)
	case '[':
		return e.array(text, i, counts)
	}
	end := skipValue(text, i)
	switch text[i] {
	case '"':
		return end, e.text(text[i:end])
	case 't', 'f':
		return end, e.EncodeBool(text[i] == 't')
	case 'n':
		return end, e.EncodeNil()
	}
	return end, e.number(text[i:end])
}

// number writes integers of 32 bits in their shortest form and everything else
// as a double: the bytes that msgpack-lite writes.
func (e *encoder) number(text []byte) error {
	f, err := strconv.ParseFloat(string(text), 64)
	if err != nil {
		return e.EncodeNil()
	}
	if f == math.Trunc(f) && f >= math.MinInt32 && f <= math.MaxInt32 {
		return e.EncodeInt(int64(f))
	}
	return e.EncodeFloat64(f)
}

func (e *encoder) text(quoted protocol.Data) error {
	s, _ := quoted.Text()
	return e.EncodeString(withoutHalves(s))
}

func (e *encoder) array(text []byte, i int, counts *[]int) (int, error) {
	n := (*counts)[0]
	*counts = (*counts)[1:]
	err := e.EncodeArrayLen(n)
	for i = skipSpace(text, i+1); err == nil && text[i] != ']'; {
		if i, err = e.value(text, i, counts); err == nil {
			i = skipComma(text, i)
		}
	}
	return i + 1, err
}

func (e *encoder) object(text []byte, i int, counts *[]int) (int, error) {
	n := (*counts)[0]
	*counts = (*counts)[1:]
	if n == 2 {
		if raw, end, ok := binaryAt(text, i); ok {
			return end, e.EncodeBytes(raw)
		}
	}
	err := e.EncodeMapLen(n)
	for i = skipSpace(text, i+1); err == nil && text[i] != '}'; {
		end := skipValue(text, i)
		if err = e.text(text[i:end]); err != nil {
			break
		}
		i = skipSpace(text, skipSpace(text, end)+1)
		if i, err = e.value(text, i, counts); err == nil {
			i = skipComma(text, i)
		}
	}
	return i + 1, err
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
