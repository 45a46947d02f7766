package authtoken_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"strings"
	"testing"

	"github.com/socketcluster-go/socketcluster/authtoken"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// FuzzNewKeys: whatever stands for a key is one that signs what it verifies, or
// an InvalidOptionsError that does not quote it.
func FuzzNewKeys(f *testing.F) {
	f.Add([]byte("a secret"), "")
	f.Add([]byte("0\x82"), "RSA PRIVATE KEY")
	f.Add([]byte("x"), "EC PARAMETERS")
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	for kind, marshal := range map[string]func() ([]byte, error){
		"EC PRIVATE KEY": func() ([]byte, error) { return x509.MarshalECPrivateKey(key) },
		"PRIVATE KEY":    func() ([]byte, error) { return x509.MarshalPKCS8PrivateKey(key) },
		"PUBLIC KEY":     func() ([]byte, error) { return x509.MarshalPKIXPublicKey(&key.PublicKey) },
	} {
		der, err := marshal()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(der, kind)
	}
	f.Fuzz(func(t *testing.T, body []byte, kind string) {
		text := string(body)
		if kind != "" {
			text = string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: body}))
		}
		if text == "" {
			return
		}
		keys, err := authtoken.NewKeys(authtoken.KeyOptions{Secret: text})
		if err != nil {
			if !errors.Is(err, protocol.ErrInvalidOptions) || len(text) > 20 && strings.Contains(err.Error(), text) {
				t.Errorf("NewKeys(%q) = %v", text, err)
			}
			return
		}
		for _, algorithm := range []string{"HS256", "RS256", "ES256"} {
			token, err := authtoken.JWT{}.Sign(t.Context(), authtoken.Claims{"a": "b"}, keys.Sign, &authtoken.SignOptions{Algorithm: algorithm})
			if err != nil {
				continue // it is for another one, or a public key
			}
			claims, err := authtoken.JWT{}.Verify(t.Context(), token.Signed, keys.Verify, nil)
			if err != nil || claims["a"] != "b" {
				t.Errorf("Verify(Sign) by %s with %q = %v, %v", algorithm, text, claims, err)
			}
		}
	})
}
