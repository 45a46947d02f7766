package authtoken_test

import (
	"errors"
	"testing"

	"github.com/socketcluster-go/socketcluster/authtoken"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// Whatever comes as a token is either one that somebody with the key signed, or
// an error that has one of the four names and tells whether the token is bad.
func FuzzJWT_Verify(f *testing.F) {
	file := readVectors[verifyVector](f, "verify.json")
	for i, v := range file.Vectors {
		if text, ok := v.Token.Text(); ok && i%5 == 0 {
			f.Add(text)
		}
	}
	keys, engine := readKeys(f, file.Secret), file.engine()
	f.Fuzz(func(t *testing.T, signed string) {
		for name, k := range keys {
			claims, err := engine.Verify(t.Context(), signed, k.Verify, nil)
			if err == nil {
				if claims == nil {
					t.Errorf("Verify(%q) with %s = no claims, want an object", signed, name)
				}
				continue
			}
			if claims != nil {
				t.Errorf("Verify(%q) with %s = %v and %v, want no claims", signed, name, claims, err)
			}
			var named *protocol.Error
			if !errors.As(err, &named) || authtoken.ToError(err) != named || named.Field("isBadToken") == nil {
				t.Errorf("Verify(%q) with %s = %#v, want one of the named errors", signed, name, err)
			}
		}
	})
}

// Whatever claims and options come as JSON: there is a token, and then it
// verifies with these claims unless its own times forbid it, or an error.
func FuzzJWT_Sign(f *testing.F) {
	file := readVectors[signVector](f, "sign.json")
	for i, v := range file.Vectors {
		if i%5 == 0 {
			f.Add([]byte(v.Claims), []byte(v.Options))
		}
	}
	keys, engine := mustKeys(f, authtoken.KeyOptions{Secret: file.Secret}), file.engine()
	defaults := authtoken.SignOptions{ExpiresIn: authtoken.Seconds(60)}
	f.Fuzz(func(t *testing.T, claims, options []byte) {
		c, err := protocol.ParseData(claims)
		o, err2 := protocol.ParseData(options)
		if err != nil || err2 != nil {
			return
		}
		resolved, _ := authtoken.ParseSignOptions(o).Resolve(defaults, c)
		token, err := engine.Sign(t.Context(), c, keys.Sign, &resolved)
		if err != nil {
			return
		}
		got, err := engine.Verify(t.Context(), token.Signed, keys.Verify, nil)
		if errors.Is(err, protocol.ErrAuthTokenExpired) || errors.Is(err, protocol.ErrAuthTokenNotBefore) {
			return
		}
		if err != nil || len(got) != len(token.Claims) {
			t.Errorf("Verify(Sign(%s, %s)) = %v, %v, want %v", claims, options, got, err, token.Claims)
		}
	})
}
