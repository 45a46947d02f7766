package authtoken

import "context"

// Engine makes and reads the tokens of a server. JWT is the default; one of
// one's own may ask a service, keep sessions in a table, and so on.
//
// Both methods are called from many goroutines at once and may block until ctx
// is done: only JWT, which never does, is called from an event loop. Errors of
// Verify go through ToError before a client sees them; those of Sign close the
// socket with 4002.
type Engine interface {
	// Sign returns a token that holds the claims, and the claims as the token has
	// them (with iat and exp, say). It does not change the claims it is given:
	// a Claims value or anything else that encodes to a JSON object.
	Sign(ctx context.Context, claims any, key *Key, o *SignOptions) (Token, error)
	// Verify returns the claims of a token that was signed with the key and holds
	// now. An empty text stands for no token at all.
	Verify(ctx context.Context, signed string, key *Key, o *VerifyOptions) (Claims, error)
}

// Token is a signed token together with the claims in it.
type Token struct {
	Signed string
	Claims Claims
}
