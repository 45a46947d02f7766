package engine

import (
	"strconv"
	"strings"
)

// extensionName is the one extension there is (RFC 7692).
const extensionName = "permessage-deflate"

// A deflateOffer is one offer of permessage-deflate in a client's header, or
// the answer to it.
type deflateOffer struct {
	serverNoTakeover, clientNoTakeover bool
	serverBits                         uint8 // server_max_window_bits; 0 = absent
	clientBits                         uint8 // client_max_window_bits; 0 = absent or without a value
	order                              []string
}

// parseDeflateOffers parses a Sec-WebSocket-Extensions header and returns the
// first offer of permessage-deflate; nil = none. ok is false if the header is
// malformed or any offer of it has an unknown, repeated or out-of-range
// parameter: `ws` answers 400 then (lib/extension.js, normalizeParams).
// Linear in the header's length.
func parseDeflateOffers(header string) (first *deflateOffer, ok bool) {
	p := extensionParser{rest: header}
	for {
		name, ok := p.token()
		if !ok {
			return nil, false
		}
		var offer deflateOffer
		for p.accept(';') {
			if !p.param(&offer, name == extensionName) {
				return nil, false
			}
		}
		if name == extensionName && first == nil {
			first = &offer
		}
		if !p.accept(',') {
			return first, p.rest == ""
		}
	}
}

// set records one parameter; false if it cannot be accepted.
func (o *deflateOffer) set(name, value string, valued bool) bool {
	for _, seen := range o.order {
		if seen == name {
			return false
		}
	}
	switch name {
	case "server_no_context_takeover":
		o.serverNoTakeover = true
		return !valued && o.add(name)
	case "client_no_context_takeover":
		o.clientNoTakeover = true
		return !valued && o.add(name)
	case "client_max_window_bits":
		if !valued {
			return o.add(name)
		}
		var ok bool
		o.clientBits, ok = windowBits(value)
		return ok && o.add(name)
	case "server_max_window_bits":
		var ok bool
		o.serverBits, ok = windowBits(value)
		return ok && o.add(name)
	}
	return false
}

// add notes the parameter's place. There are four names and none may come
// twice, so the list stays short.
func (o *deflateOffer) add(name string) bool {
	o.order = append(o.order, name)
	return true
}

// windowBits parses a window size; false if it is not 8 to 15.
func windowBits(value string) (uint8, bool) {
	n, err := strconv.ParseUint(value, 10, 8)
	return uint8(n), err == nil && n >= 8 && n <= 15
}

// answer returns the header's value that accepts the offer without context
// takeover in either direction: the client's parameters in its order, then
// what the server adds, as `ws` writes it.
func (o *deflateOffer) answer() string {
	var b strings.Builder
	b.WriteString(extensionName)
	for _, name := range o.order {
		switch name {
		case "client_max_window_bits":
			if o.clientBits != 0 { // without a value it is only a permission
				b.WriteString("; " + name + "=" + strconv.Itoa(int(o.clientBits)))
			}
		case "server_max_window_bits":
			b.WriteString("; " + name + "=" + strconv.Itoa(int(o.serverBits)))
		default:
			b.WriteString("; " + name)
		}
	}
	if !o.serverNoTakeover {
		b.WriteString("; server_no_context_takeover")
	}
	if !o.clientNoTakeover {
		b.WriteString("; client_no_context_takeover")
	}
	return b.String()
}

// An extensionParser reads a Sec-WebSocket-Extensions header from the front.
type extensionParser struct{ rest string }

// space skips blanks.
func (p *extensionParser) space() { p.rest = strings.TrimLeft(p.rest, " \t") }

// accept skips c, and the blanks in front of it, if it comes next.
func (p *extensionParser) accept(c byte) bool {
	p.space()
	if p.rest == "" || p.rest[0] != c {
		return false
	}
	p.rest = p.rest[1:]
	return true
}

// token reads a token and the blanks in front of it.
func (p *extensionParser) token() (string, bool) {
	p.space()
	n := 0
	for n < len(p.rest) && isTokenChar(p.rest[n]) {
		n++
	}
	token := p.rest[:n]
	p.rest = p.rest[n:]
	return token, n > 0
}

// param reads one parameter, into o if it is for us.
func (p *extensionParser) param(o *deflateOffer, ours bool) bool {
	name, ok := p.token()
	if !ok {
		return false
	}
	value, valued := "", false
	// As in `ws`, no blanks are allowed around "=" nor in quotes.
	if p.rest != "" && p.rest[0] == '=' {
		p.rest, valued = p.rest[1:], true
		switch {
		case strings.HasPrefix(p.rest, `"`):
			value, ok = p.quoted()
		case p.rest == "" || !isTokenChar(p.rest[0]):
			ok = false
		default:
			value, ok = p.token()
		}
	}
	return ok && (!ours || o.set(name, value, valued))
}

// quoted reads a quoted string whose content, unescaped, must be a token.
func (p *extensionParser) quoted() (string, bool) {
	s := p.rest[1:]
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '"' {
			p.rest = s[i+1:]
			return b.String(), b.Len() > 0
		}
		if s[i] == '\\' {
			i++
		}
		if i >= len(s) || !isTokenChar(s[i]) {
			break
		}
		b.WriteByte(s[i])
	}
	return "", false
}
