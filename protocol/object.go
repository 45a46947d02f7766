package protocol

// Without returns the object without its members of that key; without one, d
// itself. A value that is no object becomes {}, as in JavaScript's
// Object.assign({}, value).
func (d Data) Without(key string) Data {
	return d.edit(key, nil)
}

// With returns the object with the member set to v, in the place of the last
// one of that key, else at the end; the others of that key go. A nil v drops
// them all. A value that is no object becomes one that has this member only.
func (d Data) With(key string, v Data) Data {
	return d.edit(key, v)
}

func (d Data) edit(key string, v Data) Data {
	if !d.IsObject() {
		return newObject(key, v)
	}
	found, last := 0, 0
	ok := d.eachMember(func(k string, n int, _ Data, _ span) {
		if k == key {
			found, last = found+1, n
		}
	})
	if !ok {
		return newObject(key, v)
	}
	if found == 0 && v == nil {
		return d
	}
	out := append(make(Data, 0, len(d)+len(key)+len(v)+4), '{')
	d.eachMember(func(k string, n int, _ Data, whole span) {
		if k != key {
			out = append(out.comma(), d[whole.from:whole.to]...)
		} else if n == last && v != nil {
			out = out.comma().member(key, v)
		}
	})
	if found == 0 {
		out = out.comma().member(key, v)
	}
	return append(out, '}')
}

func newObject(key string, v Data) Data {
	out := Data{'{'}
	if v != nil {
		out = out.member(key, v)
	}
	return append(out, '}')
}

// comma appends a comma, unless the object has only begun.
func (d Data) comma() Data {
	if len(d) == 1 {
		return d
	}
	return append(d, ',')
}

func (d Data) member(key string, v Data) Data {
	d = append(AppendString(d, key), ':')
	return append(d, v...)
}

// eachMember calls visit for the members of an object: the key (which aliases
// d), the member's number, its value, and where key and value stand. It returns
// false if d is no valid object.
func (d Data) eachMember(visit func(key string, n int, value Data, whole span)) bool {
	if !d.IsObject() {
		return false
	}
	s := scanner{text: d}
	i := s.space(1)
	if i < len(d) && d[i] == '}' {
		return true
	}
	for n := 0; ; n++ {
		from := i
		key, at := s.colon(from)
		if at < 0 {
			return false
		}
		if i = s.value(at, 1); i < 0 {
			return false
		}
		visit(unquote(d[from:key]), n, d[at:i:i], span{from, i})
		i = s.space(i)
		if i >= len(d) || d[i] != ',' {
			return i < len(d) && d[i] == '}'
		}
		i = s.space(i + 1)
	}
}

// ChannelOf reads the data of #publish, #subscribe and #kickOut,
// {"channel": name, "data": any}: the name, which aliases d, and the data, nil
// when missing. ok is false if d is no such object or the channel no string. As
// everywhere the last of doubled members counts.
func ChannelOf(d Data) (channel string, data Data, ok bool) {
	var name Data
	if !d.eachMember(func(key string, _ int, value Data, _ span) {
		switch key {
		case "channel":
			name = value
		case "data":
			data = value
		}
	}) {
		return "", nil, false
	}
	if len(name) == 0 || name[0] != '"' {
		return "", nil, false
	}
	return unquote(name), data, true
}
