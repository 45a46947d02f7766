package engine

import "strings"

// parseSubprotocols parses a Sec-WebSocket-Protocol header as `ws` does
// (lib/subprotocol.js): tokens between commas, none empty, none twice. ok is
// false if it is malformed; a missing header (present = false) is fine.
func parseSubprotocols(header string, present bool) (offered []string, ok bool) {
	if !present {
		return nil, true
	}
	// A set, because looking through the list would be quadratic.
	seen := make(map[string]struct{}, strings.Count(header, ",")+1)
	for name := range strings.SplitSeq(header, ",") {
		name = strings.Trim(name, " \t")
		if _, twice := seen[name]; twice || !isToken(name) {
			return nil, false
		}
		seen[name] = struct{}{}
		offered = append(offered, name)
	}
	return offered, true
}
