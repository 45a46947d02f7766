package browser_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// connected opens the playground and connects it.
func connected(b *browser, s *server, before ...step) *tab {
	b.t.Helper()
	p := b.open(s.url("/"), before...)
	p.waitText("#status", "Not connected")
	p.click("#connect-button")
	p.waitText("#status", "Connected")
	return p
}

func TestPlayground(t *testing.T) {
	b := launch(t)
	s := start(t, "0")
	sub := func(name string, test func(t *testing.T, b *browser)) {
		t.Run(name, func(t *testing.T) { test(t, &browser{t: t, ctx: b.ctx}) })
	}

	sub("Connect", func(t *testing.T, b *browser) {
		p := connected(b, s)
		p.wait(`document.querySelector('#fact-id').textContent.length > 10`)
		p.waitText("#fact-ping", "20 s")
		p.click("#connect-button")
		p.waitText("#status", "Not connected")
		p.wait(`document.querySelector('#fact-id').textContent === '–'`)
	})

	sub("Login", func(t *testing.T, b *browser) {
		p := connected(b, s)
		p.fill("#username", "grace")
		p.click("#login-button")
		p.waitText("#auth-tag", "logged in")
		p.waitText("#identity-name", "grace")
		p.waitText("#claims", `"username": "grace"`)
		// The token lives as long as the tab: a reload finds it.
		p.run(chromedp.Reload())
		p.click("#connect-button")
		p.waitText("#auth-tag", "logged in")
		p.click("#logout-button")
		p.waitText("#auth-tag", "logged out")
		p.waitText("#claims", "none")
		// The server's error is shown.
		p.fill("#username", "")
		p.click("#login-button")
		p.waitText("#identity-note", "FailedLoginError")
	})

	sub("Calls", func(t *testing.T, b *browser) {
		p := connected(b, s)
		call := func(kind, name, data string) {
			p.click(fmt.Sprintf(`label:has(input[value=%q])`, kind))
			p.fill("#call-name", name)
			p.fill("#call-data", data)
			p.click("#call-button")
		}
		call("invoke", "echo", `{"a": [1, "ü", null]}`)
		p.waitText("#calls-log li:last-child .outcome", `{"a": [1, "ü", null]}`)
		call("invoke", "whoami", "")
		p.waitText("#calls-log li:last-child .outcome", `"authState": "unauthenticated"`)
		call("invoke", "login", "{}")
		p.waitText("#calls-log li:last-child .outcome.bad", "FailedLoginError")
		call("transmit", "echo", `"back"`)
		p.waitText("#calls-log .call.received", `"back"`)
		call("invoke", "echo", "{bad")
		p.waitText("#call-note", "not valid JSON")
		p.wait(`document.querySelectorAll('#calls-log li').length === 5`)
	})

	sub("TwoTabs", func(t *testing.T, b *browser) {
		ada, grace := connected(b, s), connected(b, s)
		for _, p := range []*tab{ada, grace} {
			p.click(`[data-subscribe="lobby"]`)
			p.wait(`document.querySelector('.tab[aria-selected="true"][data-state="subscribed"]')`)
		}
		ada.fill("#publish-data", "hello grace")
		ada.click("#publish-button")
		ada.waitText("#publish-note", "Published to lobby")
		ada.waitText(".message.own", "hello grace")
		grace.waitText(".message:not(.own)", "hello grace")

		grace.fill("#publish-data", `{"hello": "ada"}`)
		grace.click("#publish-ack")
		grace.click("#publish-button")
		ada.waitText(".message:not(.own)", `{"hello": "ada"}`)
		grace.waitText(".message.own", `{"hello": "ada"}`)

		// Who has unsubscribed sees nothing more.
		grace.click("#unsubscribe-button")
		grace.wait(`!document.querySelector('#channels-empty').hidden`)
		ada.fill("#publish-data", "gone?")
		ada.click("#publish-button")
		ada.waitText(".message:last-child", "gone?")
		if got := eval[bool](grace, `document.body.textContent.includes('gone?')`); got {
			t.Error("a tab that has unsubscribed got a message")
		}
	})

	sub("ChannelsAreCountedApart", func(t *testing.T, b *browser) {
		p := connected(b, s)
		p.click(`[data-subscribe="clock"]`)
		p.waitText(".messages", `"time"`)
		p.fill("#subscribe-name", "elsewhere")
		p.click("#subscribe-button")
		// The clock goes on behind the other tab, which has nothing.
		p.wait(`Number(document.querySelector('.tab:nth-child(2) .count').textContent) >= 1`)
		p.wait(`document.querySelectorAll('.message').length === 0`)
		p.run(chromedp.Focus(chromedp.CSS(`.tab[aria-selected="true"]`)), chromedp.KeyEvent(kb.ArrowLeft))
		p.waitText(`.tab[aria-selected="true"]`, "clock")
		p.waitText(".messages", `"time"`)
	})

	sub("Frames", func(t *testing.T, b *browser) {
		// Frames are counted: no ping is to come between.
		s := start(t, "0", "-options", `{"pingInterval": 3600000, "pingTimeout": 7200000}`)
		p := connected(b, s)
		p.waitText(".frame.out .frame-name", "#handshake")
		p.waitText(".frame.in .kind.answer", "answer")
		p.click("#call-button")
		p.waitText("#frames", `{"event":"echo","data":{"hello":"world"},"cid":2}`)
		p.waitText("#frames", `"rid":2`)

		p.fill("#wire-filter", "handshake")
		p.wait(`document.querySelectorAll('.frame').length === 2`)
		p.click(`label:has(input[value="out"])`)
		p.wait(`document.querySelectorAll('.frame').length === 1`)
		p.click(".frame summary")
		p.waitText(".frame .code", "  \"event\": \"#handshake\",\n")
		p.click(`label:has(input[value="all"])`)
		p.fill("#wire-filter", "")
		p.wait(`document.querySelectorAll('.frame').length >= 4`)

		p.click("#wire-pause")
		p.click("#call-button")
		p.waitText("#wire-pause", "Resume (2)")
		p.click("#wire-pause")
		p.waitText("#frames", `"cid":3`)
		p.click("#wire-clear")
		p.wait(`document.querySelectorAll('.frame').length === 0`)
	})

	sub("Keyboard", func(t *testing.T, b *browser) {
		p := b.open(s.url("/"))
		p.waitText("#status", "Not connected")
		press := func(key, until string) {
			t.Helper()
			for range 60 {
				if eval[bool](p, until) {
					return
				}
				p.run(chromedp.KeyEvent(key))
			}
			t.Fatalf("%q never came true by the keyboard", until)
		}
		press(kb.Tab, `document.activeElement.id === 'connect-button'`)
		if outline := eval[string](p, `getComputedStyle(document.activeElement).outlineStyle`); outline != "solid" {
			t.Errorf("outline of the focused button = %q, want solid", outline)
		}
		p.run(chromedp.KeyEvent(kb.Enter))
		p.waitText("#status", "Connected")
		press(kb.Tab, `document.activeElement.id === 'subscribe-name'`)
		p.run(chromedp.KeyEvent("news"), chromedp.KeyEvent(kb.Enter))
		p.wait(`document.querySelector('.tab[data-state="subscribed"][aria-selected="true"]')`)
	})

	sub("EveryControlHasAName", func(t *testing.T, b *browser) {
		p := connected(b, s)
		p.run(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
			tree, err := cdp.Call(ctx, target, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{})
			if err != nil {
				return err
			}
			controls := 0
			for _, node := range tree.Nodes {
				if node.Ignored || node.Role == nil {
					continue
				}
				role := strings.Trim(string(node.Role.Value), `"`)
				switch role {
				case "button", "textbox", "searchbox", "combobox", "checkbox", "radio", "tab", "link":
					controls++
					if node.Name == nil || strings.Trim(string(node.Name.Value), `"`) == "" {
						t.Errorf("a %s has no accessible name", role)
					}
				}
			}
			if controls < 25 {
				t.Errorf("found %d controls, want all of the page's", controls)
			}
			return nil
		}))
	})

	sub("NothingFromElsewhere", func(t *testing.T, b *browser) {
		p := connected(b, s)
		addresses := p.addresses()
		if len(addresses) < 10 {
			t.Errorf("saw %d requests, want those of the page: %q", len(addresses), addresses)
		}
		for _, address := range addresses {
			if !strings.HasPrefix(address, s.url("/")) && !strings.HasPrefix(address, "ws://127.0.0.1:"+s.port+"/") {
				t.Errorf("the page asked for %s", address)
			}
		}
	})

	sub("NothingMoves", func(t *testing.T, b *browser) {
		p := b.open(s.url("/"))
		p.waitText("#status", "Not connected")
		p.watchMoves()
		p.click("#connect-button")
		p.waitText("#status", "Connected")
		p.click("#login-button")
		p.waitText("#auth-tag", "logged in")
		p.click(`[data-subscribe="clock"]`)
		p.waitText(".messages", `"time"`)
		p.click("#call-button")
		p.waitText("#calls-log .outcome", "world")
		p.click("#connect-button")
		p.waitText("#status", "Not connected")
		if moved := p.moves(); len(moved) > 0 {
			t.Errorf("moved: %q", moved)
		}
	})

	sub("NothingMovesWhileItLoads", func(t *testing.T, b *browser) {
		p := b.open(inTwoParts(t, s.url("/")))
		p.watchMoves()
		p.wait(`document.querySelector('#url').value !== ''`)
		if moved := p.moves(); len(moved) > 0 {
			t.Errorf("moved: %q", moved)
		}
	})

	sub("OtherOptions", func(t *testing.T, b *browser) {
		s := start(t, "0", "-options", `{"path": "/live/", "protocolVersion": 1, "pingInterval": 50}`)
		p := connected(b, s)
		p.wait(`document.querySelector('#url').value.endsWith('/live/')`)
		// Version 1 has texts for pings.
		p.waitText(".frame.in .kind.ping", "ping")
		p.waitText(".frame.out .kind.pong", "pong")
		p.waitText("#frames", "#2")
	})

	sub("Phone", func(t *testing.T, b *browser) {
		p := connected(b, s, chromedp.EmulateViewport(360, 740, chromedp.EmulateMobile, chromedp.EmulateTouch))
		for _, view := range []string{"connect", "channels", "calls", "wire"} {
			p.click(fmt.Sprintf(".views button[data-view=%q]", view))
			p.wait(fmt.Sprintf(`document.querySelector('[data-for=%q]').offsetHeight > 0`, view))
			if eval[bool](p, `document.documentElement.scrollWidth > innerWidth`) {
				t.Errorf("%s is wider than the phone", view)
			}
		}
	})

	sub("Theme", func(t *testing.T, b *browser) {
		dark := chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
			_, err := cdp.Call(ctx, target, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
				Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}},
			})
			return err
		})
		p := b.open(s.url("/"), dark)
		const isDark = `getComputedStyle(document.body).backgroundColor.match(/\d+/g).every((part) => part < 40)`
		p.wait(isDark)
		p.click(`#theme label:has(input[value="light"])`)
		p.wait(`!` + isDark)
		p.run(chromedp.Reload())
		p.wait(`document.querySelector('#theme input[value="light"]')?.checked && !` + isDark)
		p.click(`#theme label:has(input[value="auto"])`)
		p.wait(isDark)
	})

	sub("SideBySide", func(t *testing.T, b *browser) {
		p := b.open(s.url("/side-by-side"))
		half := func(i int) string { return fmt.Sprintf("document.querySelectorAll('iframe')[%d].contentDocument", i) }
		for i := range 2 {
			p.wait(half(i) + `?.querySelector('#status')?.textContent.includes('Connected')`)
			eval[bool](p, half(i)+`.querySelector('[data-subscribe="pair"], [data-subscribe="lobby"]').click() ?? true`)
			p.wait(half(i) + `.querySelector('.tab[data-state="subscribed"][aria-selected="true"]')`)
			eval[bool](p, half(i)+`.querySelector('#login-button').click() ?? true`)
		}
		p.wait(half(0) + `.querySelector('#identity-name').textContent === 'ada'`)
		p.wait(half(1) + `.querySelector('#identity-name').textContent === 'grace'`)
		eval[bool](p, `(() => {const half = `+half(0)+`; half.querySelector('#publish-data').value = 'across';
			half.querySelector('#publish-form').requestSubmit(); return true;})()`)
		p.wait(half(1) + `.querySelector('.message')?.textContent.includes('across')`)
	})
}

func TestPlayground_Reconnect(t *testing.T) {
	b := launch(t)
	s := start(t, "0")
	p := connected(b, s)
	p.click(`[data-subscribe="lobby"]`)
	p.wait(`document.querySelector('.tab[data-state="subscribed"][aria-selected="true"]')`)
	s.stop(t)
	// A close without a status sends it back at once; nobody is there, so the
	// next attempt waits, and says so.
	p.waitText("#status", "Again in")
	p.wait(`document.querySelector('.tab[data-state="pending"][aria-selected="true"]')`)

	start(t, s.port)
	p.click("#connect-button")
	p.waitText("#status", "Connected")
	p.wait(`document.querySelector('.tab[data-state="subscribed"][aria-selected="true"]')`)
	p.fill("#publish-data", "again")
	p.click("#publish-button")
	p.waitText(".message.own", "again")
}
