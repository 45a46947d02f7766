package browser_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/socketcluster-go/socketcluster/conformance/internal/chromium"
	"github.com/socketcluster-go/socketcluster/conformance/program/programtest"
)

// patience is how long a condition may take to come true.
const patience = programtest.Patience

// browser is a headless one with a profile of its own.
type browser struct {
	t   *testing.T
	ctx context.Context
}

// launch starts a browser that ends with the test.
func launch(t *testing.T) *browser {
	t.Helper()
	return &browser{t: t, ctx: chromium.Launch(t)}
}

// tab is one tab, and what went wrong or went out in it.
type tab struct {
	t   *testing.T
	ctx context.Context

	mu       sync.Mutex
	troubles []string // console errors, exceptions, violations of the policy
	requests []string // addresses
}

// step is something that a tab is told to do.
type step = chromedp.Action[chromedp.Void]

// open opens a tab, does the steps and goes to url. The test fails if the page
// reports an error.
func (b *browser) open(url string, before ...step) *tab {
	b.t.Helper()
	p := &tab{t: b.t}
	ctx, cancel := chromedp.NewContext(b.ctx, chromedp.WithListener(p.observe))
	b.t.Cleanup(cancel)
	p.ctx = ctx
	enable := chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, errLog := cdp.Call(ctx, t, log.Enable, cdp.Empty{})
		_, errNetwork := cdp.Call(ctx, t, network.Enable, network.EnableParams{})
		return errors.Join(errLog, errNetwork)
	})
	// The first context lives as long as the tab: no timeout here.
	if err := chromedp.Do(ctx, enable); err != nil {
		b.t.Fatalf("open a tab: %v", err)
	}
	p.run(append(before, chromedp.Navigate(url))...)
	b.t.Cleanup(func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, trouble := range p.troubles {
			b.t.Errorf("%s reported: %s", url, trouble)
		}
	})
	return p
}

func (p *tab) observe(event any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		p.troubles = append(p.troubles, fmt.Sprint(e.ExceptionDetails.Text, " ", e.ExceptionDetails.Exception.Description))
	case *log.EventEntryAdded:
		// A server that is stopped on purpose refuses connections.
		if e.Entry.Level == log.EntryLevelError && !strings.HasPrefix(e.Entry.Text, "WebSocket connection to") {
			p.troubles = append(p.troubles, fmt.Sprint(e.Entry.Text, " ", e.Entry.URL))
		}
	case *network.EventRequestWillBeSent:
		p.requests = append(p.requests, e.Request.URL)
	case *network.EventWebSocketCreated:
		p.requests = append(p.requests, e.URL)
	}
}

func (p *tab) run(steps ...step) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		p.t.Fatalf("in the browser: %v", err)
	}
}

// eval returns the value of a JavaScript expression; a promise is awaited.
func eval[T any](p *tab, expression string) T {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		p.t.Fatalf("evaluate %s: %v", expression, err)
	}
	return value
}

// wait returns when the expression has become true. It asks from outside,
// because the page's policy forbids it to evaluate text.
func (p *tab) wait(expression string) {
	p.t.Helper()
	deadline := time.Now().Add(patience)
	for !eval[bool](p, "!!("+expression+")") {
		if time.Now().After(deadline) {
			p.t.Fatalf("never came true: %s\nthe page says:\n%s", expression, eval[string](p, "document.body.innerText"))
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// waitText waits until the element's text contains what is given.
func (p *tab) waitText(selector, text string) {
	p.t.Helper()
	p.wait(fmt.Sprintf("document.querySelector(%q)?.textContent.includes(%q)", selector, text))
}

func (p *tab) click(selector string) {
	p.t.Helper()
	p.run(chromedp.Click(chromedp.CSS(selector)))
}

// fill replaces the text of a field as a person does: by typing.
func (p *tab) fill(selector, text string) {
	p.t.Helper()
	if text == "" {
		text = kb.Backspace
	}
	field := chromedp.CSS(selector)
	p.run(
		chromedp.Focus(field),
		chromedp.Evaluate[chromedp.Void](fmt.Sprintf("document.querySelector(%q).select()", selector)),
		chromedp.SendKeys(field, text),
	)
}

// addresses returns what the tab has asked for so far.
func (p *tab) addresses() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.requests...)
}
