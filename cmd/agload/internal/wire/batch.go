package wire

// IsBatch reports whether a message is a list of packets: servers may send
// several as one.
func IsBatch(m []byte) bool { return len(m) > 0 && m[0] == '[' }

// NextOfBatch takes one packet off a batch, or off the rest of one. ok is false
// at the end and where the list is broken; the end leaves no rest.
func NextOfBatch(b []byte) (packet, rest []byte, ok bool) {
	if len(b) == 0 || b[0] != '[' && b[0] != ',' {
		return nil, b, false
	}
	if string(b) == "[]" {
		return nil, nil, false
	}
	end := valueLen(b[1:])
	if end == 0 || 1+end >= len(b) {
		return nil, b, false
	}
	packet, rest = b[1:1+end], b[1+end:]
	if rest[0] == ']' && len(rest) == 1 {
		return packet, nil, true
	}
	return packet, rest, rest[0] == ','
}

// valueLen is the length of the object or list at the start of b, 0 if it does
// not end.
func valueLen(b []byte) int {
	depth, quoted := 0, false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			depth--
		}
		if depth == 0 && !quoted {
			return i + 1
		}
	}
	return 0
}
