package main

import (
	"fmt"
	"strings"
)

// defaultTarget is the path that the servers listen on unless a group says
// otherwise.
const defaultTarget = "/socketcluster/"

// upgradeRequest builds the request of an "open" step: "[TARGET] [| HEADER]…".
// A header "Name: value" replaces the default one of that name or is added,
// "+Name: value" is added in any case, "-Name" is left out.
func upgradeRequest(args string) string {
	parts := strings.Split(args, " | ")
	target := strings.TrimSpace(parts[0])
	switch {
	case strings.HasPrefix(args, "| "):
		parts = append([]string{""}, strings.Split(args[2:], " | ")...)
		target = defaultTarget
	case target == "" || strings.HasPrefix(target, "?"):
		target = defaultTarget + target
	}
	headers := []string{
		"Host: localhost",
		"Upgrade: websocket",
		"Connection: Upgrade",
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
		"Sec-WebSocket-Version: 13",
	}
	for _, header := range parts[1:] {
		headers = applyHeader(headers, header)
	}
	return fmt.Sprintf("GET %s HTTP/1.1\r\n%s\r\n\r\n", escapeTarget(target), strings.Join(headers, "\r\n"))
}

func applyHeader(headers []string, header string) []string {
	if added, ok := strings.CutPrefix(header, "+"); ok {
		return append(headers, added)
	}
	removed, remove := strings.CutPrefix(header, "-")
	name, _, _ := strings.Cut(removed, ":")
	for i, h := range headers {
		if old, _, _ := strings.Cut(h, ":"); strings.EqualFold(old, name) {
			if remove {
				return append(headers[:i:i], headers[i+1:]...)
			}
			headers[i] = header
			return headers
		}
	}
	if remove {
		return headers
	}
	return append(headers, header)
}

// escapeTarget percent-encodes what may not stand in a request line, so that a
// transcript can write JSON into a query.
func escapeTarget(target string) string {
	var b strings.Builder
	for i := range len(target) {
		switch c := target[i]; {
		case c <= ' ' || c >= 0x7f || strings.IndexByte(`"{}<>\^|#`+"`", c) >= 0:
			fmt.Fprintf(&b, "%%%02X", c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}
