package authtoken_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/socketcluster-go/socketcluster/authtoken"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// standing is a clock that shows the same second for ever.
const standing = 1700000000

func standingClock() time.Time { return time.Unix(standing, 0) }

func TestJWT_SignOptions(t *testing.T) {
	engine := authtoken.JWT{Now: standingClock}
	keys := mustKeys(t, authtoken.KeyOptions{Secret: "s"})
	token, err := engine.Sign(t.Context(), authtoken.Claims{"a": 1}, keys.Sign, &authtoken.SignOptions{
		Algorithm: "HS384", ExpiresIn: authtoken.After(90*time.Second + 900*time.Millisecond), NotBefore: authtoken.Seconds(-5),
		Audience: []string{"x", "y"}, Issuer: "i", Subject: "s", JWTID: "j", KeyID: "k", Header: map[string]any{"cty": "c"},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := authtoken.Claims{
		"a": 1.0, "iat": 1.7e9, "exp": 1.7e9 + 90, "nbf": 1.7e9 - 5, "aud": []any{"x", "y"}, "iss": "i", "sub": "s", "jti": "j",
	}
	if !reflect.DeepEqual(token.Claims, want) {
		t.Errorf("Sign() claims = %v, want %v", token.Claims, want)
	}
	header := map[string]any{"alg": "HS384", "typ": "JWT", "kid": "k", "cty": "c"}
	if got := decodePart(t, token.Signed, 0); !reflect.DeepEqual(got, header) {
		t.Errorf("Sign() header = %v, want %v", got, header)
	}
	claims, err := engine.Verify(t.Context(), token.Signed, keys.Verify, nil)
	if err != nil || !reflect.DeepEqual(claims, want) {
		t.Errorf("Verify() = %v, %v, want %v", claims, err, want)
	}
}

// A header is read as Latin-1, as in the reference: no bytes make it a bad one.
func TestJWT_HeaderIsLatin1(t *testing.T) {
	keys := mustKeys(t, authtoken.KeyOptions{Secret: "s"})
	for _, header := range []string{"{\"alg\":\"HS256\",\"kid\":\"caf\xe9\"}", `{"alg":"HS256","kid":"café"}`} {
		text := base64.RawURLEncoding.EncodeToString([]byte(header)) + ".e30"
		mac := hmac.New(sha256.New, []byte("s"))
		mac.Write([]byte(text))
		signed := text + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
		if _, err := (authtoken.JWT{}).Verify(t.Context(), signed, keys.Verify, nil); err != nil {
			t.Errorf("Verify() of a token with the header %q = %v, want nil", header, err)
		}
	}
}

func TestJWT_SignErrors(t *testing.T) {
	keys := mustKeys(t, authtoken.KeyOptions{Secret: "s"})
	for _, tt := range []struct {
		name    string
		claims  any
		key     *authtoken.Key
		options *authtoken.SignOptions
		want    string
	}{
		{"NoKey", authtoken.Claims{}, nil, nil, "secretOrPrivateKey must have a value"},
		{"NoClaims", nil, keys.Sign, nil, "payload is required"},
		{"NilClaims", authtoken.Claims(nil), keys.Sign, nil, `Expected "payload" to be a plain object.`},
		{"TextAlone", "text", keys.Sign, nil, `Expected "payload" to be a plain object.`},
		{"NotJSON", authtoken.Claims{"f": func() {}}, keys.Sign, nil, "encode the claims"},
		{"Audience", authtoken.Claims{}, keys.Sign, &authtoken.SignOptions{Audience: 5}, `"audience" must be a string or array`},
		{"Taken", authtoken.Claims{"iss": nil}, keys.Sign, &authtoken.SignOptions{Issuer: "i"},
			`Bad "options.issuer" option. The payload already has an "iss" property.`},
		{"Twice", authtoken.Claims{"exp": 5}, keys.Sign, &authtoken.SignOptions{ExpiresIn: authtoken.Seconds(5)},
			`Bad "options.expiresIn" option the payload already has an "exp" property.`},
		{"HeaderNone", authtoken.Claims{}, keys.Sign, &authtoken.SignOptions{Header: map[string]any{"alg": "none"}},
			`"none" is not a valid algorithm`},
		{"HeaderNoText", authtoken.Claims{}, keys.Sign, &authtoken.SignOptions{Header: map[string]any{"alg": 5}},
			`"5" is not a valid algorithm`},
		{"HeaderNotJSON", authtoken.Claims{}, keys.Sign, &authtoken.SignOptions{Header: map[string]any{"f": func() {}}},
			"encode the header"},
		{"TooLong", authtoken.Claims{"a": strings.Repeat("x", authtoken.DefaultMaxLength)}, keys.Sign, nil, "The token is too long"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			token, err := authtoken.JWT{}.Sign(t.Context(), tt.claims, tt.key, tt.options)
			if err == nil || !strings.Contains(err.Error(), tt.want) || token.Signed != "" {
				t.Errorf("Sign() = %v, %v, want %q", token, err, tt.want)
			}
		})
	}
}

// The claims that a program hands over stay as they are, and share nothing with
// those of the token.
func TestJWT_SignLeavesClaimsAlone(t *testing.T) {
	inner := []any{1.0}
	claims := authtoken.Claims{"list": inner}
	token, err := authtoken.JWT{}.Sign(t.Context(), claims, mustKeys(t, authtoken.KeyOptions{}).Sign, nil)
	if err != nil {
		t.Fatal(err)
	}
	token.Claims["list"].([]any)[0] = 2.0
	if len(claims) != 1 || inner[0] != 1.0 {
		t.Errorf("claims = %v, want them unchanged", claims)
	}
}

func TestJWT_SignStruct(t *testing.T) {
	claims := struct {
		User string `json:"user"`
		Exp  int64  `json:"exp"`
	}{"alice", 9e9}
	options, _ := authtoken.SignOptions{}.Resolve(authtoken.SignOptions{ExpiresIn: authtoken.Text("1h")}, claims)
	token, err := authtoken.JWT{Now: standingClock}.Sign(t.Context(), claims, mustKeys(t, authtoken.KeyOptions{}).Sign, &options)
	want := authtoken.Claims{"user": "alice", "exp": 9e9, "iat": 1.7e9}
	if err != nil || !reflect.DeepEqual(token.Claims, want) {
		t.Errorf("Sign() = %v, %v, want %v", token.Claims, err, want)
	}
}

func TestSignOptions_ResolveFillsTheFields(t *testing.T) {
	given := authtoken.ParseSignOptions(protocol.Data(`{"issuer":"i","algorithm":"HS512","mutatePayload":5,"noTimestamp":true}`))
	defaults := authtoken.SignOptions{Algorithm: "RS256", ExpiresIn: authtoken.Seconds(60)}
	got, refused := given.Resolve(defaults, authtoken.Claims{})
	if !refused {
		t.Error("Resolve() refused = false, want true")
	}
	if got.Algorithm != "RS256" || got.ExpiresIn != authtoken.Seconds(60) || got.Issuer != "i" || !got.NoTimestamp {
		t.Errorf("Resolve() = %+v, want the options and the defaults", got)
	}
	if got, _ := given.Resolve(defaults, authtoken.Claims{"exp": "x"}); !got.ExpiresIn.IsZero() {
		t.Errorf("Resolve() for claims with exp: ExpiresIn = %v, want none", got.ExpiresIn)
	}
}

func TestJWT_MaxLength(t *testing.T) {
	keys := mustKeys(t, authtoken.KeyOptions{Secret: "s"})
	token, err := authtoken.JWT{}.Sign(t.Context(), authtoken.Claims{"a": strings.Repeat("x", 100)}, keys.Sign, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name   string
		engine authtoken.JWT
		signed string
		want   string
	}{
		{"Fits", authtoken.JWT{MaxLength: len(token.Signed)}, token.Signed, ""},
		{"TooLong", authtoken.JWT{MaxLength: len(token.Signed) - 1}, token.Signed, "jwt is too long"},
		{"Dots", authtoken.JWT{}, strings.Repeat(".", 1<<20), "jwt is too long"},
		{"DotsWithoutLimit", authtoken.JWT{MaxLength: -1}, strings.Repeat(".", 1<<20), "jwt malformed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := tt.engine.Verify(t.Context(), tt.signed, keys.Verify, nil)
			var named *protocol.Error
			switch {
			case tt.want == "" && err != nil:
				t.Errorf("Verify() = %v, want no error", err)
			case tt.want != "" && (!errors.As(err, &named) || named.Message != tt.want || !errors.Is(err, protocol.ErrAuthTokenInvalid)):
				t.Errorf("Verify() = %v, want %q", err, tt.want)
			}
		})
	}
}

func TestJWT_VerifyNeedsAKey(t *testing.T) {
	_, err := authtoken.JWT{}.Verify(t.Context(), "e30.e30.e30", nil, nil)
	var named *protocol.Error
	if !errors.As(err, &named) || named.Message != "secret or public key must be provided" {
		t.Errorf("Verify() = %v, want the missing key", err)
	}
}

// Deep nesting is an error, not a stack that grows.
func TestJWT_DeepPayload(t *testing.T) {
	engine := authtoken.JWT{MaxLength: -1}
	header := base64.RawURLEncoding.EncodeToString([]byte(`{"typ":"JWT","alg":"HS256"}`))
	payload := base64.RawURLEncoding.EncodeToString([]byte(`{"a":` + strings.Repeat("[", 1e6) + strings.Repeat("]", 1e6) + `}`))
	_, err := engine.Verify(t.Context(), header+"."+payload+".AAAA", mustKeys(t, authtoken.KeyOptions{}).Verify, nil)
	if !errors.Is(err, protocol.ErrAuthToken) {
		t.Errorf("Verify() = %v, want %v", err, protocol.ErrAuthToken.Name)
	}
}
