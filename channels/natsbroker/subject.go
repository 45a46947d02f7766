package natsbroker

import "strings"

// Subjects. A channel's name is one token behind the prefix. Bytes that mean
// something to NATS, cannot be sent, or are used for this are written as "=" and
// two hexadecimal digits; the empty name is a "=" alone. Letters, digits, most
// signs and everything beyond ASCII stay as they are.

const hexDigits = "0123456789ABCDEF"

// isPlain reports whether a byte stands for itself in a subject.
func isPlain(c byte) bool {
	switch c {
	case '.', '*', '>', '=', '$', 0x7f:
		return false
	}
	return c > ' '
}

// appendToken appends the token of a channel's name.
func appendToken(dst []byte, channel string) []byte {
	if channel == "" {
		return append(dst, '=')
	}
	for i := range len(channel) {
		if c := channel[i]; isPlain(c) {
			dst = append(dst, c)
		} else {
			dst = append(dst, '=', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	return dst
}

// channelOf returns the name that a token stands for; ok is false if it is not
// one that appendToken makes.
func channelOf(token string) (channel string, ok bool) {
	switch {
	case token == "":
		return "", false
	case token == "=":
		return "", true
	case strings.IndexByte(token, '=') < 0:
		return token, true
	}
	name := make([]byte, 0, len(token))
	for i := 0; i < len(token); i++ {
		c := token[i]
		if c == '=' {
			if i+2 >= len(token) {
				return "", false
			}
			high := strings.IndexByte(hexDigits, token[i+1])
			low := strings.IndexByte(hexDigits, token[i+2])
			if high < 0 || low < 0 {
				return "", false
			}
			c = byte(high<<4 | low)
			i += 2
		}
		name = append(name, c)
	}
	return string(name), true
}
