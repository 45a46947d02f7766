package authtoken

import (
	"errors"
	"fmt"

	"github.com/golang-jwt/jwt/v5"

	"github.com/socketcluster-go/socketcluster/protocol"
)

// ErrAlgorithmAtRuntime is what a server emits, without failing, when a single
// token is to be signed with an algorithm of its own.
var ErrAlgorithmAtRuntime = protocol.ErrInvalidArguments.Withf(
	"Cannot change auth token algorithm at runtime - It must be specified as a config option on launch")

// badToken is the field that tells a client to throw its token away.
const badToken = "isBadToken"

// SignedText returns the token that a client sent: the text, or "" for
// undefined and null. Any other value is the reference's AuthTokenError.
func SignedText(d protocol.Data) (string, error) {
	if d == nil || d.IsNull() {
		return "", nil
	}
	text, ok := d.Text()
	if !ok {
		return "", otherError("Invalid token format - Token must be a string")
	}
	return text, nil
}

// ToError returns an engine's error as clients see it, as the reference's
// _processTokenError does: an AuthTokenExpiredError (field expiry), an
// AuthTokenInvalidError, an AuthTokenNotBeforeError (field date), or an
// AuthTokenError for everything else, each with the field isBadToken. JWT
// returns such errors already; those of golang-jwt are told apart; of any other
// error that is no *protocol.Error the text stays inside. nil stays nil.
func ToError(err error) *protocol.Error {
	if err == nil {
		return nil
	}
	var named *protocol.Error
	switch {
	case errors.As(err, &named):
		return fromNamed(named)
	case errors.Is(err, jwt.ErrTokenExpired):
		return protocol.ErrAuthTokenExpired.Withf("jwt expired").WithField(badToken, true)
	case errors.Is(err, jwt.ErrTokenNotValidYet):
		return protocol.ErrAuthTokenNotBefore.Withf("jwt not active").WithField(badToken, false)
	case errors.Is(err, jwt.ErrTokenMalformed):
		return invalidError("jwt malformed")
	case errors.Is(err, jwt.ErrTokenSignatureInvalid):
		return invalidError("invalid signature")
	}
	return otherError("The auth token could not be verified")
}

// fromNamed keeps the names that belong here, and adds isBadToken where an
// engine left it out.
func fromNamed(err *protocol.Error) *protocol.Error {
	switch err.Name {
	case protocol.ErrAuthTokenExpired.Name, protocol.ErrAuthTokenInvalid.Name,
		protocol.ErrAuthTokenNotBefore.Name, protocol.ErrAuthToken.Name:
	default:
		return otherError(err.Message)
	}
	if err.Field(badToken) != nil {
		return err
	}
	return err.WithField(badToken, err.Name != protocol.ErrAuthTokenNotBefore.Name)
}

// NewExpiredError returns the error of a live socket whose token has run out.
// Its expiry is the claim exp itself, a number, where JWT.Verify has a date.
func NewExpiredError(c Claims) *protocol.Error {
	return protocol.NewAuthTokenExpiredError("The socket auth token has expired", c["exp"])
}

func invalidError(message string) *protocol.Error {
	return protocol.ErrAuthTokenInvalid.Withf("%s", message).WithField(badToken, true)
}

func otherError(message string) *protocol.Error {
	return protocol.ErrAuthToken.Withf("%s", message).WithField(badToken, true)
}

func expiredError(exp float64) *protocol.Error {
	return protocol.NewAuthTokenExpiredError("jwt expired", isoDate(exp)).WithField(badToken, true)
}

func notBeforeError(nbf float64) *protocol.Error {
	return protocol.NewAuthTokenNotBeforeError("jwt not active", isoDate(nbf)).WithField(badToken, false)
}

// isoDate is a moment in seconds as JavaScript writes a Date: the JSON null
// beyond a Date's range, six digits and a sign for years that need them.
func isoDate(seconds float64) any {
	t, ok := dateOf(seconds)
	if !ok {
		return protocol.Null
	}
	const rest = "-01-02T15:04:05.000Z"
	if y := t.Year(); y < 0 || y > 9999 {
		return fmt.Sprintf("%+07d", y) + t.Format(rest)
	}
	return t.Format("2006" + rest)
}

// signError is a mistake of the program that signs: a plain Error there.
func signError(format string, args ...any) *protocol.Error {
	return (&protocol.Error{}).Withf(format, args...)
}
