package engine

import (
	"io"
	"net/http"
	"time"
)

// bodyTimeouts is how many times Config.UpgradeTimeout the body of a request may
// take that is no upgrade. net/http would wait for ever, even for a body that
// nobody reads.
const bodyTimeouts = 6

// limitBody gives the body of a request a deadline, if it has one.
func limitBody(rw http.ResponseWriter, r *http.Request, limit time.Duration) {
	if limit <= 0 || r.ContentLength == 0 {
		return
	}
	c := http.NewResponseController(rw)
	if c.SetReadDeadline(time.Now().Add(limit)) == nil { // it can, but for unheard-of writers
		r.Body = timedBody{r.Body, c}
	}
}

// timedBody is a body with a deadline, which ends with it: net/http goes on reading
// to see whether the client stays.
type timedBody struct {
	io.ReadCloser
	c *http.ResponseController
}

// Read implements io.Reader.
func (b timedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err == io.EOF {
		_ = b.c.SetReadDeadline(time.Time{}) // if it fails the client is gone
	}
	return n, err
}
