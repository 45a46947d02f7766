package authtoken

import (
	"math"
	"time"

	"github.com/socketcluster-go/socketcluster/protocol"
)

// Claims is what a token says: a JSON object, with the types that encoding/json
// decodes into. Numbers are float64, as in JavaScript.
type Claims map[string]any

// Expiry returns the moment from which the claims no longer hold, and whether
// there is one: the claim exp, in seconds since 1970. An exp beyond the year
// 275760, the end of JavaScript's time, is none.
func (c Claims) Expiry() (time.Time, bool) {
	exp, ok := c["exp"].(float64)
	if !ok {
		return time.Time{}, false
	}
	return dateOf(exp)
}

// Expired reports whether the claims have an expiry that is before now, to the
// millisecond, as a live socket of the reference asks (isAuthTokenExpired). A
// new token is judged more strictly, by whole seconds: see JWT.Verify.
func (c Claims) Expired(now time.Time) bool {
	exp, ok := c["exp"].(float64)
	return ok && float64(now.UnixMilli()) > exp*1000
}

// dateOf is the moment that JavaScript's new Date(seconds * 1000) holds, if it
// holds one.
func dateOf(seconds float64) (time.Time, bool) {
	ms := math.Trunc(seconds * 1000)
	if math.IsNaN(ms) || math.Abs(ms) > 8.64e15 {
		return time.Time{}, false
	}
	return time.UnixMilli(int64(ms)).UTC(), true
}

// claimsOf turns whatever a program calls claims into JSON and back, so that the
// result shares nothing with it and has the types that Verify returns. The kind
// is JavaScript's typeof, for the messages; claims are nil if it is no object.
func claimsOf(v any) (claims Claims, kind string, err error) {
	d, err := protocol.Encode(v)
	if err != nil {
		return nil, "", err
	}
	if d == nil {
		return nil, "undefined", nil
	}
	// Numbers too large for a double become null here, and so an exp of that
	// kind an error; the reference signs a token with it that nobody accepts.
	if d, err = protocol.ParseData(d); err != nil {
		return nil, "", err
	}
	switch d[0] {
	case '{':
		err = d.Decode(&claims)
		return claims, "object", err
	case '[', 'n':
		return nil, "object", nil
	case '"':
		return nil, "string", nil
	case 't', 'f':
		return nil, "boolean", nil
	}
	return nil, "number", nil
}
