package wire

import "strconv"

// AppendHandshake appends the handshake packet; token may be empty.
func AppendHandshake(b []byte, cid uint32, token string) []byte {
	b = append(b, `{"event":"#handshake","data":{"authToken":`...)
	if token == "" {
		b = append(b, "null"...)
	} else {
		b = append(b, Quote(token)...)
	}
	b = append(b, '}')
	return appendCID(b, cid)
}

// AppendSubscribe appends a subscription to the channel.
func (c *Channel) AppendSubscribe(b []byte, cid uint32) []byte {
	b = append(b, `{"event":"#subscribe","data":{"channel":`...)
	b = append(b, c.quoted...)
	b = append(b, '}')
	return appendCID(b, cid)
}

// AppendPublish appends a publication; cid 0 asks for no acknowledgement.
func (c *Channel) AppendPublish(b []byte, cid uint32, m Marker) []byte {
	b = append(b, c.head...)
	b = c.shape.Append(b, m)
	b = append(b, '}')
	if cid == 0 {
		return append(b, '}')
	}
	return appendCID(b, cid)
}

// AppendCall appends a call of a procedure, whose name is given as JSON.
func (s *Shape) AppendCall(b []byte, cid uint32, procedure []byte, m Marker) []byte {
	b = append(b, `{"event":`...)
	b = append(b, procedure...)
	b = append(b, `,"data":`...)
	b = s.Append(b, m)
	return appendCID(b, cid)
}

func appendCID(b []byte, cid uint32) []byte {
	b = append(b, `,"cid":`...)
	b = strconv.AppendUint(b, uint64(cid), 10)
	return append(b, '}')
}
