package engine

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// A refusal is an HTTP answer instead of an upgrade; the connection ends
// behind it. It is an error so that parseRequest can return it as one.
type refusal struct {
	Status int
	Body   string      // "" = the status's standard text
	Header http.Header // added to the standard ones, or in their place; nil = none

	// Bare is set for requests that are not HTTP. Node answers those itself,
	// without a body, before `ws` sees them.
	Bare bool
}

// Error names the status and the body.
func (r *refusal) Error() string {
	return "engine: upgrade refused: " + strconv.Itoa(r.Status) + " " + r.body()
}

// body returns the text that is sent.
func (r *refusal) body() string {
	if r.Body == "" {
		return statusText(r.Status)
	}
	return r.Body
}

// bytes returns the whole answer: the lines, their order and their spelling
// are those that `ws` writes (abortHandshake), or those of Node's HTTP parser
// for a bare one.
func (r *refusal) bytes() []byte {
	b := append([]byte("HTTP/1.1 "), strconv.Itoa(r.Status)...)
	b = append(append(b, ' '), statusText(r.Status)...)
	b = append(b, "\r\n"...)
	if r.Bare {
		return append(b, "Connection: close\r\n\r\n"...)
	}
	body := r.body()
	for _, h := range [...][2]string{
		{"Connection", "close"},
		{"Content-Type", "text/html"},
		{"Content-Length", strconv.Itoa(len(body))},
	} {
		if _, replaced := r.Header[h[0]]; !replaced {
			b = append(append(append(append(b, h[0]...), ": "...), h[1]...), "\r\n"...)
		}
	}
	b = appendHeader(b, r.Header)
	return append(append(b, "\r\n"...), body...)
}

// appendHeader appends h's lines in the order of their names, so that answers
// do not depend on chance. Lines that would break the answer apart are left out.
func appendHeader(dst []byte, h http.Header) []byte {
	names := make([]string, 0, len(h))
	for name := range h {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		for _, v := range h[name] {
			if isToken(name) && isFieldValue(v) {
				dst = append(append(append(append(dst, name...), ": "...), v...), "\r\n"...)
			}
		}
	}
	return dst
}

// isFieldValue reports whether v can stand in a header line.
func isFieldValue(v string) bool {
	return strings.IndexFunc(v, func(c rune) bool { return c < ' ' && c != '\t' || c == 0x7f }) < 0
}

// statusText returns the reason phrase that Node sends, which is not Go's in a
// few places.
func statusText(status int) string {
	switch status {
	case http.StatusRequestEntityTooLarge:
		return "Payload Too Large"
	case http.StatusRequestURITooLong:
		return "URI Too Long"
	case http.StatusRequestedRangeNotSatisfiable:
		return "Range Not Satisfiable"
	case http.StatusTeapot:
		return "I'm a Teapot"
	case 509:
		return "Bandwidth Limit Exceeded"
	}
	return http.StatusText(status)
}
