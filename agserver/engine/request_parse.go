package engine

import (
	"bytes"
	"errors"
	"net/http"
	"strings"
	"unsafe"
)

// errIncomplete is returned by parseRequest while the blank line that ends
// the request head has not arrived.
var errIncomplete = errors.New("engine: incomplete request head")

// parseRequest reads one HTTP/1.x request head from the start of buf. It
// returns the request and the number of bytes the head took; errIncomplete
// if more bytes are needed; or a *refusal to answer with. A head longer than
// maxHeader bytes is refused with 431 as soon as that many are there. The
// request is valid as long as buf is left alone; see clone.
//
// What is accepted is what Node's parser accepts, with exceptions that guard
// against request smuggling: one space between the words of the request line,
// and Host at most once. A request that is sound HTTP but no upgrade is no
// error: see isUpgrade.
func parseRequest(buf []byte, maxHeader int) (req *Request, n int, err error) {
	start := 0 // blank lines in front of a request are ignored, as RFC 9112 asks
	for bytes.HasPrefix(buf[start:], []byte("\r\n")) {
		start += 2
	}
	end := bytes.Index(buf[start:], []byte("\r\n\r\n"))
	if end < 0 {
		return nil, 0, incomplete(buf[start:], start, maxHeader)
	}
	n = start + end + 4
	if n > maxHeader {
		return nil, 0, errHeaderTooLarge()
	}
	head := unsafe.String(&buf[start], n-2-start)
	if !validHead(head) {
		return nil, 0, errBadRequest()
	}
	return &Request{head: head}, n, nil
}

// incomplete says what to do about a head that has no end yet. What cannot
// become a request, like a TLS hello, is refused at once: nobody would ever
// send the end of it.
func incomplete(head []byte, skipped, maxHeader int) error {
	if len(head)+skipped >= maxHeader {
		return errHeaderTooLarge()
	}
	if bytes.Count(head, []byte("\n")) != bytes.Count(head, []byte("\r\n")) {
		return errBadRequest() // lines end with CRLF only
	}
	if line, _, whole := bytes.Cut(head, []byte("\r\n")); whole {
		if !validRequestLine(string(line)) {
			return errBadRequest()
		}
	} else if len(head) > 0 && (head[0] < 'A' || head[0] > 'Z') && head[0] != '\r' {
		return errBadRequest()
	}
	return errIncomplete
}

func errBadRequest() *refusal { return &refusal{Status: http.StatusBadRequest, Bare: true} }

func errHeaderTooLarge() *refusal {
	return &refusal{Status: http.StatusRequestHeaderFieldsTooLarge, Bare: true}
}

// validHead checks the request line and every header line.
func validHead(head string) bool {
	line, rest, _ := strings.Cut(head, "\r\n")
	if !validRequestLine(line) {
		return false
	}
	hosts, lengths, encodings := 0, 0, 0
	for rest != "" {
		line, rest, _ = strings.Cut(rest, "\r\n")
		name, value, ok := strings.Cut(line, ":")
		if !ok || !isToken(name) || !validFieldBytes(value) {
			return false // folded lines end here too: they start with a space
		}
		switch {
		case strings.EqualFold(name, "Host"):
			hosts++
		case strings.EqualFold(name, "Content-Length"):
			lengths++
			if value = strings.Trim(value, " \t"); value == "" || strings.Trim(value, "0123456789") != "" {
				return false
			}
		case strings.EqualFold(name, "Transfer-Encoding"):
			encodings++
		}
	}
	return hosts <= 1 && lengths <= 1 && (lengths == 0 || encodings == 0)
}

// validRequestLine checks "METHOD target HTTP/x.y".
func validRequestLine(line string) bool {
	method, rest, _ := strings.Cut(line, " ")
	target, proto, _ := strings.Cut(rest, " ")
	if !isMethod(method) || !validTargetStart(method, target) {
		return false
	}
	for i := range len(target) {
		if target[i] <= ' ' || target[i] >= 0x7f {
			return false
		}
	}
	// The versions that Node's parser knows.
	switch proto {
	case "HTTP/1.1", "HTTP/1.0", "HTTP/0.9", "HTTP/2.0":
		return true
	}
	return false
}

// validTargetStart reports whether target starts as one of the four forms that
// there are: a path, "*", a URL or, for CONNECT, a host.
func validTargetStart(method, target string) bool {
	if target == "" {
		return false
	}
	if target[0] == '/' || target[0] == '*' || method == http.MethodConnect {
		return true
	}
	scheme, _, ok := strings.Cut(target, "://")
	return ok && strings.Trim(strings.ToLower(scheme), "abcdefghijklmnopqrstuvwxyz") == ""
}

// validFieldBytes reports whether a header value is free of control
// characters. Bytes above ASCII are allowed, as in Node.
func validFieldBytes(value string) bool {
	for i := range len(value) {
		if c := value[i]; c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

// isMethod reports whether Node's parser knows the method.
func isMethod(method string) bool {
	switch method {
	case "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH",
		"ACL", "BIND", "CHECKOUT", "COPY", "LINK", "LOCK", "M-SEARCH", "MERGE", "MKACTIVITY",
		"MKCALENDAR", "MKCOL", "MOVE", "NOTIFY", "PROPFIND", "PROPPATCH", "PURGE", "QUERY",
		"REBIND", "REPORT", "SEARCH", "SOURCE", "SUBSCRIBE", "UNBIND", "UNLINK", "UNLOCK",
		"UNSUBSCRIBE":
		return true
	}
	return false
}
