package playground

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"time"
)

//go:embed page
var pages embed.FS

// Options tells the page about the server it is to talk to. The zero value is
// the server's own default.
type Options struct {
	// Path of the server's sockets. Empty: "/socketcluster/".
	Path string
	// ProtocolVersion is 1 or 2. Zero: 2.
	ProtocolVersion int
}

// Handler serves the page and its parts.
type Handler struct {
	files map[string]file // by URL path
}

// file is one answer, made when the handler is: nothing is read or rendered
// while serving.
type file struct {
	body        []byte
	contentType string
	etag        string
}

// New makes the handler. Nil options are valid. An error means that the
// embedded page is broken, which a test excludes.
func New(o *Options) (*Handler, error) {
	var options Options
	if o != nil {
		options = *o
	}
	if options.Path == "" {
		options.Path = "/socketcluster/"
	}
	if options.ProtocolVersion == 0 {
		options.ProtocolVersion = 2
	}

	h := &Handler{files: make(map[string]file)}
	err := fs.WalkDir(pages, "page", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		body, err := pages.ReadFile(name)
		if err != nil {
			return err
		}
		base := path.Base(name)
		if strings.HasSuffix(base, ".html") {
			if body, err = render(base, body, options); err != nil {
				return err
			}
		}
		h.files[urlOf(base)] = newFile(base, body)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("playground: %w", err)
	}
	return h, nil
}

// urlOf leaves out what a reader of the address bar need not see.
func urlOf(base string) string {
	if base == "index.html" {
		return "/"
	}
	return "/" + strings.TrimSuffix(base, ".html")
}

func render(name string, text []byte, options Options) ([]byte, error) {
	page, err := template.New(name).Parse(string(text))
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := page.Execute(&out, options); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func newFile(base string, body []byte) file {
	sum := sha256.Sum256(body)
	return file{
		body:        body,
		contentType: contentType(path.Ext(base)),
		etag:        `"` + hex.EncodeToString(sum[:12]) + `"`,
	}
}

// contentType does not ask the machine's own tables for the page's types: some
// machines call a script text/plain, and nosniff would then forbid it.
func contentType(extension string) string {
	switch extension {
	case ".html":
		return "text/html; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	}
	return mime.TypeByExtension(extension)
}

// ServeHTTP answers GET and HEAD for the page's own files, 405 for other
// methods on them, and 404 for everything else. Browsers keep the files but ask
// each time whether they have changed, so that a new build is seen at once.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	setSecurityHeaders(header)
	f, ok := h.files[r.URL.Path]
	if !ok {
		header.Set("Cache-Control", "no-store")
		http.Error(w, "Not Found", http.StatusNotFound)
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		header.Set("Allow", "GET, HEAD")
		http.Error(w, "Method Not Allowed", http.StatusMethodNotAllowed)
		return
	}
	header.Set("Content-Type", f.contentType)
	header.Set("Cache-Control", "no-cache")
	header.Set("ETag", f.etag)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(f.body))
}

// policy lets the page use what this server sends and nothing else. connect-src
// 'self' covers ws: and wss: to the same host and port.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; " +
	"connect-src 'self'; frame-src 'self'; frame-ancestors 'self'; base-uri 'none'; " +
	"form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

func setSecurityHeaders(header http.Header) {
	header.Set("Content-Security-Policy", policy)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("X-Frame-Options", "SAMEORIGIN")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cross-Origin-Opener-Policy", "same-origin")
	header.Set("Cross-Origin-Resource-Policy", "same-origin")
	header.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
}
