package browser_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"testing"
	"time"
)

// watchMoves begins to note what has moved without being told to, from the page's
// beginning on.
func (p *tab) watchMoves() {
	p.t.Helper()
	eval[bool](p, `(() => {
		window.moved = [];
		window.note = (entries) => {
			for (const {sources} of entries) {
				for (const {node, previousRect, currentRect} of sources) {
					const name = node?.id || node?.className || node?.nodeName;
					moved.push([name, previousRect.x, previousRect.y, 'to', currentRect.x, currentRect.y].join(' '));
				}
			}
		};
		window.observer = new PerformanceObserver((list) => note(list.getEntries()));
		observer.observe({type: 'layout-shift', buffered: true});
		return true;
	})()`)
}

// moves returns what has moved, the last frame included.
func (p *tab) moves() []string {
	p.t.Helper()
	return eval[[]string](p, `new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => {
		note(observer.takeRecords());
		setTimeout(() => done(moved)); // behind what is about to be noted
	})))`)
}

// inTwoParts serves the playground with its second half late, as on a network or a
// machine that is busy, and returns its address. It is cut in the middle of what is
// shown in the middle.
func inTwoParts(t *testing.T, page string) string {
	t.Helper()
	address, err := url.Parse(page)
	if err != nil {
		t.Fatal(err)
	}
	others := httputil.NewSingleHostReverseProxy(address)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			others.ServeHTTP(w, r)
			return
		}
		response, err := http.Get(page)
		if err != nil {
			t.Errorf("GET %s: %v", page, err)
			return
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		if err != nil {
			t.Errorf("GET %s: %v", page, err)
		}
		for name, values := range response.Header {
			w.Header()[name] = values
		}
		half := bytes.Index(body, []byte(`data-subscribe="lobby"`))
		if half = max(half, 0); half == 0 {
			t.Error("the page has nothing to subscribe to")
		}
		_, _ = w.Write(body[:half])
		_ = http.NewResponseController(w).Flush()
		time.Sleep(time.Second) // for a browser that shows half a page to do so
		_, _ = w.Write(body[half:])
	}))
	t.Cleanup(server.Close)
	return server.URL + "/"
}
