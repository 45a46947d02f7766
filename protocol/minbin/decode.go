package minbin

import (
	"bytes"
	"errors"
	"io"
	"math"
	"strconv"

	"github.com/socketcluster-go/socketcluster/protocol"
	"github.com/vmihailenco/msgpack/v5"
	"github.com/vmihailenco/msgpack/v5/msgpcode"
)

var (
	errShort = errors.New("minbin: the message ends too early")
	errDepth = errors.New("minbin: nested too deeply")
	errNull  = errors.New("minbin: null is no packet")
	errKey   = errors.New("minbin: a map has a key that cannot be a string")
	errCode  = errors.New("minbin: the message holds a byte that begins no value")
)

// Decode appends the JSON form of a message: what is no packet as the JSON
// value that it is, packets with the members event, data, cid, rid and error.
// As in the reference what follows the first value is ignored, and null instead
// of a packet is an error. The result is at most eighteen times as long as the
// message, and some bytes: extension values of one byte grow the most.
func (Codec) Decode(dst, message []byte) ([]byte, error) {
	d := decoder{message: message, out: dst}
	d.rest.Reset(message)
	d.Decoder = msgpack.GetDecoder()
	d.Reset(&d.rest)
	err := d.decode()
	msgpack.PutDecoder(d.Decoder)
	return d.out, err
}

// decoder reads one message.
type decoder struct {
	*msgpack.Decoder
	message []byte
	rest    bytes.Reader // what is left of message
	out     []byte
	parts   []byte // of the packet that is being read: the JSON of its members
}

func (d *decoder) decode() error {
	c, err := d.peek()
	if err != nil {
		return err
	}
	if !isArray(c) {
		return d.packet(0)
	}
	n, err := d.DecodeArrayLen()
	if err != nil || n > d.rest.Len() {
		return errShort
	}
	d.out = append(d.out, '[')
	for i := range n {
		if i > 0 {
			d.out = append(d.out, ',')
		}
		if err := d.packet(1); err != nil {
			return err
		}
	}
	d.out = append(d.out, ']')
	return nil
}

func (d *decoder) peek() (byte, error) {
	c, err := d.PeekCode()
	if err != nil {
		return 0, errShort
	}
	return c, nil
}

// take returns the next n bytes, which alias the message.
func (d *decoder) take(n int) ([]byte, error) {
	if n < 0 || n > d.rest.Len() {
		return nil, errShort
	}
	from := len(d.message) - d.rest.Len()
	if _, err := d.rest.Seek(int64(n), io.SeekCurrent); err != nil {
		return nil, err
	}
	return d.message[from : from+n], nil
}

func isArray(c byte) bool {
	return msgpcode.IsFixedArray(c) || c == msgpcode.Array16 || c == msgpcode.Array32
}

func isMap(c byte) bool {
	return msgpcode.IsFixedMap(c) || c == msgpcode.Map16 || c == msgpcode.Map32
}

// value appends the next value, within depth surrounding ones, to dst.
func (d *decoder) value(dst []byte, depth int) ([]byte, error) {
	c, err := d.peek()
	if err != nil {
		return dst, err
	}
	switch {
	case isMap(c):
		return d.object(dst, depth+1)
	case isArray(c):
		return d.array(dst, depth+1)
	case msgpcode.IsString(c):
		s, err := d.bytes()
		return protocol.AppendString(dst, string(s)), err
	case msgpcode.IsBin(c):
		b, err := d.bytes()
		return protocol.Binary(b).AppendJSON(dst), err
	case msgpcode.IsExt(c):
		return d.extension(dst)
	}
	return d.scalar(dst, c)
}

// bytes reads a string or a bin.
func (d *decoder) bytes() ([]byte, error) {
	n, err := d.DecodeBytesLen()
	if err != nil {
		return nil, errShort
	}
	return d.take(n)
}

