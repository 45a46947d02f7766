package authtoken

import (
	"crypto"
	"crypto/rand"
	"encoding/hex"

	"github.com/socketcluster-go/socketcluster/protocol"
)

// Key is a key that was parsed once: a secret, a private key or a public one.
// It never prints itself.
type Key struct {
	secret  []byte
	private crypto.Signer    // *rsa.PrivateKey or *ecdsa.PrivateKey
	public  crypto.PublicKey // *rsa.PublicKey or *ecdsa.PublicKey; of a private key, its half
}

// String hides the key from logs.
func (k *Key) String() string { return "authtoken.Key(hidden)" }

// GoString hides the key from %#v.
func (k *Key) GoString() string { return k.String() }

// Keys are the two sides of a server's key: the same secret twice, or a private
// and a public key.
type Keys struct {
	Sign   *Key
	Verify *Key
}

// KeyOptions are the texts that NewKeys parses.
type KeyOptions struct {
	// Secret is the option authKey. Empty, and no key pair either: a random secret
	// of 256 bits in hexadecimal. A private key in PEM form is taken for a pair
	// together with its public half; a public key serves to verify alone.
	Secret string
	// PrivateKey and PublicKey are the options authPrivateKey and authPublicKey,
	// in PEM form. They go together and take precedence over Secret.
	PrivateKey string
	PublicKey  string
}

// NewKeys parses the keys of a server. Its errors are named
// InvalidOptionsError, and say which option is meant.
func NewKeys(o KeyOptions) (Keys, error) {
	switch {
	case o.PrivateKey == "" && o.PublicKey == "":
		return secretKeys(o.Secret)
	case o.PrivateKey == "":
		return Keys{}, protocol.ErrInvalidOptions.Withf(
			"The authPrivateKey option must be specified if authPublicKey is specified")
	case o.PublicKey == "":
		return Keys{}, protocol.ErrInvalidOptions.Withf(
			"The authPublicKey option must be specified if authPrivateKey is specified")
	}
	private, err := parsePEM(o.PrivateKey)
	if err == nil && private.private == nil {
		err = errNotPrivate
	}
	if err != nil {
		return Keys{}, keyError("authPrivateKey", err)
	}
	public, err := parsePEM(o.PublicKey)
	if err != nil {
		return Keys{}, keyError("authPublicKey", err)
	}
	return Keys{Sign: private, Verify: public.half()}, nil
}

// secretKeys returns the keys of the option authKey.
func secretKeys(secret string) (Keys, error) {
	if secret == "" {
		var random [32]byte
		rand.Read(random[:])
		secret = hex.EncodeToString(random[:])
	}
	if !looksLikePEM(secret) {
		key := &Key{secret: []byte(secret)}
		return Keys{Sign: key, Verify: key}, nil
	}
	key, err := parsePEM(secret)
	if err != nil {
		return Keys{}, keyError("authKey", err)
	}
	return Keys{Sign: key, Verify: key.half()}, nil
}

// half returns the public key of a pair.
func (k *Key) half() *Key { return &Key{public: k.public} }

func keyError(option string, err error) error {
	return protocol.ErrInvalidOptions.Withf("The %s option is not a usable key: %v", option, err)
}
