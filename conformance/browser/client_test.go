package browser_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/socketcluster-go/socketcluster/conformance/npm"
)

// clientPage serves a page with the official client's browser build, as an app
// would: from its own server, which is not the AG server.
func clientPage(t *testing.T) string {
	t.Helper()
	build := filepath.Join(npm.Install(t, "."), "node_modules", "socketcluster-client", "socketcluster-client.min.js")
	mux := http.NewServeMux()
	mux.HandleFunc("GET /client.js", func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, build) })
	mux.HandleFunc("GET /favicon.ico", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, `<!doctype html><title>App</title><p>An app</p>
			<script type="module">import * as client from './client.js'; window.socketClusterClient = client;</script>`)
	})
	page := httptest.NewServer(mux)
	t.Cleanup(page.Close)
	return page.URL + "/"
}

// connectScript makes window.socket, connected; it yields the connect event.
func connectScript(s *server) string {
	return fmt.Sprintf(`(async () => {
		window.socket = socketClusterClient.create({hostname: '127.0.0.1', port: %s, autoReconnectOptions:
			{initialDelay: 50, randomness: 50, multiplier: 1, maxDelay: 200}});
		window.errors = [];
		(async () => { for await (const {error} of socket.listener('error')) errors.push(error.name); })();
		const {id, isAuthenticated, pingTimeout} = await socket.listener('connect').once();
		return {id, isAuthenticated, pingTimeout};
	})()`, s.port)
}

type connectEvent struct {
	ID              string
	IsAuthenticated bool
	PingTimeout     int
}

// followScript subscribes and collects the channel's messages in window.seen.
const followScript = `(async () => {
	window.seen = [];
	const channel = socket.subscribe('room');
	(async () => { for await (const data of channel) seen.push(data); })();
	await channel.listener('subscribe').once();
	return true;
})()`

func TestOfficialClient(t *testing.T) {
	page := clientPage(t)
	b := launch(t)
	// With a key of its own the server knows its tokens again after a restart.
	key := []string{"-options", `{"authKey": "a key for this test"}`}
	s := start(t, "0", key...)
	one, two := b.open(page), b.open(page)
	for _, p := range []*tab{one, two} {
		p.wait(`typeof socketClusterClient === 'object'`)
	}

	// The parts build on one another. A tab reports to the part that uses it.
	part := func(name string, test func(t *testing.T)) {
		t.Run(name, func(t *testing.T) {
			one.t, two.t = t, t
			test(t)
		})
	}

	status := eval[connectEvent](one, connectScript(s))
	if status.ID == "" || status.IsAuthenticated || status.PingTimeout != 20_000 {
		t.Errorf("connect event = %+v, want an id, no authentication, a ping timeout of 20000", status)
	}
	eval[connectEvent](two, connectScript(s))

	part("Invoke", func(t *testing.T) {
		got := eval[string](one, `socket.invoke('echo', {text: 'ü', list: [1, null]}).then(JSON.stringify)`)
		if want := `{"text":"ü","list":[1,null]}`; got != want {
			t.Errorf("echo = %s, want %s", got, want)
		}
		got = eval[string](one, `socket.invoke('login', {}).catch((error) => error.name)`)
		if got != "FailedLoginError" {
			t.Errorf("login without a name = %s, want FailedLoginError", got)
		}
	})

	part("Transmit", func(t *testing.T) {
		got := eval[string](one, `(async () => {
			const back = socket.receiver('echo').once();
			socket.transmit('echo', 'there and back');
			return back;
		})()`)
		if got != "there and back" {
			t.Errorf("transmit to echo brought %q back", got)
		}
	})

	part("PublishAndSubscribe", func(t *testing.T) {
		for _, p := range []*tab{one, two} {
			if !eval[bool](p, followScript) {
				t.Fatal("not subscribed")
			}
		}
		eval[bool](one, `socket.invokePublish('room', {from: 'one'}).then(() => true)`)
		eval[bool](two, `socket.transmitPublish('room', 'from two').then(() => true)`)
		for _, p := range []*tab{one, two} {
			p.wait(`JSON.stringify(seen) === '[{"from":"one"},"from two"]'`)
		}
	})

	part("Login", func(t *testing.T) {
		eval[bool](one, `(async () => {
			const authenticated = socket.listener('authenticate').once();
			await socket.invoke('login', {username: 'ada'});
			await authenticated;
			return true;
		})()`)
		if got := eval[string](one, `socket.authState + ' ' + socket.authToken.username`); got != "authenticated ada" {
			t.Errorf("after login: %q, want authenticated ada", got)
		}
		stored := eval[string](one, fmt.Sprintf(`localStorage.getItem('socketcluster.authToken.127.0.0.1:%s') ?? 'nothing'`, s.port))
		if signed := eval[string](one, `socket.signedAuthToken`); stored != signed {
			t.Errorf("localStorage holds %q, want the signed token %q", stored, signed)
		}
	})

	part("Reconnect", func(inner *testing.T) {
		s.stop(inner)
		one.wait(`socket.state !== 'open'`)
		s = start(t, s.port, key...) // for the parts behind this one, too
		// The token of before still holds, and the channel comes back.
		one.wait(`socket.state === 'open' && socket.authState === 'authenticated' && socket.isSubscribed('room')`)
		two.wait(`socket.state === 'open' && socket.isSubscribed('room')`)
		eval[bool](two, `socket.invokePublish('room', 'after').then(() => true)`)
		one.wait(`seen.at(-1) === 'after'`)
	})

	part("TokenFromLocalStorage", func(t *testing.T) {
		one.run(chromedp.Reload())
		one.wait(`typeof socketClusterClient === 'object'`)
		if status := eval[connectEvent](one, connectScript(s)); !status.IsAuthenticated {
			t.Error("the token in localStorage did not authenticate the new connection")
		}
		got := eval[string](one, `socket.invoke('whoami').then((me) => me.authToken.username)`)
		if got != "ada" {
			t.Errorf("whoami = %q, want ada", got)
		}
		eval[bool](one, `(async () => {
			const removed = socket.listener('removeAuthToken').once();
			await socket.invoke('logout');
			await removed;
			return true;
		})()`)
		if got := eval[string](one, `socket.authState + ' ' + localStorage.length`); got != "unauthenticated 0" {
			t.Errorf("after logout: %q, want unauthenticated and an empty localStorage", got)
		}
	})
}
