package authtoken

import "crypto"

// Key is a key that was parsed once: a secret, a private key or a public one.
// It never prints itself.
type Key struct {
	secret  []byte
	private crypto.Signer // *rsa.PrivateKey or *ecdsa.PrivateKey
	public  crypto.PublicKey
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
func NewKeys(o KeyOptions) (Keys, error) { return newKeys(o) }
