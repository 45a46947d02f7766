package authtoken

import (
	"crypto/ecdsa"
	"fmt"
	"slices"
	"strings"

	"github.com/golang-jwt/jwt/v5"

	"github.com/socketcluster-go/socketcluster/protocol"
)

// verify looks at a token in jsonwebtoken's order, since the first thing found
// wrong is what the client is told.
func (j JWT) verify(signed string, key *Key, o *VerifyOptions) (Claims, error) {
	if limit := j.maxLength(); limit > 0 && len(signed) > limit {
		return nil, invalidError("jwt is too long")
	}
	if signed == "" {
		return nil, invalidError("jwt must be provided")
	}
	t, err := split(signed)
	if err != nil {
		return nil, err
	}
	if err := t.checkSignature(key, o); err != nil {
		return nil, err
	}
	if !t.payload.IsObject() {
		return nil, invalidError("jwt payload must be an object")
	}
	var claims Claims
	if err := t.payload.Decode(&claims); err != nil {
		return nil, otherError(deepPayload)
	}
	return claims, j.checkTimes(claims)
}

// deepPayload is said of JSON that is nested deeper than package protocol reads.
const deepPayload = "jwt payload is nested too deep"

// badPayload is the error of an encoded payload that protocol does not read.
func badPayload(encoded string) error {
	if message := syntaxMessage(decode64(encoded)); message != "" {
		return otherError(message)
	}
	return otherError(deepPayload)
}

// parts is a token taken apart.
type parts struct {
	signed    string        // what the signature is for
	alg       string        // "" if the header names none
	payload   protocol.Data // nil if it is no JSON
	signature string
}

func split(signed string) (*parts, error) {
	if strings.Count(signed, ".") != 2 {
		return nil, invalidError("jwt malformed")
	}
	first, last := strings.IndexByte(signed, '.'), strings.LastIndexByte(signed, '.')
	header, payload, signature := signed[:first], signed[first+1:last], signed[last+1:]
	if header == "" || payload == "" || !isBase64URL(header) || !isBase64URL(payload) || !isBase64URL(signature) {
		return nil, invalidError("invalid token")
	}
	t := &parts{signed: signed[:last], signature: signature}
	typ, ok := t.readHeader(header)
	if !ok {
		return nil, invalidError("invalid token")
	}
	var err error
	if t.payload, err = protocol.ParseData(decode64(payload)); err != nil && typ == "JWT" {
		return nil, badPayload(payload)
	}
	return t, nil
}

// plainHeaders are the headers that jsonwebtoken and Sign write, encoded, with
// the algorithms in them. Not decoding those saves 15 of the 54 allocations of
// verifying a token, and with HS256 about a quarter of the time.
var plainHeaders = func() map[string]string {
	headers := make(map[string]string, len(methods))
	for alg := range methods {
		headers[encode64([]byte(`{"alg":"`+alg+`","typ":"JWT"}`))] = alg
	}
	return headers
}()

// readHeader finds the algorithm and the type. Nothing else in a header counts;
// one that JavaScript takes for false is no header.
func (t *parts) readHeader(encoded string) (typ string, ok bool) {
	if alg := plainHeaders[encoded]; alg != "" {
		t.alg = alg
		return "JWT", true
	}
	d, err := protocol.ParseData(fromLatin1(decode64(encoded)))
	if err != nil || d.Falsy() {
		return "", false
	}
	// A map, not a struct: encoding/json would take "ALG" for "alg".
	var header map[string]any
	if d.IsObject() && d.Decode(&header) != nil {
		return "", false
	}
	t.alg, _ = header["alg"].(string)
	typ, _ = header["typ"].(string)
	return typ, true
}

func (t *parts) checkSignature(key *Key, o *VerifyOptions) error {
	if key == nil {
		return invalidError("secret or public key must be provided")
	}
	if t.signature == "" {
		return invalidError("jwt signature is required")
	}
	algorithms := algorithmsFor(key)
	if o != nil && o.Algorithms != nil {
		algorithms = o.Algorithms
	}
	method := methods[t.alg]
	if method == nil || !slices.Contains(algorithms, t.alg) {
		return invalidError("invalid algorithm")
	}
	if isSymmetric(t.alg) && key.secret == nil {
		return invalidError("secretOrPublicKey must be a symmetric key when using " + t.alg)
	}
	if isAsymmetric(t.alg) && key.public == nil {
		return invalidError("secretOrPublicKey must be an asymmetric key when using " + t.alg)
	}
	if wrong := checkFit(t.alg, key.public); wrong != "" {
		return otherError(wrong)
	}
	return t.compare(method, key)
}

func (t *parts) compare(method jwt.SigningMethod, key *Key) error {
	signature := decode64(t.signature)
	var with any = key.public
	switch k := key.public.(type) {
	case nil:
		with = key.secret
		// The reference compares the texts of two digests, not the digests.
		if encode64(signature) != t.signature {
			return invalidError("invalid signature")
		}
	case *ecdsa.PublicKey:
		if want := 2 * ((k.Curve.Params().BitSize + 7) / 8); len(signature) != want {
			return otherError(fmt.Sprintf(`"%s" signatures must be "%d" bytes, saw "%d"`, t.alg, want, len(signature)))
		}
	}
	if method.Verify(t.signed, signature, with) != nil {
		return invalidError("invalid signature")
	}
	return nil
}

// checkTimes holds the claims nbf and exp against the clock.
func (j JWT) checkTimes(c Claims) error {
	now := j.seconds()
	if nbf, ok := c["nbf"]; ok {
		n, ok := nbf.(float64)
		if !ok {
			return invalidError("invalid nbf value")
		}
		if n > now {
			return notBeforeError(n)
		}
	}
	if exp, ok := c["exp"]; ok {
		n, ok := exp.(float64)
		if !ok {
			return invalidError("invalid exp value")
		}
		if now >= n {
			return expiredError(n)
		}
	}
	return nil
}

func isBase64URL(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_':
		default:
			return false
		}
	}
	return true
}

// fromLatin1 returns the text whose characters are the bytes of p: that is how
// the reference reads a header.
func fromLatin1(p []byte) []byte {
	if !slices.ContainsFunc(p, func(c byte) bool { return c >= 0x80 }) {
		return p
	}
	text := make([]rune, len(p))
	for i, c := range p {
		text[i] = rune(c)
	}
	return []byte(string(text))
}
