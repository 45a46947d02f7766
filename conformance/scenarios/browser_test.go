package scenarios_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/socketcluster-go/socketcluster/conformance/internal/chromium"
	"github.com/socketcluster-go/socketcluster/conformance/npm"
)

// browserTimeout bounds all scenarios together, in a browser on a busy machine.
const browserTimeout = 3 * time.Minute

// browserPlayer starts a browser, and returns what has the minified browser
// build of the client play every scenario on a fleet, in a tab of its own.
func browserPlayer(t *testing.T) func(*testing.T, fleet) observations {
	t.Helper()
	build := filepath.Join(npm.Install(t, "."),
		"node_modules", "socketcluster-client-20", "socketcluster-client.min.js")
	browser := chromium.Launch(t)
	return func(t *testing.T, f fleet) observations {
		return observations{"socketcluster-client-20.min.js": playInTab(t, browser, build, f)}
	}
}

// playInTab plays every scenario in a tab of its own. Each tab has an origin of
// its own too, and so a localStorage for its tokens.
func playInTab(t *testing.T, browser context.Context, build string, f fleet) map[string]lanes {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /client.js", func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, build) })
	mux.HandleFunc("GET /favicon.ico", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("GET /js/", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/javascript")
		http.ServeFile(w, r, filepath.FromSlash(r.URL.Path[1:]))
	})
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, `<!doctype html><title>Scenarios</title>`)
	})
	page := httptest.NewServer(mux)
	defer page.Close()

	tab, cancel := chromedp.NewContext(browser)
	defer cancel()
	// The first use of the context lives as long as the tab: no timeout here.
	if err := chromedp.Do(tab); err != nil {
		t.Errorf("open a tab: %v", err)
		return nil
	}
	ctx, cancel := context.WithTimeout(tab, browserTimeout)
	defer cancel()
	script := fmt.Sprintf(`import('/js/page.mjs').then(({playAll}) => playAll(%s))`, f)
	if err := chromedp.Do(ctx, chromedp.Navigate(page.URL+"/")); err != nil {
		t.Errorf("open the page: %v", err)
		return nil
	}
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](script, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Errorf("play the scenarios: %v", err)
		return nil
	}
	var played map[string]lanes
	if err := json.Unmarshal([]byte(text), &played); err != nil {
		t.Errorf("read what was played: %v", err)
	}
	return played
}
