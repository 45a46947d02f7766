package authtoken_test

import (
	"testing"

	"github.com/socketcluster-go/socketcluster/authtoken"
)

// benchmarkKeys are the kinds of keys by their usual algorithms.
func benchmarkKeys(b *testing.B) map[string]authtoken.Keys {
	keys := readKeys(b, "a secret of some length")
	return map[string]authtoken.Keys{"HS256": keys["secret"], "RS256": keys["rsa"], "ES256": keys["p256"]}
}

var benchmarkClaims = authtoken.Claims{"username": "alice", "roles": []string{"admin", "editor"}, "n": 5}

func BenchmarkJWT_Sign(b *testing.B) {
	for algorithm, keys := range benchmarkKeys(b) {
		b.Run(algorithm, func(b *testing.B) {
			var engine authtoken.JWT
			options := authtoken.SignOptions{Algorithm: algorithm, ExpiresIn: authtoken.Seconds(86400)}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := engine.Sign(b.Context(), benchmarkClaims, keys.Sign, &options); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkJWT_Verify(b *testing.B) {
	for algorithm, keys := range benchmarkKeys(b) {
		b.Run(algorithm, func(b *testing.B) {
			var engine authtoken.JWT
			token, err := engine.Sign(b.Context(), benchmarkClaims, keys.Sign, &authtoken.SignOptions{Algorithm: algorithm})
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := engine.Verify(b.Context(), token.Signed, keys.Verify, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// A flood of forged tokens costs no more than this.
func BenchmarkJWT_VerifyForged(b *testing.B) {
	keys := benchmarkKeys(b)["HS256"]
	var engine authtoken.JWT
	token, err := engine.Sign(b.Context(), benchmarkClaims, keys.Sign, nil)
	if err != nil {
		b.Fatal(err)
	}
	forged := token.Signed[:len(token.Signed)-4] + "AAAA"
	b.ReportAllocs()
	for b.Loop() {
		if _, err := engine.Verify(b.Context(), forged, keys.Verify, nil); err == nil {
			b.Fatal("Verify() = nil, want an error")
		}
	}
}
