// Package authtoken signs and verifies the tokens by which sockets are
// authenticated: JSON Web Tokens, as jsonwebtoken makes and reads them behind
// the Node server's ag-auth.
//
//	keys, err := authtoken.NewKeys(authtoken.KeyOptions{Secret: os.Getenv("AUTH_KEY")})
//	var engine authtoken.JWT
//	token, err := engine.Sign(ctx, authtoken.Claims{"username": "alice"}, keys.Sign,
//		&authtoken.SignOptions{ExpiresIn: authtoken.Text("2h")})
//	claims, err := engine.Verify(ctx, token.Signed, keys.Verify, nil)
//	if errors.Is(err, protocol.ErrAuthTokenExpired) { … }
//
// Keys are parsed once, by NewKeys. What a token says about keys (kid, jku,
// x5u, jwk, x5c) is never looked at, and the algorithm "none" is never accepted
// nor made. Without a pin in VerifyOptions the kind of the key decides:
// HS256, HS384 and HS512 for a secret, RS* and PS* for an RSA key, and the one
// ES* that fits the curve for an elliptic one.
//
// # Concurrency
//
// Nothing here changes after it was made: keys, options and engines may be used
// by many goroutines at once. No function blocks; the context of an Engine is
// for engines that ask somebody else.
//
// # Words of the reference
//
// Names, messages and the order of checks are those of jsonwebtoken 9.0.3 on
// Node.js 20, whose JSON parser a client hears when it spoils its own payload.
// testdata holds three thousand answers of the reference, and the script that
// asked for them.
//
// # Departures from the reference
//
//   - A token longer than JWT.MaxLength is refused before it is looked at, and
//     one that would become longer is not made.
//   - A token whose payload is no JSON object is refused; the reference takes a
//     signed string or list for claims.
//   - A PEM text that cannot be read, is encrypted, or holds a key that no
//     algorithm takes is an error of NewKeys. The reference falls back to using
//     the text as a secret, or fails at every token.
//   - Of the encodings of a payload there is only utf8, and a header may not set
//     the algorithm to "none".
package authtoken
