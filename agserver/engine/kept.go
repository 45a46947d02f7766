package engine

import (
	"crypto/tls"
	"strings"
)

// keptMost bounds how many texts a keeper knows, and keptLong their length in
// bytes: clients that make up headers fill no memory.
const (
	keptMost = 256
	keptLong = 1 << 10
)

// A kept is what an open connection keeps of its upgrade: the request, and what
// was agreed on. Connections whose clients sent the same share one; what is
// particular to a client is in own, which costs a kept of its own. Immutable.
type kept struct {
	// shared is the request line without query and the header lines that clients
	// have in common, own the query and the other header lines, each line with its
	// CRLF; "" = there is neither. Lines of one name are in one of them, in order.
	// What only served the upgrade is in none.
	shared, own string
	origin      *origin
	params      connParams

	web *web // until the connection is open: see newConn
}

// noWeb is what connections keep that are not open yet, if nobody serves requests
// that are no upgrade.
var noWeb = new(kept)

// unopened is what connections keep until they are open.
func (w *web) unopened() *kept {
	if w == nil {
		return noWeb
	}
	return &w.kept
}

// request makes the request again, as it was but for what only served the upgrade.
func (k *kept) request(peer peerAddr) *Request {
	r := &Request{head: k.shared, peer: peer, origin: k.origin}
	if k.own != "" {
		line, fields, _ := strings.Cut(k.shared, "\r\n")
		query, own, _ := strings.Cut(k.own, "\r\n")
		target := strings.LastIndexByte(line, ' ')
		r.head = line[:target] + query + line[target:] + "\r\n" + fields + own
	}
	return r
}

// A keeper makes the kepts of a loop's connections.
type keeper struct {
	known       map[keptKey]*kept // those without anything of their own
	shared, own []byte            // buffers
}

// keptKey is what connections have in common that share a kept, but for its params.
type keptKey struct {
	shared string
	secure secureKey
}

// keep returns what is kept of a request.
func (m *keeper) keep(r *Request, params connParams) *kept {
	m.split(r.head)
	secure := secureKeyOf(r.origin.state())
	k := m.known[keptKey{string(m.shared), secure}]
	if k == nil || k.params != params {
		k = m.learn(params, r.origin.state(), secure)
	}
	if len(m.own) == 0 && !r.origin.isOwn() {
		return k
	}
	special := *k
	special.own = string(m.own)
	if r.origin.isOwn() {
		special.origin = originOf(r.origin.address(), keptState(r.origin.state()))
	}
	return &special
}

// learn makes a kept of m.shared.
func (m *keeper) learn(params connParams, state *tls.ConnectionState, secure secureKey) *kept {
	params.subprotocol = strings.Clone(params.subprotocol) // a part of the request, as a rule
	k := &kept{shared: string(m.shared), params: params}
	if state != nil {
		common := keptState(state)
		common.PeerCertificates, common.VerifiedChains = nil, nil
		k.origin = originOf(nil, common)
	}
	if len(k.shared)+len(secure.name) > keptLong {
		return k
	}
	if m.known == nil || len(m.known) >= keptMost {
		m.known = make(map[keptKey]*kept)
	}
	m.known[keptKey{k.shared, secure}] = k
	return k
}

// split takes a request head apart, into m.shared and m.own.
func (m *keeper) split(head string) {
	line, rest, _ := strings.Cut(head, "\r\n")
	query := ""
	m.shared, m.own = m.shared[:0], m.own[:0]
	if at := strings.IndexByte(line, '?'); at >= 0 {
		end := strings.LastIndexByte(line, ' ')
		query = line[at:end]
		m.shared = append(append(m.shared, line[:at]...), line[end:]...)
	} else {
		m.shared = append(m.shared, line...)
	}
	m.shared = append(m.shared, "\r\n"...)
	m.own = append(append(m.own, query...), "\r\n"...)
	for rest != "" {
		line, rest, _ = strings.Cut(rest, "\r\n")
		name, value := splitField(line)
		switch kindOf(name) {
		case commonField:
			m.shared = appendField(m.shared, name, value)
		case ownField:
			m.own = appendField(m.own, name, value)
		}
	}
	if len(m.own) == len("\r\n") {
		m.own = m.own[:0]
	}
}

func appendField(dst []byte, name, value string) []byte {
	dst = append(append(dst, name...), ':')
	return append(append(dst, value...), "\r\n"...)
}

// fieldKind is what becomes of a header once the connection is open.
type fieldKind uint8

const (
	ownField    fieldKind = iota // kept for its connection
	commonField                  // many clients have the same value: kept once for all
	hopField                     // served the upgrade only: not kept
)

// kindOf returns what becomes of the header of that name.
func kindOf(name string) fieldKind {
	var lower [len("sec-websocket-extensions")]byte // the longest that is no ownField
	if len(name) > len(lower) {
		return ownField
	}
	for i := range len(name) {
		if c := name[i]; 'A' <= c && c <= 'Z' {
			lower[i] = c | 0x20
		} else {
			lower[i] = c
		}
	}
	switch string(lower[:len(name)]) {
	case "connection", "upgrade", "sec-websocket-key":
		return hopField
	case "accept", "accept-encoding", "accept-language", "cache-control", "dnt", "host", "origin", "pragma", "priority",
		"sec-ch-ua", "sec-ch-ua-mobile", "sec-ch-ua-platform", "sec-fetch-dest", "sec-fetch-mode", "sec-fetch-site",
		"sec-gpc", "sec-websocket-extensions", "sec-websocket-origin", "sec-websocket-protocol", "sec-websocket-version",
		"user-agent", "via", "x-forwarded-host", "x-forwarded-port", "x-forwarded-proto":
		return commonField
	}
	return ownField
}
