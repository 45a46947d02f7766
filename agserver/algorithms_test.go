package agserver_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"testing"

	"github.com/socketcluster-go/socketcluster/agserver"
	"github.com/socketcluster-go/socketcluster/agserver/agservertest"
	"github.com/socketcluster-go/socketcluster/authtoken"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// keyPair returns a new pair of elliptic keys in PEM.
func keyPair(t *testing.T) (private, public string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(t, err)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	check(t, err)
	private = string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	der, err = x509.MarshalPKIXPublicKey(&key.PublicKey)
	check(t, err)
	return private, string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

// A token that a server signs it accepts again, and nobody else's.
func TestKeyPair(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		private, public := keyPair(t)
		r.serve(agserver.Options{AuthPrivateKey: private, AuthPublicKey: public, AuthAlgorithm: "ES256"})
		a, sock := r.shake()
		check(t, sock.SetAuthToken(t.Context(), bob, nil))
		signed := protocol.Data(a.Next()).Get("data.token").String()
		b := r.open(agservertest.ConnOptions{})
		if answer := b.Handshake(signed); !answer.Get("isAuthenticated").Bool() {
			t.Errorf("answer = %s, want it authenticated", answer)
		}
		// A token made with the public key as a secret is the classic forgery.
		keys, err := authtoken.NewKeys(authtoken.KeyOptions{Secret: "any"})
		check(t, err)
		forged, err := authtoken.JWT{}.Sign(t.Context(), bob, keys.Sign, nil)
		check(t, err)
		c := r.open(agservertest.ConnOptions{})
		if answer := c.Handshake(forged.Signed); answer.Get("authError.name").String() != "AuthTokenInvalidError" {
			t.Errorf("answer = %s, want AuthTokenInvalidError", answer)
		}
	})
}

// Which algorithms are accepted: a family, one, or those that are listed.
func TestAuthVerifyAlgorithms(t *testing.T) {
	for _, test := range []struct {
		name   string
		o      agserver.Options
		signed string
		want   bool
	}{
		{"Family256", agserver.Options{}, "HS256", true},
		{"Family512", agserver.Options{}, "HS512", true},
		{"Pinned", agserver.Options{AuthAlgorithm: "HS512"}, "HS512", true},
		{"PinnedOther", agserver.Options{AuthAlgorithm: "HS512"}, "HS256", false},
		{"Listed", agserver.Options{AuthAlgorithm: "HS512", AuthVerifyAlgorithms: []string{"HS256"}}, "HS256", true},
		{"NotListed", agserver.Options{AuthVerifyAlgorithms: []string{"HS384", "HS512"}}, "HS256", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, r *rig) {
				r.serve(test.o)
				keys, err := authtoken.NewKeys(authtoken.KeyOptions{Secret: "testkey"})
				check(t, err)
				token, err := authtoken.JWT{}.Sign(t.Context(), bob, keys.Sign, &authtoken.SignOptions{Algorithm: test.signed})
				check(t, err)
				c := r.open(agservertest.ConnOptions{})
				if answer := c.Handshake(token.Signed); answer.Get("isAuthenticated").Bool() != test.want {
					t.Errorf("answer = %s, want it authenticated: %v", answer, test.want)
				}
			})
		})
	}
}
