package sccstate

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"regexp"
	"strconv"
	"strings"

	"github.com/socketcluster-go/socketcluster/middleware"
)

// admit lets in who knows the key and has the right version.
func (s *State) admit(_ context.Context, a *middleware.Action) error {
	query := a.Request.URL.Query()
	if a.Kind == middleware.HandshakeWS {
		if keys := query["authKey"]; s.options.AuthKey != "" && (len(keys) != 1 || !same(keys[0], s.options.AuthKey)) {
			return ErrBadClusterAuth
		}
		return nil
	}

	kind, version := query.Get("instanceType"), query.Get("version")
	major, known := majorVersion(version)
	if known && major == s.options.Major {
		return nil
	}
	own, address := s.options.version(), a.Socket.RemoteAddr().Addr().Unmap()
	err := ErrCompatibility
	switch {
	case kind == "" || !known:
		err = err.Withf("An obsolete SCC component at address %s is incompatible with the scc-state@^%s. "+
			"Please, update the SCC component up to version ^%d.0.0", address, own, s.options.Major)
	case major > s.options.Major:
		err = err.Withf("The scc-state@%s is incompatible with the %s@%s. "+
			"Please, update the scc-state up to version ^%d.0.0", own, kind, version, major)
	default:
		err = err.Withf("The %s@%s at address %s:%s is incompatible with the scc-state@^%s. "+
			"Please, update the %s up to version ^%d.0.0",
			kind, version, address, query.Get("instancePort"), own, kind, s.options.Major)
	}
	s.options.Log.Warn("refused an instance", "err", err.Message)
	return err
}

// same compares keys in a time that tells nothing of what they have in common.
func same(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

var semver = regexp.MustCompile(`\d+\.\d+\.\d+`)

// majorVersion returns the first number of a version, as "10.0.1" has it.
func majorVersion(version string) (int, bool) {
	if !semver.MatchString(version) {
		return 0, false
	}
	first, _, _ := strings.Cut(version, ".")
	major, err := strconv.Atoi(first)
	return major, err == nil
}
