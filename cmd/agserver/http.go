package main

import (
	"io"
	"log/slog"
	"net/http"
	"sync/atomic"

	"github.com/socketcluster-go/socketcluster/agserver"
	"github.com/socketcluster-go/socketcluster/cmd/agserver/playground"
)

// health answers the health check: fine, until the server starts to end.
type health struct {
	ending atomic.Bool
}

func (h *health) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	if h.ending.Load() {
		w.WriteHeader(http.StatusServiceUnavailable)
		io.WriteString(w, "Ending")
		return
	}
	io.WriteString(w, "OK")
}

// newHTTPHandler answers the requests on the port that are no sockets.
func newHTTPHandler(c *config, log *slog.Logger, h *health) (http.Handler, error) {
	mux := http.NewServeMux()
	mux.Handle("GET /health-check", h)
	if !c.dev {
		return mux, nil
	}
	page, err := playground.New(&playground.Options{
		Path:            socketPath(c.options),
		ProtocolVersion: int(c.options.ProtocolVersion),
	})
	if err != nil {
		return nil, err
	}
	mux.Handle("/", page)
	return logRequests(log, mux), nil
}

// socketPath is a path at which sockets can connect.
func socketPath(o *agserver.Options) string {
	if o.Path == "" || o.Path == agserver.AnyPath {
		return agserver.DefaultPath
	}
	return o.Path
}
