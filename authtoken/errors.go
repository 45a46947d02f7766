package authtoken

import "github.com/socketcluster-go/socketcluster/protocol"

// ErrAlgorithmAtRuntime is what a server emits, without failing, when a single
// token is to be signed with an algorithm of its own.
var ErrAlgorithmAtRuntime = protocol.ErrInvalidArguments.Withf(
	"Cannot change auth token algorithm at runtime - It must be specified as a config option on launch")

// SignedText returns the token that a client sent: the text, or "" for
// undefined and null. Any other value is the reference's AuthTokenError.
func SignedText(d protocol.Data) (string, error) { return signedText(d) }

// ToError returns an engine's error as clients see it, as the reference's
// _processTokenError does: an AuthTokenExpiredError (field expiry), an
// AuthTokenInvalidError, an AuthTokenNotBeforeError (field date), or an
// AuthTokenError for everything else, each with the field isBadToken. JWT
// returns such errors already. nil stays nil.
func ToError(err error) *protocol.Error { return toError(err) }

// IsBadToken reports whether the client should throw its token away: always,
// but for one that is not yet active (and for no error).
func IsBadToken(err error) bool { return isBadToken(err) }

// NewExpiredError returns the error of a live socket whose token has run out.
// Its expiry is the claim exp itself, a number, where JWT.Verify has a date.
func NewExpiredError(c Claims) *protocol.Error {
	return protocol.NewAuthTokenExpiredError("The socket auth token has expired", c["exp"])
}