// scalar appends null, a boolean or a number.
func (d *decoder) scalar(dst []byte, c byte) ([]byte, error) {
	switch c {
	case msgpcode.Nil:
		return append(dst, "null"...), d.DecodeNil()
	case msgpcode.True, msgpcode.False:
		b, err := d.DecodeBool()
		return strconv.AppendBool(dst, b), err
	case msgpcode.Float, msgpcode.Double:
		f, err := d.DecodeFloat64()
		if math.IsInf(f, 0) {
			// A number still, by which Parse tells a call from a transmit.
			return append(dst, "1e999"...), short(err)
		}
		return protocol.AppendNumber(dst, f), short(err)
	case msgpcode.Uint64:
		n, err := d.DecodeUint64()
		return protocol.AppendNumber(dst, float64(n)), short(err)
	case msgpcode.Int64:
		n, err := d.DecodeInt64()
		return protocol.AppendNumber(dst, float64(n)), short(err)
	case msgpcode.Uint8, msgpcode.Uint16, msgpcode.Uint32, msgpcode.Int8, msgpcode.Int16, msgpcode.Int32:
	default:
		if !msgpcode.IsFixedNum(c) {
			return dst, errCode
		}
	}
	n, err := d.DecodeInt64()
	return strconv.AppendInt(dst, n, 10), short(err)
}

// short hides what the library says about the end of its input.
func short(err error) error {
	if err != nil {
		return errShort
	}
	return nil
}

func (d *decoder) array(dst []byte, depth int) ([]byte, error) {
	n, err := d.DecodeArrayLen()
	if err != nil || n > d.rest.Len() {
		return dst, errShort
	}
	if depth > protocol.MaxDepth {
		return dst, errDepth
	}
	dst = append(dst, '[')
	for i := range n {
		if i > 0 {
			dst = append(dst, ',')
		}
		if dst, err = d.value(dst, depth); err != nil {
			return dst, err
		}
	}
	return append(dst, ']'), nil
}

func (d *decoder) object(dst []byte, depth int) ([]byte, error) {
	n, err := d.mapLen()
	if err != nil {
		return dst, err
	}
	if depth > protocol.MaxDepth {
		return dst, errDepth
	}
	dst = append(dst, '{')
	for i := range n {
		if i > 0 {
			dst = append(dst, ',')
		}
		if dst, err = d.key(dst); err != nil {
			return dst, err
		}
		dst = append(dst, ':')
		if dst, err = d.value(dst, depth); err != nil {
			return dst, err
		}
	}
	return append(dst, '}'), nil
}

func (d *decoder) mapLen() (int, error) {
	n, err := d.DecodeMapLen()
	if err != nil || n > d.rest.Len()/2 {
		return 0, errShort
	}
	return n, nil
}

// key appends the key of a map as a JSON string: JavaScript's objects have no
// other keys.
func (d *decoder) key(dst []byte) ([]byte, error) {
	c, err := d.peek()
	if err != nil {
		return dst, err
	}
	if msgpcode.IsString(c) {
		return d.value(dst, 0)
	}
	if isMap(c) || isArray(c) || msgpcode.IsBin(c) || msgpcode.IsExt(c) {
		return dst, errKey
	}
	dst = append(dst, '"')
	dst, err = d.scalar(dst, c)
	return append(dst, '"'), err
}

// extension appends an extension value as {"buffer":bytes,"type":n}.
func (d *decoder) extension(dst []byte) ([]byte, error) {
	id, n, err := d.DecodeExtHeader()
	if err != nil {
		return dst, errShort
	}
	b, err := d.take(n)
	if err != nil {
		return dst, err
	}
	dst = append(dst, `{"buffer":`...)
	dst = protocol.Binary(b).AppendJSON(dst)
	dst = append(dst, `,"type":`...)
	dst = strconv.AppendUint(dst, uint64(uint8(id)), 10)
	return append(dst, '}'), nil
}
