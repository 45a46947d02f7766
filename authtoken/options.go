package authtoken

import "github.com/socketcluster-go/socketcluster/protocol"

// SignOptions say how a token is made. Zero fields are not given, and the zero
// value signs with HS256 and without expiry. They are those of jsonwebtoken;
// what is wrong with them is an error of Sign, in the order in which
// jsonwebtoken looks.
type SignOptions struct {
	// Algorithm is HS256 by default; HS384, HS512, RS256, RS384, RS512, PS256,
	// PS384, PS512, ES256, ES384 or ES512. It must fit the key.
	Algorithm string
	// ExpiresIn is the time from the claim iat (or from now) to the claim exp. It
	// is an error if the claims have their own exp: see Resolve.
	ExpiresIn Timespan
	// NotBefore is the time from the claim iat (or from now) to the claim nbf.
	NotBefore Timespan
	// Audience is the claim aud: a string or a list ([]string or []any).
	Audience any
	Issuer   string // claim iss
	Subject  string // claim sub
	JWTID    string // claim jti
	KeyID    string // header field kid
	// Header has further fields of the token's header.
	Header map[string]any
	// NoTimestamp leaves out the claim iat.
	NoTimestamp bool
	// AllowInsecureKeySizes signs with RSA keys below 2048 bits too.
	AllowInsecureKeySizes bool

	given options // as ParseSignOptions read them; the fields above win
}

// VerifyOptions say which tokens are accepted.
type VerifyOptions struct {
	// Algorithms are those that a token may be signed with. nil: those that fit
	// the key. Empty but not nil: none.
	Algorithms []string
	// Socket is the socket that presents the token, an *agserver.Socket, for
	// engines of one's own. JWT does not look at it.
	Socket any
}

// ParseSignOptions reads options as a program for the Node server gives them: a
// JSON object under jsonwebtoken's names. It never fails: unknown names and
// values of the wrong type are errors of Sign, with the reference's text. The
// member rejectOnFailedDelivery, which is the server's own, is skipped. Known
// names that change nothing here are mutatePayload (the claims of a Token are
// complete in any case) and allowInvalidAsymmetricKeyTypes.
func ParseSignOptions(d protocol.Data) SignOptions {
	given := parseOptions(d)
	given.drop("rejectOnFailedDelivery")
	return given.typed()
}

// Resolve returns the options by which a server signs claims, as the
// reference's setAuthToken finds them: an exp among the claims wins over
// ExpiresIn, which wins over the default; the algorithm is always the
// default's. refused says that o asked for an algorithm nevertheless, which the
// reference reports as ErrAlgorithmAtRuntime without failing.
func (o SignOptions) Resolve(defaults SignOptions, claims any) (resolved SignOptions, refused bool) {
	list, base := o.list(), defaults.list()
	if alg, ok := list.get("algorithm"); ok && alg != nil {
		list.drop("algorithm")
		refused = true
	}
	list.drop("mutatePayload") // the server sets it to true
	if hasExpiry(claims) {
		list.drop("expiresIn")
	} else if v, _ := list.get("expiresIn"); v == nil {
		list.drop("expiresIn")
		if v, ok := base.get("expiresIn"); ok {
			list.set("expiresIn", v)
		}
	}
	if alg, _ := base.get("algorithm"); alg != nil {
		list.set("algorithm", alg)
	}
	return list.typed(), refused
}

// hasExpiry tells whether the claims have an exp other than null, of any type.
func hasExpiry(claims any) bool {
	if c, ok := claims.(Claims); ok {
		return c["exp"] != nil
	}
	c, _, err := claimsOf(claims)
	return err == nil && c["exp"] != nil
}
