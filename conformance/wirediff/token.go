package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	_ "crypto/sha256" // HS256, RS256, ES256
	_ "crypto/sha512" // HS384, HS512, …
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"strings"
	"sync"
)

// keyPairs are made anew for every run: transcripts refer to them by the names
// rsaPrivate, rsaPublic, ecPrivate and ecPublic.
type keyPairs struct {
	rsa *rsa.PrivateKey
	ec  *ecdsa.PrivateKey
	pem map[string]string
}

var testKeys = sync.OnceValue(func() *keyPairs {
	k := &keyPairs{pem: make(map[string]string)}
	var err error
	if k.rsa, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
		panic(err)
	}
	if k.ec, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		panic(err)
	}
	k.add("rsa", k.rsa, &k.rsa.PublicKey)
	k.add("ec", k.ec, &k.ec.PublicKey)
	return k
})

func (k *keyPairs) add(name string, private, public any) {
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		panic(err)
	}
	open, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		panic(err)
	}
	k.pem[name+"Private"] = string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}))
	k.pem[name+"Public"] = string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: open}))
}

// hashOf is the hash of a JWT algorithm such as HS256, by its digits.
func hashOf(alg string) (crypto.Hash, error) {
	switch strings.TrimLeft(alg, "HRPES") {
	case "256":
		return crypto.SHA256, nil
	case "384":
		return crypto.SHA384, nil
	case "512":
		return crypto.SHA512, nil
	}
	return 0, fmt.Errorf("unknown token algorithm %q", alg)
}

// makeToken reads "[alg=A] [key=K] [header=JSON] CLAIMS" and returns the signed
// token. The default is HS256 with the group's key; key=@NAME is one of the
// key pairs' PEM texts used as a secret.
func makeToken(spec, groupKey string) (string, error) {
	alg, key, header := "HS256", groupKey, ""
	for spec != "" {
		name, rest, ok := strings.Cut(spec, "=")
		if !ok || (name != "alg" && name != "key" && name != "header") {
			break
		}
		value, rest, _ := strings.Cut(rest, " ")
		spec = rest
		switch name {
		case "alg":
			alg = value
		case "key":
			key = value
			if pemName, ok := strings.CutPrefix(value, "@"); ok {
				key = testKeys().pem[pemName]
			}
		case "header":
			header = value
		}
	}
	if header == "" {
		header = fmt.Sprintf(`{"alg":%q,"typ":"JWT"}`, alg)
	}
	base := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString([]byte(spec))
	signature, err := signToken(base, alg, key)
	return base + "." + base64.RawURLEncoding.EncodeToString(signature), err
}

func signToken(base, alg, key string) ([]byte, error) {
	if alg == "none" {
		return nil, nil
	}
	hash, err := hashOf(alg)
	if err != nil {
		return nil, err
	}
	sum := hash.New()
	sum.Write([]byte(base))
	digest := sum.Sum(nil)
	switch alg[:2] {
	case "HS":
		mac := hmac.New(hash.New, []byte(key))
		mac.Write([]byte(base))
		return mac.Sum(nil), nil
	case "RS":
		return rsa.SignPKCS1v15(rand.Reader, testKeys().rsa, hash, digest)
	case "PS":
		return rsa.SignPSS(rand.Reader, testKeys().rsa, hash, digest, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
	}
	r, s, err := ecdsa.Sign(rand.Reader, testKeys().ec, digest)
	if err != nil {
		return nil, err
	}
	signature := make([]byte, 64)
	r.FillBytes(signature[:32])
	s.FillBytes(signature[32:])
	return signature, nil
}

// verifyToken says whether the signature of a token that a server made is good.
func verifyToken(token, groupKey string) bool {
	end := strings.LastIndexByte(token, '.')
	base := token[:end]
	signature, err := base64.RawURLEncoding.DecodeString(token[end+1:])
	if err != nil {
		return false
	}
	var header struct{ Alg string }
	first, _, _ := strings.Cut(base, ".")
	text, err := base64.RawURLEncoding.DecodeString(first)
	if err != nil || json.Unmarshal(text, &header) != nil || len(header.Alg) < 2 {
		return false
	}
	hash, err := hashOf(header.Alg)
	if err != nil {
		return false
	}
	sum := hash.New()
	sum.Write([]byte(base))
	digest := sum.Sum(nil)
	switch header.Alg[:2] {
	case "HS":
		want, err := signToken(base, header.Alg, groupKey)
		return err == nil && hmac.Equal(signature, want)
	case "RS":
		return rsa.VerifyPKCS1v15(&testKeys().rsa.PublicKey, hash, digest, signature) == nil
	case "PS":
		return rsa.VerifyPSS(&testKeys().rsa.PublicKey, hash, digest, signature, nil) == nil
	case "ES":
		return verifyECDSA(digest, signature)
	}
	return false
}

// verifyECDSA checks the fixed-length signature that JWTs use, r and s each in
// half of it.
func verifyECDSA(digest, signature []byte) bool {
	if len(signature) != 64 {
		return false
	}
	r := new(big.Int).SetBytes(signature[:32])
	s := new(big.Int).SetBytes(signature[32:])
	return ecdsa.Verify(&testKeys().ec.PublicKey, digest, r, s)
}
