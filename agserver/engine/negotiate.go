package engine

// connParams is what client and server agreed on.
type connParams struct {
	// subprotocol is the agreed one; "" = none.
	subprotocol string
	// deflate says that permessage-deflate is on, in both directions without
	// context takeover. It goes into decoder.compress.
	deflate bool
	// windowBits bounds the deflate window towards the peer: 8 to 15.
	windowBits uint8
}

// checkUpgrade checks everything about the request that `ws` checks before it
// asks its user: method, headers, key, version, subprotocols, extensions. Call
// it before Handler.Upgrade; nil = go on.
func checkUpgrade(r *Request, def *Deflate) *refusal { return nil }

// negotiate makes the answer to a request that checkUpgrade let pass and the
// Handler decided over: the bytes of a 101 and what was agreed, or a refusal.
// def is the engine's deflate configuration, nil = the extension is ignored.
func negotiate(r *Request, def *Deflate, d *Decision) (answer []byte, params connParams, ref *refusal) {
	return nil, connParams{}, nil
}
