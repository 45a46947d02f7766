package hardening_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/socketcluster-go/socketcluster/agserver"
)

// There is no HTTP API: nothing but the health check and, in development mode, the
// playground answers, whatever is asked for and sent along.
func TestA7_NoAPI(t *testing.T) {
	p := startProgram(t, "-env", "prod")
	for _, method := range []string{"GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"} {
		for _, path := range []string{"/", "/api/", "/api/publish", "/publish", "/channels", "/sockets/x/kick", "/admin", "/debug/", "/health-check/x"} {
			c := dial(t, p.addr)
			c.write([]byte(method + " " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer x\r\nContent-Length: 2\r\n\r\n{}"))
			if status, head := c.response(); status != 404 && status != 301 && status != 405 {
				t.Errorf("%s %s is answered with %d, want that there is no such thing\n%s", method, path, status, head)
			}
			c.close()
		}
	}
}

// A body that nobody asked for is not read, be it huge, without end or slow.
func TestA7_Bodies(t *testing.T) {
	attack(t, agserver.Options{UpgradeTimeout: time.Second}, func(a *target) {
		a.srv.HandleHTTP(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "never mind") }))
		const head = "POST /health-check HTTP/1.1\r\nHost: x\r\n"
		more := map[*client]string{}
		for _, body := range []struct{ head, start, more string }{
			{head + "Content-Length: 1000000000\r\n\r\n", "", strings.Repeat("x", 64<<10)},                       // huge
			{head + "Transfer-Encoding: chunked\r\n\r\n", "", "10000\r\n" + strings.Repeat("x", 1<<16) + "\r\n"}, // without end
			{head + "Content-Length: 1000\r\n\r\n", "x", ""},                                                     // never the rest of it
			{head + "Transfer-Encoding: chunked\r\n\r\n", "1\r\nx\r\n", ""},
		} {
			for range 5 {
				c := a.dial()
				c.write([]byte(body.head + body.start))
				more[c] = body.more
			}
		}
		for c, more := range more {
			taken := 0
			for more != "" && taken < endless && c.try([]byte(more)) == nil {
				taken += len(more)
			}
			if taken >= endless {
				a.Errorf("%d MiB of a body that nobody asked for were taken", taken>>20)
			}
			if status, head := c.response(); status != 200 && status != 0 { // 0: cut before it was read
				a.Errorf("answered with %q", head)
			}
			// The connection is not kept for what is missing.
			if status, _ := c.response(); status != 0 {
				a.Errorf("a second answer follows, with %d", status)
			}
		}
	})
}

// Nothing measures or profiles the program where clients connect.
func TestA8_NothingToMeasure(t *testing.T) {
	p := startProgram(t, "-env", "prod")
	for _, path := range []string{"/metrics", "/debug/pprof/", "/debug/pprof/heap", "/debug/vars", "/debug/requests", "/status", "/stats", "/socketcluster/metrics"} {
		c := dial(t, p.addr)
		c.write([]byte("GET " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"))
		if status, _ := c.response(); status != 404 {
			t.Errorf("GET %s is answered with %d, want 404", path, status)
		}
		c.close()
	}
	for file, imports := range sources(t) {
		for _, name := range imports {
			if name == "net/http/pprof" || name == "expvar" {
				t.Errorf("%s imports %s, which serves on whatever mux there is", file, name)
			}
		}
	}
}
