package engine_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/tls"
	"encoding/binary"
	"encoding/hex"
	"net"
	"testing"
)

// A rekeyer is a client with TLS 1.3 that writes its records itself, because a
// tls.Conn never asks for a key update. It reads as any other.
type rekeyer struct {
	*peer
	raw    net.Conn
	secret []byte
	seq    uint64
	failed error // the first failed write
}

func newRekeyer(t testing.TB, s *host) *rekeyer { return rekeyerOf(t, s.tcp()) }

// rekeyerOf shakes hands and upgrades.
func rekeyerOf(t testing.TB, raw *peer) *rekeyer {
	t.Helper()
	var keys bytes.Buffer
	config := clientTLS.Clone()
	config.MinVersion, config.KeyLogWriter = tls.VersionTLS13, &keys
	p := raw.secure(config)
	if err := p.Conn.(*tls.Conn).Handshake(); err != nil {
		t.Fatalf("Handshake() = %v", err)
	}
	if suite := p.Conn.(*tls.Conn).ConnectionState().CipherSuite; suite != tls.TLS_AES_128_GCM_SHA256 {
		t.Skipf("%s: this client speaks AES-128-GCM only, which machines without AES do not choose", tls.CipherSuiteName(suite))
	}
	r := &rekeyer{peer: p, raw: raw.Conn}
	for line := range bytes.Lines(keys.Bytes()) {
		if f := bytes.Fields(line); string(f[0]) == "CLIENT_TRAFFIC_SECRET_0" {
			secret, err := hex.DecodeString(string(f[2]))
			if err != nil {
				t.Fatalf("DecodeString() = %v", err)
			}
			r.secret = secret
		}
	}
	r.app([]byte(requestText()))
	p.upgraded()
	return r
}

// expand is HKDF-Expand-Label of RFC 8446, 7.1, without a context.
func expand(secret []byte, label string, n int) []byte {
	info := binary.BigEndian.AppendUint16(nil, uint16(n))
	info = append(info, byte(len("tls13 ")+len(label)))
	info = append(append(append(info, "tls13 "...), label...), 0)
	key, err := hkdf.Expand(sha256.New, secret, string(info), n)
	if err != nil {
		panic(err)
	}
	return key
}

// record writes a record of that type.
func (r *rekeyer) record(kind byte, data []byte) {
	block, err := aes.NewCipher(expand(r.secret, "key", 16))
	if err != nil {
		panic(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	nonce := expand(r.secret, "iv", 12)
	for i, b := range binary.BigEndian.AppendUint64(nil, r.seq) {
		nonce[4+i] ^= b
	}
	r.seq++
	n := len(data) + 1 + aead.Overhead()
	b := []byte{23, 3, 3, byte(n >> 8), byte(n)}
	b = aead.Seal(b, nonce, append(bytes.Clone(data), kind), b)
	if _, err := r.raw.Write(b); err != nil && r.failed == nil {
		r.failed = err
	}
}

// app writes application data.
func (r *rekeyer) app(data []byte) { r.record(23, data) }

// updateKey writes a KeyUpdate message and changes the key.
func (r *rekeyer) updateKey(request bool) { r.updateSplit(request, 0) }

// split writes a KeyUpdate message in two records.
func (r *rekeyer) split(at int) { r.updateSplit(true, at) }

func (r *rekeyer) updateSplit(request bool, at int) {
	msg := []byte{24, 0, 0, 1, 0}
	if request {
		msg[4] = 1
	}
	if at > 0 {
		r.record(22, msg[:at])
	}
	r.record(22, msg[at:])
	r.secret, r.seq = expand(r.secret, "traffic upd", 32), 0
}
