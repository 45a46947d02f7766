package scckey

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"

	"github.com/socketcluster-go/socketcluster/protocol"
)

// ErrBadClusterAuth is the name of the error that refuses a connection without
// the cluster's key.
var ErrBadClusterAuth = &protocol.Error{Name: "BadClusterAuthError"}

// Check reports whether an upgrade request has the key in its query, which an
// empty key does not ask for. It takes a time that tells nothing of the key.
func Check(r *http.Request, key string) bool {
	if key == "" {
		return true
	}
	given := r.URL.Query()["authKey"]
	if len(given) != 1 {
		return false
	}
	got, want := sha256.Sum256([]byte(given[0])), sha256.Sum256([]byte(key))
	return subtle.ConstantTimeCompare(got[:], want[:]) == 1
}
