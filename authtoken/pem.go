package authtoken

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
)

// What can be wrong with a key in PEM form. None of them quotes the text.
var (
	errNotPEM     = errors.New("it is not in PEM form")
	errNoKey      = errors.New("the PEM text holds no key")
	errEncrypted  = errors.New("it is encrypted")
	errNotPrivate = errors.New("it is no private key")
)

// minRSABits is the least that crypto/rsa works with. Signing asks for more:
// see insecureRSABits.
const minRSABits = 1024

// looksLikePEM tells keys from secrets. A text that begins like a key and then
// is none is a mistake, not a secret.
func looksLikePEM(text string) bool { return strings.Contains(text, "-----BEGIN ") }

// parsePEM returns the first key in the text: PKCS #1, PKCS #8, SEC 1, a public
// key, or the public key of a certificate.
func parsePEM(text string) (*Key, error) {
	if !looksLikePEM(text) {
		return nil, errNotPEM
	}
	for rest := []byte(text); ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return nil, errNoKey
		}
		if block.Type == "EC PARAMETERS" { // openssl ecparam writes them first
			continue
		}
		if block.Type == "ENCRYPTED PRIVATE KEY" || block.Headers["DEK-Info"] != "" {
			return nil, errEncrypted
		}
		parsed, err := parseBlock(block)
		if err != nil {
			return nil, err
		}
		return newKey(parsed)
	}
}

func parseBlock(block *pem.Block) (any, error) {
	switch block.Type {
	case "PRIVATE KEY":
		return x509.ParsePKCS8PrivateKey(block.Bytes)
	case "RSA PRIVATE KEY":
		return x509.ParsePKCS1PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		return x509.ParseECPrivateKey(block.Bytes)
	case "PUBLIC KEY":
		return x509.ParsePKIXPublicKey(block.Bytes)
	case "RSA PUBLIC KEY":
		return x509.ParsePKCS1PublicKey(block.Bytes)
	case "CERTIFICATE":
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		return cert.PublicKey, nil
	}
	return nil, errNoKey
}

// newKey accepts the keys that some algorithm takes.
func newKey(parsed any) (*Key, error) {
	var key *Key
	switch k := parsed.(type) {
	case *rsa.PrivateKey:
		key = &Key{private: k, public: &k.PublicKey}
	case *ecdsa.PrivateKey:
		key = &Key{private: k, public: &k.PublicKey}
	case *rsa.PublicKey, *ecdsa.PublicKey:
		key = &Key{public: k}
	default:
		return nil, errors.New("no algorithm takes a key of its type")
	}
	switch k := key.public.(type) {
	case *rsa.PublicKey:
		if bits := k.N.BitLen(); bits < minRSABits {
			return nil, fmt.Errorf("an RSA key of %d bits is too small, at least %d are needed", bits, minRSABits)
		}
	case *ecdsa.PublicKey:
		if nodeCurve(k) == "" {
			return nil, fmt.Errorf("no algorithm takes the curve %s", k.Curve.Params().Name)
		}
	}
	return key, nil
}
