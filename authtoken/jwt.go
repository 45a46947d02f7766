package authtoken

import (
	"context"
	"time"
)

// DefaultMaxLength is the length in bytes that tokens may have by default.
const DefaultMaxLength = 32 << 10

// JWT is the default engine. Its zero value is ready to use.
type JWT struct {
	// MaxLength is the length in bytes that a token may have. Zero:
	// DefaultMaxLength. Negative: no limit.
	MaxLength int
	// Now tells the time. nil: time.Now.
	Now func() time.Time
}

var _ Engine = JWT{}

// Sign makes a token. Its errors have jsonwebtoken's messages; they are
// mistakes of the program, no business of the client's, and make the server
// close the socket with 4002.
func (j JWT) Sign(_ context.Context, claims any, key *Key, o *SignOptions) (Token, error) {
	return j.sign(claims, key, o)
}

// Verify reads a token. Its errors are those of ToError. A token has expired in
// the second that exp names, and holds from the second that nbf names.
func (j JWT) Verify(_ context.Context, signed string, key *Key, o *VerifyOptions) (Claims, error) {
	claims, err := j.verify(signed, key, o)
	if err != nil {
		return nil, err
	}
	return claims, nil
}

func (j JWT) maxLength() int {
	if j.MaxLength == 0 {
		return DefaultMaxLength
	}
	return j.MaxLength
}

// seconds is the time in whole seconds.
func (j JWT) seconds() float64 {
	now := time.Now
	if j.Now != nil {
		now = j.Now
	}
	return float64(now().Unix())
}
