package main

import (
	"io"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"time"
)

// newLogger writes to w what the log level lets through, as log/slog does:
// quoted, one line each.
func newLogger(w io.Writer, c *config) *slog.Logger {
	level, ok := map[int]slog.Level{
		1: slog.LevelError,
		2: slog.LevelInfo, // and with it warnings
		3: slog.LevelDebug,
	}[c.logLevel]
	if !ok {
		return slog.New(slog.DiscardHandler)
	}
	o := &slog.HandlerOptions{Level: level, ReplaceAttr: withoutTokens}
	if c.logJSON {
		return slog.New(slog.NewJSONHandler(w, o))
	}
	return slog.New(slog.NewTextHandler(w, o))
}

// tokenForm is what JSON Web Tokens look like, also when one is cut short. Their
// first part is an object in base64, and so begins with these letters.
var tokenForm = regexp.MustCompile(`eyJ[\w-]{5,}\.[\w-]*(\.[\w-]*)?`)

// withoutTokens takes tokens out of what is logged. None gets there by our doing,
// but clients choose the names of channels and the reasons of closures, and a
// confused one may put its token there.
func withoutTokens(_ []string, a slog.Attr) slog.Attr {
	if k := a.Value.Kind(); k != slog.KindString && k != slog.KindAny {
		return a
	}
	if text := a.Value.String(); strings.Contains(text, "eyJ") {
		a.Value = slog.StringValue(tokenForm.ReplaceAllString(text, "[token]"))
	}
	return a
}

// warnOfUnused says what of the environment this program does not act on,
// where somebody relies on its effect.
func warnOfUnused(log *slog.Logger, getenv func(string) string) {
	for _, variable := range []struct{ name, consequence string }{
		{"SOCKETCLUSTER_WS_ENGINE", "there is one engine"},
	} {
		if getenv(variable.name) != "" {
			log.Warn("variable has no effect", "name", variable.name, "because", variable.consequence)
		}
	}
}

// logRequests logs each request when it is answered. Queries are left out: they
// can carry secrets.
func logRequests(log *slog.Logger, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		recorder := &statusRecorder{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(recorder, r)
		log.Info("request", "method", r.Method, "path", r.URL.Path, "status", recorder.status,
			"took", time.Since(start).Round(time.Microsecond))
	})
}

// statusRecorder remembers the status of an answer.
type statusRecorder struct {
	http.ResponseWriter
	status int
}

func (w *statusRecorder) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController find what the writer can do.
func (w *statusRecorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }
