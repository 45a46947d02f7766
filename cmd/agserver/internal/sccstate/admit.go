package sccstate

import (
	"context"
	"regexp"
	"strconv"
	"strings"

	"github.com/socketcluster-go/socketcluster/cmd/agserver/internal/scckey"
	"github.com/socketcluster-go/socketcluster/middleware"
)

// admit lets in who knows the key and has the right version.
func (s *State) admit(_ context.Context, a *middleware.Action) error {
	if a.Kind == middleware.HandshakeWS {
		if !scckey.Check(a.Request, s.options.AuthKey) {
			return ErrBadClusterAuth
		}
		return nil
	}

	query := a.Request.URL.Query()
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
	return err
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
