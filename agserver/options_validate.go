package agserver

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/socketcluster-go/socketcluster/channels"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// Validate reports the first option that has no meaning, with its name and
// what is allowed, as an InvalidOptionsError.
func (o *Options) Validate() error {
	if o == nil {
		return nil
	}
	switch {
	case o.AuthPublicKey != "" && o.AuthPrivateKey == "":
		return optionError("The authPrivateKey option must be specified if authPublicKey is specified")
	case o.AuthPrivateKey != "" && o.AuthPublicKey == "":
		return optionError("The authPublicKey option must be specified if authPrivateKey is specified")
	case o.ProtocolVersion != 0 && o.ProtocolVersion != protocol.V1 && o.ProtocolVersion != protocol.V2:
		return optionError("The protocolVersion option must be 1 or 2, not %d", o.ProtocolVersion)
	case o.StreamCleanup < CleanupKill || o.StreamCleanup > CleanupNone:
		return optionError("The socketStreamCleanupMode option must be kill, close or none")
	case o.UnknownProcedure < UnknownSilent || o.UnknownProcedure > UnknownError:
		return optionError("UnknownProcedure must be UnknownSilent or UnknownError, not %d", o.UnknownProcedure)
	}
	if o.Broker != nil && !channels.IsLocal(o.Broker) && o.AuthKey == "" && o.AuthPrivateKey == "" && o.AuthEngine == nil {
		return optionError("The authKey option must be specified with a broker that joins nodes: they have to accept each other's tokens")
	}
	if o.BatchInterval < 0 || o.BatchOnHandshakeDuration < 0 || o.AuthDefaultExpiry < 0 {
		return optionError("The batchInterval, batchOnHandshakeDuration and authDefaultExpiry options must be positive")
	}
	if o.Path != "" && o.Path != AnyPath && o.Path[0] != '/' {
		return optionError("The path option must begin with a slash, not %q", o.Path)
	}
	for _, entry := range o.Origins {
		if !isOriginEntry(strings.TrimSpace(entry)) {
			return optionError(`The origins option must hold entries like "example.com:443" or "*:*", not %q`, entry)
		}
	}
	if err := o.validateTimes(); err != nil {
		return err
	}
	if err := o.validateAuth(); err != nil {
		return err
	}
	_, err := parseProxies(o.TrustedProxies)
	return err
}

// validateTimes refuses times that nobody can mean: of what was a number of
// milliseconds in JSON, 20000 is 20 µs in Go.
func (o *Options) validateTimes() error {
	for _, t := range []struct {
		name       string
		value, min time.Duration
	}{
		{"AuthDefaultExpiry", o.AuthDefaultExpiry, time.Second},
		{"HandshakeTimeout", o.HandshakeTimeout, time.Millisecond},
		{"UpgradeTimeout", o.UpgradeTimeout, time.Millisecond},
		{"CloseTimeout", o.CloseTimeout, time.Millisecond},
		{"AckTimeout", o.AckTimeout, time.Millisecond},
		{"PingInterval", o.PingInterval, time.Millisecond},
		{"PingTimeout", o.PingTimeout, time.Millisecond},
		{"BatchOnHandshakeDuration", o.BatchOnHandshakeDuration, time.Millisecond},
		{"BatchInterval", o.BatchInterval, time.Millisecond},
	} {
		if t.value > 0 && t.value < t.min {
			return optionError("%s must be a duration of at least %v, such as 20 * time.Second, not %v", t.name, t.min, t.value)
		}
	}
	return nil
}

// isOriginEntry reports whether an origin can be equal to the entry: a host, or * for
// any, and a port, or * for any.
func isOriginEntry(entry string) bool {
	i := strings.LastIndexByte(entry, ':')
	if i < 0 {
		return false
	}
	host, port := entry[:i], entry[i+1:]
	_, err := strconv.ParseUint(port, 10, 16)
	return (host == "*" || host != "" && !strings.ContainsAny(host, "*/, \t")) && (port == "*" || err == nil)
}

// authAlgorithms are the names that the JWT engine knows.
var authAlgorithms = []string{
	"HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512",
}

func (o *Options) validateAuth() error {
	if o.AuthEngine != nil {
		return nil // what its keys and algorithms are is its own affair
	}
	for _, name := range append([]string{o.AuthAlgorithm}, o.AuthVerifyAlgorithms...) {
		if name != "" && !slices.Contains(authAlgorithms, name) {
			return optionError("The authAlgorithm and authVerifyAlgorithms options must name JWT algorithms (HS256 … PS512), not %q", name)
		}
	}
	_, err := o.authKeys()
	return err
}

func optionError(format string, args ...any) error {
	return &protocol.Error{Name: protocol.ErrInvalidOptions.Name, Message: fmt.Sprintf(format, args...)}
}
