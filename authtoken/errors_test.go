package authtoken_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/golang-jwt/jwt/v5"

	"github.com/socketcluster-go/socketcluster/authtoken"
	"github.com/socketcluster-go/socketcluster/protocol"
)

func TestToError(t *testing.T) {
	for _, tt := range []struct {
		name string
		err  error
		want string
	}{
		{"Nil", nil, ""},
		{"GolangExpired", fmt.Errorf("mine: %w", jwt.ErrTokenExpired),
			`{"message":"jwt expired","name":"AuthTokenExpiredError","isBadToken":true}`},
		{"GolangNotBefore", jwt.ErrTokenNotValidYet,
			`{"message":"jwt not active","name":"AuthTokenNotBeforeError","isBadToken":false}`},
		{"GolangMalformed", jwt.ErrTokenMalformed,
			`{"message":"jwt malformed","name":"AuthTokenInvalidError","isBadToken":true}`},
		{"GolangSignature", jwt.ErrTokenSignatureInvalid,
			`{"message":"invalid signature","name":"AuthTokenInvalidError","isBadToken":true}`},
		{"InternalsStayInside", errors.New("dial tcp 10.0.0.7:5432"),
			`{"message":"The auth token could not be verified","name":"AuthTokenError","isBadToken":true}`},
		{"Cancelled", context.Canceled,
			`{"message":"The auth token could not be verified","name":"AuthTokenError","isBadToken":true}`},
		{"OtherName", &protocol.Error{Name: "RevokedError", Message: "revoked"},
			`{"message":"revoked","name":"AuthTokenError","isBadToken":true}`},
		{"OwnNameWithoutField", protocol.ErrAuthTokenInvalid.Withf("gone"),
			`{"message":"gone","name":"AuthTokenInvalidError","isBadToken":true}`},
		{"OwnNotBeforeWithoutField", protocol.ErrAuthTokenNotBefore.Withf("soon"),
			`{"message":"soon","name":"AuthTokenNotBeforeError","isBadToken":false}`},
		{"OwnNameWithField", protocol.ErrAuthToken.Withf("busy").WithField("isBadToken", false),
			`{"message":"busy","name":"AuthTokenError","isBadToken":false}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := ""
			if err := authtoken.ToError(tt.err); err != nil {
				got = protocol.Dehydrate(err).String()
			}
			if got != tt.want {
				t.Errorf("ToError() = %s, want %s", got, tt.want)
			}
		})
	}
}

func TestNewExpiredError(t *testing.T) {
	err := authtoken.NewExpiredError(authtoken.Claims{"exp": 1700000000.5})
	const want = `{"message":"The socket auth token has expired","name":"AuthTokenExpiredError","expiry":1700000000.5}`
	if got := protocol.Dehydrate(err).String(); got != want {
		t.Errorf("NewExpiredError() = %s, want %s", got, want)
	}
	if !errors.Is(err, protocol.ErrAuthTokenExpired) {
		t.Error("errors.Is(err, ErrAuthTokenExpired) = false, want true")
	}
}
