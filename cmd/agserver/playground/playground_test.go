package playground_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/socketcluster-go/socketcluster/cmd/agserver/playground"
)

func newHandler(t *testing.T, o *playground.Options) http.Handler {
	t.Helper()
	h, err := playground.New(o)
	if err != nil {
		t.Fatalf("New() = %v", err)
	}
	return h
}

func do(h http.Handler, method, target string, header http.Header) *http.Response {
	r := httptest.NewRequest(method, target, nil)
	for name, values := range header {
		r.Header[name] = values
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func bodyOf(t *testing.T, response *http.Response) string {
	t.Helper()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func TestHandler_Files(t *testing.T) {
	h := newHandler(t, nil)
	for target, contentType := range map[string]string{
		"/":             "text/html; charset=utf-8",
		"/side-by-side": "text/html; charset=utf-8",
		"/style.css":    "text/css; charset=utf-8",
		"/app.js":       "text/javascript; charset=utf-8",
		"/agclient.js":  "text/javascript; charset=utf-8",
		"/icon.svg":     "image/svg+xml",
		"/?as=ada":      "text/html; charset=utf-8",
	} {
		response := do(h, "GET", target, nil)
		if response.StatusCode != 200 {
			t.Errorf("GET %s = %d, want 200", target, response.StatusCode)
		}
		for name, want := range map[string]string{
			"Content-Type":           contentType,
			"X-Content-Type-Options": "nosniff",
			"Cache-Control":          "no-cache",
		} {
			if got := response.Header.Get(name); got != want {
				t.Errorf("GET %s: %s = %q, want %q", target, name, got, want)
			}
		}
		csp := response.Header.Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "script-src 'self';", "connect-src 'self';"} {
			if !strings.Contains(csp, want) {
				t.Errorf("GET %s: policy %q lacks %q", target, csp, want)
			}
		}
	}
}

func TestHandler_NotFound(t *testing.T) {
	h := newHandler(t, nil)
	for _, target := range []string{"/index.html", "/page/index.html", "/nothing", "/../playground.go", "//"} {
		response := do(h, "GET", target, nil)
		if response.StatusCode != 404 {
			t.Errorf("GET %s = %d, want 404", target, response.StatusCode)
		}
		if got := response.Header.Get("X-Content-Type-Options"); got != "nosniff" {
			t.Errorf("GET %s: X-Content-Type-Options = %q, want nosniff", target, got)
		}
	}
}

func TestHandler_Methods(t *testing.T) {
	h := newHandler(t, nil)
	head := do(h, "HEAD", "/", nil)
	if body := bodyOf(t, head); head.StatusCode != 200 || body != "" {
		t.Errorf("HEAD / = %d with %d bytes, want 200 with none", head.StatusCode, len(body))
	}
	post := do(h, "POST", "/", nil)
	if got := post.Header.Get("Allow"); post.StatusCode != 405 || got != "GET, HEAD" {
		t.Errorf("POST / = %d, Allow %q, want 405, GET, HEAD", post.StatusCode, got)
	}
}

func TestHandler_NotModified(t *testing.T) {
	h := newHandler(t, nil)
	etag := do(h, "GET", "/app.js", nil).Header.Get("ETag")
	if etag == "" {
		t.Fatal("GET /app.js has no ETag")
	}
	again := do(h, "GET", "/app.js", http.Header{"If-None-Match": {etag}})
	if again.StatusCode != http.StatusNotModified {
		t.Errorf("GET with its ETag = %d, want 304", again.StatusCode)
	}
}

func TestHandler_Options(t *testing.T) {
	h := newHandler(t, &playground.Options{Path: `/live/"><script>`, ProtocolVersion: 1})
	body := bodyOf(t, do(h, "GET", "/", nil))
	if !strings.Contains(body, `data-path="/live/&#34;&gt;&lt;script&gt;" data-protocol="1"`) {
		t.Errorf("the page does not carry its options, escaped:\n%s", body[:200])
	}
}

// Everything that a file refers to is there, and comes from the page itself: the
// policy would forbid the rest, in silence.
func TestHandler_References(t *testing.T) {
	h := newHandler(t, nil)
	references := regexp.MustCompile(`(?:src|href)="([^"#]+)"|from '([^']+)'|url\(([^)]+)\)`)
	queue := []string{"/", "/side-by-side"}
	for i := 0; i < len(queue); i++ {
		response := do(h, "GET", queue[i], nil)
		if response.StatusCode != 200 {
			t.Errorf("GET %s = %d, want 200", queue[i], response.StatusCode)
			continue
		}
		body := bodyOf(t, response)
		if strings.Contains(body, "https://") || strings.Contains(body, " style=\"") || strings.Contains(body, "innerHTML") {
			t.Errorf("%s holds an address elsewhere, an inline style or markup from text", queue[i])
		}
		for _, match := range references.FindAllStringSubmatch(body, -1) {
			reference := "/" + strings.TrimPrefix(strings.TrimPrefix(match[1]+match[2]+match[3], "."), "/")
			if !slices.Contains(queue, reference) {
				queue = append(queue, reference)
			}
		}
	}
	if len(queue) < 10 {
		t.Errorf("found %d files, want all of the page's: %q", len(queue), queue)
	}
}
