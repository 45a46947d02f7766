package engine

import (
	"crypto/sha1"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
)

// connParams is what client and server agreed on.
type connParams struct {
	// subprotocol is the agreed one; "" = none.
	subprotocol string
	// deflate says that permessage-deflate is on, in both directions without
	// context takeover. It goes into limits.deflate.
	deflate bool
	// windowBits bounds the deflate window towards the peer: 8 to 15.
	windowBits uint8
}

// checkUpgrade checks everything about the request that `ws` checks before it
// asks its user (handleUpgrade in lib/websocket-server.js), in its order:
// method, Upgrade, key, version, subprotocols, extensions. Call it before
// Handler.Upgrade; nil = go on.
//
// Refused beyond that: HTTP versions that know no upgrade, and requests with a
// body, which a proxy in between could take for something else than we do.
func checkUpgrade(r *Request, def *Deflate) *refusal {
	if r.proto() != "HTTP/1.1" {
		return &refusal{Status: http.StatusHTTPVersionNotSupported}
	}
	if r.Method() != http.MethodGet {
		return &refusal{Status: http.StatusMethodNotAllowed, Body: "Invalid HTTP method"}
	}
	if _, te := r.header("Transfer-Encoding"); te || strings.Trim(r.Header("Content-Length"), "0") != "" {
		return &refusal{Status: http.StatusBadRequest}
	}
	if !strings.EqualFold(r.Header("Upgrade"), "websocket") {
		return badHeader("Invalid Upgrade header")
	}
	if !validKey(r.Header("Sec-WebSocket-Key")) {
		return badHeader("Missing or invalid Sec-WebSocket-Key header")
	}
	if v := r.version(); v != 13 && v != 8 {
		ref := badHeader("Missing or invalid Sec-WebSocket-Version header")
		ref.Header = http.Header{"Sec-WebSocket-Version": {"13, 8"}}
		return ref
	}
	if _, ok := parseSubprotocols(r.header("Sec-WebSocket-Protocol")); !ok {
		return badHeader("Invalid Sec-WebSocket-Protocol header")
	}
	_, ref := deflateOffered(r, def)
	return ref
}

// badHeader is a 400 with a text.
func badHeader(text string) *refusal {
	return &refusal{Status: http.StatusBadRequest, Body: text}
}

// validKey reports whether key looks like 16 bytes in base64. As in `ws`, the
// spare bits of its last character need not be zero.
func validKey(key string) bool {
	digits, ok := strings.CutSuffix(key, "==")
	return ok && len(digits) == 22 && strings.Trim(digits, base64Digits) == ""
}

const base64Digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

// version returns the WebSocket version that the client speaks; 0 = unknown.
func (r *Request) version() int {
	n, _ := strconv.Atoi(r.Header("Sec-WebSocket-Version"))
	return n
}

// deflateOffered returns the offer to accept; nil = none, or def is nil. With
// deflate off even a malformed header is ignored, as `ws` does.
func deflateOffered(r *Request, def *Deflate) (*deflateOffer, *refusal) {
	header, ok := r.header("Sec-WebSocket-Extensions")
	if def == nil || !ok {
		return nil, nil
	}
	offer, ok := parseDeflateOffers(header)
	if !ok {
		return nil, badHeader("Invalid or unacceptable Sec-WebSocket-Extensions header")
	}
	return offer, nil
}

// negotiate makes the answer to a request that checkUpgrade let pass and the
// Handler decided over: the bytes of a 101, appended to dst, and what was agreed,
// or the refusal that was decided.
// def is the engine's deflate configuration, nil = the extension is ignored.
func negotiate(dst []byte, r *Request, def *Deflate, d *Decision) (answer []byte, params connParams, ref *refusal) {
	if d.Status != 0 && d.Status != http.StatusSwitchingProtocols {
		return nil, connParams{}, &refusal{Status: d.Status, Body: d.Body, Header: d.Header}
	}
	var lines []byte
	params.subprotocol = chooseSubprotocol(r, d)
	if params.subprotocol != "" {
		lines = append(append(append(lines, "Sec-WebSocket-Protocol: "...), params.subprotocol...), "\r\n"...)
	}
	if offer, _ := deflateOffered(r, def); offer != nil {
		params.deflate, params.windowBits = true, 15
		if offer.serverBits != 0 {
			params.windowBits = offer.serverBits
		}
		lines = append(append(append(lines, "Sec-WebSocket-Extensions: "...), offer.answer()...), "\r\n"...)
	}
	lines = appendHeader(lines, d.Header)
	return appendUpgrade(dst, r.Header("Sec-WebSocket-Key"), lines), params, nil
}

// chooseSubprotocol returns the decision's subprotocol or the first offered.
func chooseSubprotocol(r *Request, d *Decision) string {
	offered := r.Subprotocols()
	switch {
	case len(offered) == 0 || d.NoSubprotocol:
		return ""
	case isToken(d.Subprotocol):
		return d.Subprotocol
	}
	return offered[0]
}

// appendUpgrade appends a 101 with more header lines, the one that the gobwas
// upgrader would write; that one takes three times as long and 1 KiB of memory.
func appendUpgrade(dst []byte, key string, lines []byte) []byte {
	var text [len("dGhlIHNhbXBsZSBub25jZQ==") + len(acceptGUID)]byte
	sum := sha1.Sum(append(append(text[:0], key...), acceptGUID...))
	dst = append(dst, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "...)
	dst = base64.StdEncoding.AppendEncode(dst, sum[:])
	dst = append(append(dst, "\r\n"...), lines...)
	return append(dst, "\r\n"...)
}

// acceptGUID is what a server shows its understanding by (RFC 6455, 1.3).
const acceptGUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
