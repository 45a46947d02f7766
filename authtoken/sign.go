package authtoken

import (
	"crypto/rsa"
	"fmt"
	"maps"
	"strings"

	"github.com/socketcluster-go/socketcluster/protocol"
)

// sign makes a token, with jsonwebtoken's checks in its order.
func (j JWT) sign(given any, key *Key, o *SignOptions) (Token, error) {
	var list options
	if o != nil {
		list = o.list()
	}
	header, alg := headerOf(list)
	if err := checkSignKey(key, alg, list.flag("allowInsecureKeySizes")); err != nil {
		return Token{}, err
	}
	claims, kind, err := claimsOf(given)
	if err != nil {
		return Token{}, fmt.Errorf("authtoken: encode the claims: %w", err)
	}
	if err := checkClaims(claims, kind, list); err != nil {
		return Token{}, err
	}
	if err := list.check(); err != nil {
		return Token{}, err
	}
	if wrong := checkFit(alg, key.public); wrong != "" {
		return Token{}, signError("%s", wrong)
	}
	if err := addClaims(claims, list, j.seconds()); err != nil {
		return Token{}, err
	}
	signed, err := encodeToken(header, alg, claims, key)
	if err != nil {
		return Token{}, err
	}
	if limit := j.maxLength(); limit > 0 && len(signed) > limit {
		return Token{}, signError("The token is too long: %d bytes, at most %d are accepted", len(signed), limit)
	}
	return Token{signed, claims}, nil
}

// headerOf returns the token's header, and the algorithm in it, "" if that is
// no text: the option header may replace anything.
func headerOf(list options) (header map[string]any, alg string) {
	header = map[string]any{"alg": "HS256", "typ": "JWT"}
	if alg, _ := list.get("algorithm"); alg != nil && alg != "" {
		header["alg"] = alg
	}
	if kid, ok := list.get("keyid"); ok {
		header["kid"] = kid
	}
	more, _ := list.get("header")
	fields, _ := more.(map[string]any)
	maps.Copy(header, fields)
	alg, _ = header["alg"].(string)
	return header, alg
}

// checkSignKey tells whether the kind of key can be used for alg.
func checkSignKey(key *Key, alg string, insecure bool) error {
	switch {
	case key == nil:
		return signError("secretOrPrivateKey must have a value")
	case isSymmetric(alg) && key.secret == nil:
		return signError("secretOrPrivateKey must be a symmetric key when using %s", alg)
	case isAsymmetric(alg) && key.private == nil:
		return signError("secretOrPrivateKey must be an asymmetric key when using %s", alg)
	}
	if k, ok := key.private.(*rsa.PrivateKey); ok && !insecure && isAsymmetric(alg) && !strings.HasPrefix(alg, "ES") &&
		k.N.BitLen() < insecureRSABits {
		return signError("secretOrPrivateKey has a minimum key size of %d bits for %s", insecureRSABits, alg)
	}
	return nil
}

// claimOptions are the options that make no sense without an object of claims.
var claimOptions = []string{"expiresIn", "notBefore", "noTimestamp", "audience", "issuer", "subject", "jwtid"}

// checkClaims tells whether the claims can be signed with these options.
func checkClaims(claims Claims, kind string, list options) error {
	switch {
	case kind == "undefined":
		return signError("payload is required")
	case kind != "object":
		var wrong []string
		for _, name := range claimOptions {
			if _, ok := list.get(name); ok {
				wrong = append(wrong, name)
			}
		}
		if wrong != nil {
			return signError("invalid %s option for %s payload", strings.Join(wrong, ","), kind)
		}
		fallthrough // the reference signs it; here every token holds an object
	case claims == nil:
		return signError(`Expected "payload" to be a plain object.`)
	}
	// Of several bad ones the reference names the first in the object's order,
	// which a map does not have.
	for _, name := range []string{"iat", "exp", "nbf"} {
		v, ok := claims[name]
		if _, isNumber := v.(float64); ok && !isNumber {
			return signError(`"%s" should be a number of seconds`, name)
		}
	}
	for _, p := range [][2]string{{"exp", "expiresIn"}, {"nbf", "notBefore"}} {
		_, inClaims := claims[p[0]]
		if _, inOptions := list.get(p[1]); inClaims && inOptions {
			return signError(`Bad "options.%s" option the payload already has an "%s" property.`, p[1], p[0])
		}
	}
	return nil
}

// addClaims adds what the options say, to claims that were checked.
func addClaims(c Claims, list options, now float64) error {
	start, _ := c["iat"].(float64)
	if start == 0 {
		start = now
	}
	if list.flag("noTimestamp") {
		delete(c, "iat")
	} else {
		c["iat"] = start
	}
	for _, p := range [][2]string{{"notBefore", "nbf"}, {"expiresIn", "exp"}} {
		v, ok := list.get(p[0])
		if !ok {
			continue
		}
		moment, ok := Timespan{v}.from(start)
		if !ok {
			return signError(`"%s" should be a number of seconds or string representing a timespan eg: "1d", "20h", 60`, p[0])
		}
		c[p[1]] = moment
	}
	for _, p := range [][2]string{{"audience", "aud"}, {"issuer", "iss"}, {"subject", "sub"}, {"jwtid", "jti"}} {
		v, ok := list.get(p[0])
		if !ok {
			continue
		}
		if _, taken := c[p[1]]; taken {
			return signError(`Bad "options.%s" option. The payload already has an "%s" property.`, p[0], p[1])
		}
		c[p[1]] = v
	}
	return nil
}

func encodeToken(header map[string]any, alg string, claims Claims, key *Key) (string, error) {
	method := methods[alg]
	if method == nil {
		return "", signError(`"%v" is not a valid algorithm`, header["alg"])
	}
	head, err := protocol.Encode(header)
	if err != nil {
		return "", fmt.Errorf("authtoken: encode the header: %w", err)
	}
	payload, err := protocol.Encode(claims)
	if err != nil {
		return "", fmt.Errorf("authtoken: encode the claims: %w", err)
	}
	text := encode64(head) + "." + encode64(payload)
	var with any = key.private
	if key.private == nil {
		with = key.secret
	}
	signature, err := method.Sign(text, with)
	if err != nil {
		return "", fmt.Errorf("authtoken: sign: %w", err)
	}
	return text + "." + encode64(signature), nil
}
