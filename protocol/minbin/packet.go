package minbin

import "github.com/vmihailenco/msgpack/v5/msgpcode"

// The members of a packet, in the order in which they are written, and behind
// them the keys of the short forms.
const (
	memberEvent = iota
	memberCID
	memberRID
	memberError
	memberData
	shortEvent
	shortPublish
	shortAnswer

	memberCount = memberData + 1
	shortCount  = shortAnswer + 1 - memberCount
)

// memberNames are the keys of the members in JSON.
var memberNames = [memberCount]string{`"event":`, `"cid":`, `"rid":`, `"error":`, `"data":`}

// slot returns what a packet's key, a JSON string, is about; -1 for others.
func slot(key []byte) int {
	switch string(key) {
	case `"event"`:
		return memberEvent
	case `"cid"`:
		return memberCID
	case `"rid"`:
		return memberRID
	case `"error"`:
		return memberError
	case `"data"`:
		return memberData
	case `"e"`:
		return shortEvent
	case `"p"`:
		return shortPublish
	case `"r"`:
		return shortAnswer
	}
	return -1
}

// span is a value in decoder.parts; one that is undefined is empty.
type span struct{ from, to int }

// shortForm is the value of a short form: the elements of its array that count.
type shortForm struct {
	set  bool
	part [3]span
}

// packet appends a packet with its short forms written out, or any other value
// as it is.
func (d *decoder) packet(depth int) error {
	c, err := d.peek()
	if err != nil {
		return err
	}
	if !isMap(c) {
		if d.out, err = d.value(d.out, depth); err == nil && c == msgpcode.Nil {
			err = errNull
		}
		return err
	}
	n, err := d.mapLen()
	if err != nil {
		return err
	}
	d.parts = d.parts[:0]
	var at [memberCount]span
	var short [shortCount]shortForm
	for range n {
		from := len(d.parts)
		if d.parts, err = d.key(d.parts); err != nil {
			return err
		}
		k := slot(d.parts[from:])
		d.parts = d.parts[:from]
		switch {
		case k >= memberCount:
			short[k-memberCount], err = d.shortForm(depth + 1)
		case k >= 0:
			at[k], err = d.part(depth + 1)
		default:
			_, err = d.part(depth + 1)
			d.parts = d.parts[:from]
		}
		if err != nil {
			return err
		}
	}
	d.lengthen(&at, &short)
	d.write(&at)
	return nil
}

// part reads a value into parts.
func (d *decoder) part(depth int) (span, error) {
	from := len(d.parts)
	var err error
	d.parts, err = d.value(d.parts, depth)
	return span{from, len(d.parts)}, err
}

// shortForm reads the value of a short form. null is as good as none; what is
// no array has no elements.
func (d *decoder) shortForm(depth int) (shortForm, error) {
	c, err := d.peek()
	if err != nil {
		return shortForm{}, err
	}
	f := shortForm{set: c != msgpcode.Nil}
	if !isArray(c) {
		_, err = d.part(depth)
		return f, err
	}
	n, err := d.DecodeArrayLen()
	if err != nil || n > d.rest.Len() {
		return f, errShort
	}
	for i := range n {
		part, err := d.part(depth + 1)
		if err != nil {
			return f, err
		}
		if i < len(f.part) {
			f.part[i] = part
		}
	}
	return f, nil
}

// lengthen puts the parts of the short forms where they belong, in the
// reference's order: event, publish, answer.
func (d *decoder) lengthen(at *[memberCount]span, short *[shortCount]shortForm) {
	if e := short[shortEvent-memberCount]; e.set {
		at[memberEvent], at[memberData] = e.part[0], e.part[1]
		d.setID(&at[memberCID], e.part[2])
	}
	if p := short[shortPublish-memberCount]; p.set {
		at[memberEvent] = d.put(`"#publish"`)
		at[memberData] = d.publication(p.part[0], p.part[1])
		d.setID(&at[memberCID], p.part[2])
	}
	if r := short[shortAnswer-memberCount]; r.set {
		at[memberRID], at[memberError], at[memberData] = r.part[0], r.part[1], r.part[2]
	}
}

// setID sets the cid, unless the new one is undefined or null.
func (d *decoder) setID(id *span, part span) {
	if part.to > part.from && string(d.parts[part.from:part.to]) != "null" {
		*id = part
	}
}

func (d *decoder) put(text string) span {
	from := len(d.parts)
	d.parts = append(d.parts, text...)
	return span{from, len(d.parts)}
}

// publication puts {"channel":channel,"data":data}.
func (d *decoder) publication(channel, data span) span {
	whole := d.put("{")
	if channel.to > channel.from {
		d.put(`"channel":`)
		d.parts = append(d.parts, d.parts[channel.from:channel.to]...)
	}
	if data.to > data.from {
		if len(d.parts) > whole.to {
			d.put(",")
		}
		d.put(`"data":`)
		d.parts = append(d.parts, d.parts[data.from:data.to]...)
	}
	whole.to = d.put("}").to
	return whole
}

// write appends the packet to out.
func (d *decoder) write(at *[memberCount]span) {
	d.out = append(d.out, '{')
	first := true
	for i, part := range at {
		if part.to == part.from {
			continue
		}
		if !first {
			d.out = append(d.out, ',')
		}
		first = false
		d.out = append(d.out, memberNames[i]...)
		d.out = append(d.out, d.parts[part.from:part.to]...)
	}
	d.out = append(d.out, '}')
}
