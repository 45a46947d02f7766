package engine

// tokenChars holds the characters of an HTTP token (RFC 9110, section 5.6.2),
// one bit each.
var tokenChars = [4]uint32{
	1: 0x03ff6cfa, // ! # $ % & ' * + - . 0-9
	2: 0xc7fffffe, // A-Z ^ _
	3: 0x57ffffff, // ` a-z | ~
}

// isTokenChar reports whether c can be part of a token.
func isTokenChar(c byte) bool {
	return c < 0x80 && tokenChars[c>>5]&(1<<(c&31)) != 0
}

// isToken reports whether s is one.
func isToken(s string) bool {
	for i := range len(s) {
		if !isTokenChar(s[i]) {
			return false
		}
	}
	return s != ""
}
