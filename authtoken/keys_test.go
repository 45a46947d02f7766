package authtoken_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"github.com/socketcluster-go/socketcluster/authtoken"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// roundTrip signs with one key and verifies with the other.
func roundTrip(t *testing.T, keys authtoken.Keys, algorithm string) error {
	t.Helper()
	var engine authtoken.JWT
	token, err := engine.Sign(t.Context(), authtoken.Claims{"a": 1}, keys.Sign, &authtoken.SignOptions{Algorithm: algorithm})
	if err != nil {
		return err
	}
	_, err = engine.Verify(t.Context(), token.Signed, keys.Verify, nil)
	return err
}

func encodePEM(t *testing.T, kind string, der []byte, err error) string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func pkcs8(t *testing.T, key any) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	return encodePEM(t, "PRIVATE KEY", der, err)
}

func pkix(t *testing.T, key any) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key)
	return encodePEM(t, "PUBLIC KEY", der, err)
}

func ecKey(t *testing.T, curve elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func certificate(t *testing.T, key crypto.Signer) string {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	return encodePEM(t, "CERTIFICATE", der, err)
}

func TestNewKeys(t *testing.T) {
	p256 := ecKey(t, elliptic.P256())
	for _, tt := range []struct {
		name      string
		options   authtoken.KeyOptions
		algorithm string
	}{
		{"Random", authtoken.KeyOptions{}, "HS256"},
		{"Secret", authtoken.KeyOptions{Secret: "s"}, "HS512"},
		{"SecretIsPrivateKey", authtoken.KeyOptions{Secret: readPEM(t, "rsa")}, "RS256"},
		{"PKCS8", authtoken.KeyOptions{PrivateKey: readPEM(t, "rsa"), PublicKey: readPEM(t, "rsa.pub")}, "PS512"},
		{"PKCS1", authtoken.KeyOptions{PrivateKey: readPEM(t, "rsa2"), PublicKey: readPEM(t, "rsa2.pub")}, "RS384"},
		{"SEC1", authtoken.KeyOptions{PrivateKey: readPEM(t, "p256b"), PublicKey: readPEM(t, "p256b.pub")}, "ES256"},
		{"WithParameters", authtoken.KeyOptions{
			PrivateKey: "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n" + readPEM(t, "p256b"),
			PublicKey:  readPEM(t, "p256b.pub"),
		}, "ES256"},
		{"Certificate", authtoken.KeyOptions{PrivateKey: pkcs8(t, p256), PublicKey: certificate(t, p256)}, "ES256"},
		{"PublicIsPrivate", authtoken.KeyOptions{PrivateKey: pkcs8(t, p256), PublicKey: pkcs8(t, p256)}, "ES256"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			keys := mustKeys(t, tt.options)
			if err := roundTrip(t, keys, tt.algorithm); err != nil {
				t.Errorf("sign and verify: %v", err)
			}
			if keys.Sign == keys.Verify {
				return // a secret
			}
			if err := roundTrip(t, authtoken.Keys{Sign: keys.Verify, Verify: keys.Verify}, tt.algorithm); err == nil {
				t.Error("the key that verifies signs, too")
			}
		})
	}
}

func TestNewKeys_RandomSecrets(t *testing.T) {
	a, b := mustKeys(t, authtoken.KeyOptions{}), mustKeys(t, authtoken.KeyOptions{})
	err := roundTrip(t, authtoken.Keys{Sign: a.Sign, Verify: b.Verify}, "HS256")
	if !errors.Is(err, protocol.ErrAuthTokenInvalid) {
		t.Errorf("a token of another server = %v, want %v", err, protocol.ErrAuthTokenInvalid)
	}
}

func TestNewKeys_Errors(t *testing.T) {
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p224 := ecKey(t, elliptic.P224())
	encrypted := "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n"
	private, public := readPEM(t, "p256"), readPEM(t, "p256.pub")
	for _, tt := range []struct {
		name    string
		options authtoken.KeyOptions
		want    string
	}{
		{"NoPrivate", authtoken.KeyOptions{PublicKey: public}, "The authPrivateKey option must be specified if authPublicKey is specified"},
		{"NoPublic", authtoken.KeyOptions{PrivateKey: private}, "The authPublicKey option must be specified if authPrivateKey is specified"},
		{"NotPEM", authtoken.KeyOptions{PrivateKey: "secret", PublicKey: public}, "The authPrivateKey option is not a usable key: it is not in PEM form"},
		{"PublicNotPEM", authtoken.KeyOptions{PrivateKey: private, PublicKey: "secret"}, "The authPublicKey option is not a usable key: it is not in PEM form"},
		{"PrivateIsPublic", authtoken.KeyOptions{PrivateKey: public, PublicKey: public}, "it is no private key"},
		{"Broken", authtoken.KeyOptions{Secret: "-----BEGIN PRIVATE KEY-----\n"}, "The authKey option is not a usable key: the PEM text holds no key"},
		{"OtherBlock", authtoken.KeyOptions{Secret: encodePEM(t, "X509 CRL", nil, nil)}, "holds no key"},
		{"BadContents", authtoken.KeyOptions{Secret: encodePEM(t, "PRIVATE KEY", []byte{1}, nil)}, "authKey"},
		{"BadCertificate", authtoken.KeyOptions{Secret: encodePEM(t, "CERTIFICATE", []byte{1}, nil)}, "authKey"},
		{"Encrypted", authtoken.KeyOptions{Secret: encrypted}, "it is encrypted"},
		{"EncryptedPKCS8", authtoken.KeyOptions{Secret: encodePEM(t, "ENCRYPTED PRIVATE KEY", []byte{1}, nil)}, "it is encrypted"},
		{"Ed25519", authtoken.KeyOptions{Secret: pkcs8(t, edKey)}, "no algorithm takes a key of its type"},
		{"P224", authtoken.KeyOptions{PrivateKey: pkcs8(t, p224), PublicKey: pkix(t, &p224.PublicKey)}, "no algorithm takes the curve P-224"},
		{"TinyRSA", authtoken.KeyOptions{Secret: tinyRSA}, "an RSA key of 512 bits is too small, at least 1024 are needed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := authtoken.NewKeys(tt.options)
			if !errors.Is(err, protocol.ErrInvalidOptions) || !strings.Contains(fmt.Sprint(err), tt.want) {
				t.Errorf("NewKeys() = %v, want %v with %q", err, protocol.ErrInvalidOptions.Name, tt.want)
			}
		})
	}
}

// tinyRSA is a public key of 512 bits.
const tinyRSA = `-----BEGIN PUBLIC KEY-----
MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBANrsOrjEe1TY+HvlmnVjHUXcY0Blk+Ip
lR1gapqu6EUNrxyYNcKQ0lP4JVvP25/PeyheqomZKQXdzeYM5+5IXBECAwEAAQ==
-----END PUBLIC KEY-----
`

// A key does not end up in a log.
func TestKey_IsNotPrinted(t *testing.T) {
	keys := mustKeys(t, authtoken.KeyOptions{Secret: "topsecret"})
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		text := fmt.Sprintf(format, keys.Sign) + fmt.Sprintf(format, keys)
		if strings.Contains(text, "topsecret") || strings.Contains(text, fmt.Sprintf("%d", []byte("topsecret"))) {
			t.Errorf("Sprintf(%q) = %s, want no secret in it", format, text)
		}
	}
}
