package authtoken_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/socketcluster-go/socketcluster/authtoken"
	"github.com/socketcluster-go/socketcluster/protocol"
)

func Example() {
	keys, err := authtoken.NewKeys(authtoken.KeyOptions{Secret: "a long secret from the environment"})
	if err != nil {
		panic(err)
	}
	var engine authtoken.JWT
	ctx := context.Background()

	token, err := engine.Sign(ctx, authtoken.Claims{"username": "alice"}, keys.Sign,
		&authtoken.SignOptions{ExpiresIn: authtoken.Text("2h")})
	if err != nil {
		panic(err)
	}
	claims, err := engine.Verify(ctx, token.Signed, keys.Verify, nil)
	expiry, _ := claims.Expiry()
	fmt.Println(claims["username"], err, time.Until(expiry) > time.Hour)

	_, err = engine.Verify(ctx, token.Signed+"x", keys.Verify, nil)
	fmt.Println(err, errors.Is(err, protocol.ErrAuthTokenInvalid))
	// Output:
	// alice <nil> true
	// AuthTokenInvalidError: invalid signature true
}

func ExampleSignOptions_Resolve() {
	defaults := authtoken.SignOptions{Algorithm: "HS512", ExpiresIn: authtoken.Seconds(86400)}
	given := authtoken.ParseSignOptions(protocol.Data(`{"expiresIn":"2h","issuer":"example"}`))

	options, _ := given.Resolve(defaults, authtoken.Claims{"username": "alice"})
	fmt.Println(options.Algorithm, options.ExpiresIn == authtoken.Text("2h"), options.Issuer)

	options, _ = given.Resolve(defaults, authtoken.Claims{"exp": 1900000000})
	fmt.Println("an exp of the claims' own wins:", options.ExpiresIn.IsZero())
	// Output:
	// HS512 true example
	// an exp of the claims' own wins: true
}

func ExampleToError() {
	// What an engine of one's own returns reaches the client without internals.
	err := authtoken.ToError(errors.New("dial tcp 10.0.0.7:5432: refused"))
	fmt.Println(protocol.Dehydrate(err))
	// Output: {"message":"The auth token could not be verified","name":"AuthTokenError","isBadToken":true}
}

func ExampleNewKeys_pair() {
	_, err := authtoken.NewKeys(authtoken.KeyOptions{PrivateKey: "-----BEGIN PRIVATE KEY-----\n…"})
	fmt.Println(err)
	// Output: InvalidOptionsError: The authPublicKey option must be specified if authPrivateKey is specified
}
