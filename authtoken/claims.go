package authtoken

import (
	"math"
	"time"
)

// Claims is what a token says: a JSON object, with the types that encoding/json
// decodes into. Numbers are float64, as in JavaScript.
type Claims map[string]any

// Expiry returns the moment from which the claims no longer hold, and whether
// there is one: the claim exp, in seconds since 1970.
func (c Claims) Expiry() (time.Time, bool) {
	exp, ok := c["exp"].(float64)
	if !ok {
		return time.Time{}, false
	}
	return dateOf(exp), true
}

// Expired reports whether the claims have an expiry that is before now, to the
// millisecond, as a live socket of the reference asks (isAuthTokenExpired). A
// new token is judged more strictly, by whole seconds: see JWT.Verify.
func (c Claims) Expired(now time.Time) bool {
	exp, ok := c["exp"].(float64)
	return ok && float64(now.UnixMilli()) > exp*1000
}

// dateOf is the moment that JavaScript's new Date(seconds * 1000) holds. What
// is beyond a Date's range becomes the zero time, whose JSON text is not sent.
func dateOf(seconds float64) time.Time {
	ms := math.Trunc(seconds * 1000)
	if math.IsNaN(ms) || math.Abs(ms) > 8.64e15 {
		return time.Time{}
	}
	return time.UnixMilli(int64(ms)).UTC()
}
