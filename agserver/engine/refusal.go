package engine

import (
	"net/http"
	"strconv"
)

// A refusal is an HTTP answer instead of an upgrade; the connection ends
// behind it. It is an error so that parseRequest can return it as one.
type refusal struct {
	Status int
	Body   string      // "" = the status's standard text
	Header http.Header // sent behind the standard ones; nil = none
}

// Error names the status and the body.
func (r *refusal) Error() string {
	return "engine: upgrade refused: " + strconv.Itoa(r.Status) + " " + r.body()
}

// body returns the text that is sent.
func (r *refusal) body() string {
	if r.Body == "" {
		return http.StatusText(r.Status)
	}
	return r.Body
}

// bytes returns the whole answer, written as `ws` writes its own
// (abortHandshake).
func (r *refusal) bytes() []byte { return nil }
