package authtoken

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"

	"github.com/golang-jwt/jwt/v5"
)

// The algorithms by the kind of key that takes them, in the reference's order,
// which its messages show.
var (
	secretAlgorithms = []string{"HS256", "HS384", "HS512"}
	rsaAlgorithms    = []string{"RS256", "PS256", "RS384", "PS384", "RS512", "PS512"}
	ecAlgorithms     = []string{"ES256", "ES384", "ES512"}
)

// insecureRSABits is the size below which jsonwebtoken does not sign.
const insecureRSABits = 2048

// methods are golang-jwt's. Its own PS methods accept any length of the salt;
// the reference, and RFC 7518, that of the digest alone.
var methods = map[string]jwt.SigningMethod{
	"HS256": jwt.SigningMethodHS256, "HS384": jwt.SigningMethodHS384, "HS512": jwt.SigningMethodHS512,
	"RS256": jwt.SigningMethodRS256, "RS384": jwt.SigningMethodRS384, "RS512": jwt.SigningMethodRS512,
	"ES256": jwt.SigningMethodES256, "ES384": jwt.SigningMethodES384, "ES512": jwt.SigningMethodES512,
	"PS256": strictPSS(jwt.SigningMethodPS256),
	"PS384": strictPSS(jwt.SigningMethodPS384),
	"PS512": strictPSS(jwt.SigningMethodPS512),
}

func strictPSS(m *jwt.SigningMethodRSAPSS) jwt.SigningMethod {
	return &jwt.SigningMethodRSAPSS{
		SigningMethodRSA: m.SigningMethodRSA,
		Options:          &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash},
	}
}

// isSymmetric and isAsymmetric go by the name, as the reference does.
func isSymmetric(alg string) bool { return strings.HasPrefix(alg, "HS") }

func isAsymmetric(alg string) bool {
	return strings.HasPrefix(alg, "RS") || strings.HasPrefix(alg, "PS") || strings.HasPrefix(alg, "ES")
}

// algorithmsFor are those that a token may have when none are pinned.
func algorithmsFor(k *Key) []string {
	switch k.public.(type) {
	case *rsa.PublicKey:
		return rsaAlgorithms
	case *ecdsa.PublicKey:
		return ecAlgorithms
	}
	return secretAlgorithms
}

// curves are the names that Node.js has for the curves of the ES algorithms.
var curves = map[string]string{"ES256": "prime256v1", "ES384": "secp384r1", "ES512": "secp521r1"}

func nodeCurve(k *ecdsa.PublicKey) string {
	switch k.Curve.Params().BitSize {
	case 256:
		return curves["ES256"]
	case 384:
		return curves["ES384"]
	case 521:
		return curves["ES512"]
	}
	return ""
}

// checkFit returns what is wrong with using an asymmetric key for alg, in the
// reference's words, "" if nothing.
func checkFit(alg string, public crypto.PublicKey) string {
	switch k := public.(type) {
	case *rsa.PublicKey:
		if !slices.Contains(rsaAlgorithms, alg) {
			return wrongKeyType("rsa", rsaAlgorithms)
		}
	case *ecdsa.PublicKey:
		if !slices.Contains(ecAlgorithms, alg) {
			return wrongKeyType("ec", ecAlgorithms)
		}
		if curves[alg] != nodeCurve(k) {
			return fmt.Sprintf(`"alg" parameter "%s" requires curve "%s".`, alg, curves[alg])
		}
	}
	return ""
}

func wrongKeyType(kind string, algorithms []string) string {
	return fmt.Sprintf(`"alg" parameter for "%s" key type must be one of: %s.`, kind, strings.Join(algorithms, ", "))
}

// decode64 reads base64url as Node.js does once foreign characters are excluded:
// bits that are left over at the end do not matter.
func decode64(text string) []byte {
	if len(text)%4 == 1 {
		text = text[:len(text)-1]
	}
	p, _ := base64.RawURLEncoding.DecodeString(text)
	return p
}

func encode64(p []byte) string { return base64.RawURLEncoding.EncodeToString(p) }
