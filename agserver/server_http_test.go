package agserver_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/socketcluster-go/socketcluster/agclient"
	"github.com/socketcluster-go/socketcluster/agserver"
	"github.com/socketcluster-go/socketcluster/agserver/agservertest"
	"github.com/socketcluster-go/socketcluster/channels/brokertest/certs"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// mount puts a server into an HTTP server of somebody's own.
func (r *rig) mount(o agserver.Options, wrap func(http.Handler) http.Handler) *httptest.Server {
	r.t.Helper()
	o.Portable = r.portable
	r.srv = agserver.New(&o)
	r.t.Cleanup(func() { check(r.t, r.srv.Close(context.Background())) })
	hs := httptest.NewServer(wrap(r.srv))
	r.t.Cleanup(hs.Close)
	r.addr = hs.Listener.Addr().String()
	return hs
}

func TestServer_ServeHTTP(t *testing.T) {
	onBothEngines(t, func(t *testing.T, r *rig) {
		hs := r.mount(agserver.Options{AuthKey: "testkey"}, func(srv http.Handler) http.Handler {
			mux := http.NewServeMux()
			mux.Handle("/socketcluster/", srv)
			mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "elsewhere") })
			return mux
		})
		c, sock := r.connect(agclient.Options{Header: http.Header{"X-Test": {"yes"}}, Query: query("a", "b")})
		other, _ := r.connect(agclient.Options{})
		received := subscribe(t, c, "news").Output().Consume()
		check(t, other.InvokePublish(within(t), "news", 1))
		if got := next(t, received).String(); got != "1" {
			t.Errorf("received %s, want 1", got)
		}
		req := sock.Request()
		if req.Header.Get("X-Test") != "yes" || req.URL.Path != "/socketcluster/" || req.URL.Query().Get("a") != "b" || req.Method != http.MethodGet {
			t.Errorf("Request() = %s %s %v", req.Method, req.URL, req.Header)
		}
		if !sock.RemoteAddr().Addr().IsLoopback() || sock.RemoteAddr().Port() == 0 {
			t.Errorf("RemoteAddr() = %v", sock.RemoteAddr())
		}
		for path, want := range map[string]int{"/socketcluster/": 4, "/other": 2} { // by the first digit
			resp, err := http.Get(hs.URL + path)
			check(t, err)
			readAll(t, resp)
			resp.Body.Close()
			if resp.StatusCode/100 != want {
				t.Errorf("GET %s = %s, want %dxx", path, resp.Status, want)
			}
		}
	})
}

// A request that asks for no upgrade is told so, by HTTP/2 without the field that
// must not occur there.
func TestServer_ServeHTTPUpgradeRequired(t *testing.T) {
	srv := agserver.New(nil)
	defer func() { check(t, srv.Close(within(t))) }()
	for _, test := range []struct {
		http2   bool
		proto   string
		upgrade string
	}{
		{false, "HTTP/1.1", "websocket"},
		{true, "HTTP/2.0", ""},
	} {
		t.Run(test.proto, func(t *testing.T) {
			hs := httptest.NewUnstartedServer(srv)
			hs.EnableHTTP2 = test.http2
			hs.StartTLS()
			defer hs.Close()
			resp, err := hs.Client().Get(hs.URL + agserver.DefaultPath)
			check(t, err)
			defer resp.Body.Close()
			body := readAll(t, resp)
			if resp.Proto != test.proto || resp.StatusCode != http.StatusUpgradeRequired || body == "" {
				t.Errorf("GET = %s %s %q, want %s 426", resp.Proto, resp.Status, body, test.proto)
			}
			if got := resp.Header.Get("Upgrade"); got != test.upgrade {
				t.Errorf("Upgrade: %q, want %q", got, test.upgrade)
			}
		})
	}
}

func TestServer_ServeHTTPAnyPath(t *testing.T) {
	onBothEngines(t, func(t *testing.T, r *rig) {
		r.mount(agserver.Options{Path: agserver.AnyPath}, func(srv http.Handler) http.Handler {
			return http.StripPrefix("/deep/down", srv)
		})
		c := r.open(agservertest.ConnOptions{Target: "/deep/down/here"})
		c.Handshake("")
	})
}

// On the server's own port other requests go to another handler.
func TestServer_HandleHTTP(t *testing.T) {
	onBothEngines(t, func(t *testing.T, r *rig) {
		srv := r.serve(agserver.Options{})
		get := func() (int, string) {
			t.Helper()
			resp, err := http.Get("http://" + r.addr + "/health-check")
			check(t, err)
			defer resp.Body.Close()
			return resp.StatusCode, readAll(t, resp)
		}
		defer http.DefaultClient.CloseIdleConnections()
		if status, body := get(); status != http.StatusNotImplemented {
			t.Errorf("GET = %d %q without a handler, want 501", status, body)
		}
		srv.HandleHTTP(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) { io.WriteString(w, "OK "+req.URL.Path) }))
		if status, body := get(); status != http.StatusOK || body != "OK /health-check" {
			t.Errorf("GET = %d %q, want the handler's", status, body)
		}
		srv.HandleHTTP(nil)
		if status, body := get(); status != http.StatusNotImplemented {
			t.Errorf("GET = %d %q after HandleHTTP(nil), want 501", status, body)
		}
		r.shake()
	})
}

// Options that are refused are reported by whatever would serve.
func TestServer_InvalidOptions(t *testing.T) {
	srv := agserver.New(&agserver.Options{AuthPublicKey: "key"})
	defer func() { check(t, srv.Close(within(t))) }()
	if err := srv.ListenAndServe("127.0.0.1:0"); !errors.Is(err, protocol.ErrInvalidOptions) {
		t.Errorf("ListenAndServe() = %v, want InvalidOptionsError", err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	if err := srv.Serve(l); !errors.Is(err, protocol.ErrInvalidOptions) {
		t.Errorf("Serve() = %v, want InvalidOptionsError", err)
	}
	a, b := net.Pipe()
	defer a.Close()
	if err := srv.ServeConn(b); !errors.Is(err, protocol.ErrInvalidOptions) {
		t.Errorf("ServeConn() = %v, want InvalidOptionsError", err)
	}
	failures := srv.Events().Error.Consume()
	w := httptest.NewRecorder()
	srv.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/socketcluster/", nil))
	if w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "authPrivateKey") {
		t.Errorf("ServeHTTP() = %d %q, want 500 that tells nothing", w.Code, w.Body)
	}
	if ev := next(t, failures); !errors.Is(ev.Error, protocol.ErrInvalidOptions) {
		t.Errorf("error event = %v, want InvalidOptionsError", ev.Error)
	}
}

// So does the exchange.
func TestServer_InvalidOptionsExchange(t *testing.T) {
	srv := agserver.New(&agserver.Options{AuthPublicKey: "key"})
	defer func() { check(t, srv.Close(within(t))) }()
	if err := srv.Exchange().InvokePublish(within(t), "news", 1); !errors.Is(err, protocol.ErrInvalidOptions) {
		t.Errorf("InvokePublish() = %v, want InvalidOptionsError", err)
	}
	if err := srv.Exchange().TransmitPublish("news", 1); !errors.Is(err, protocol.ErrInvalidOptions) {
		t.Errorf("TransmitPublish() = %v, want InvalidOptionsError", err)
	}
	failures := srv.Exchange().Events().SubscribeFail.Consume()
	srv.Exchange().Subscribe("news")
	if ev := next(t, failures); !errors.Is(ev.Err, protocol.ErrInvalidOptions) {
		t.Errorf("subscribeFail = %v, want InvalidOptionsError", ev.Err)
	}
	srv.Exchange().Unsubscribe("news")
}

func TestServer_ListenAndServe(t *testing.T) {
	srv := agserver.New(nil)
	if err := srv.ListenAndServe("127.0.0.1:notaport"); err == nil || errors.Is(err, agserver.ErrClosed) {
		t.Errorf("ListenAndServe() = %v, want that of the address", err)
	}
	served := future(func() error { return srv.ListenAndServe("127.0.0.1:0") })
	if _, err := srv.Events().Ready.Once(within(t)); err != nil {
		t.Fatal(err)
	}
	check(t, srv.Close(within(t)))
	if err := await(t, served); !errors.Is(err, agserver.ErrClosed) {
		t.Errorf("ListenAndServe() = %v, want ErrClosed", err)
	}
}

func TestServer_ListenAndServeTLS(t *testing.T) {
	srv := agserver.New(nil)
	files := certs.New(t).Issue("server").Files()
	if err := srv.ListenAndServeTLS("127.0.0.1:0", files.Cert, "/none"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("ListenAndServeTLS() = %v, want that there is no such file", err)
	}
	served := future(func() error { return srv.ListenAndServeTLS("127.0.0.1:0", files.Cert, files.Key) })
	if _, err := srv.Events().Ready.Once(within(t)); err != nil {
		t.Fatal(err)
	}
	check(t, srv.Close(within(t)))
	if err := await(t, served); !errors.Is(err, agserver.ErrClosed) {
		t.Errorf("ListenAndServeTLS() = %v, want ErrClosed", err)
	}
}

func TestServer_Clients(t *testing.T) {
	onBothEngines(t, func(t *testing.T, r *rig) {
		srv := r.serve(agserver.Options{})
		_, a := r.shake()
		_, b := r.shake()
		pending := r.open(agservertest.ConnOptions{})
		eventually(t, "one is pending", func() bool { return srv.PendingClientsCount() == 1 })
		open := map[*agserver.Socket]bool{}
		for sock := range srv.Clients() {
			open[sock] = true
		}
		if len(open) != 2 || !open[a] || !open[b] || srv.ClientsCount() != 2 {
			t.Errorf("Clients() = %v, want both", open)
		}
		for range srv.Clients() {
			break
		}
		for sock := range srv.PendingClients() {
			if sock.State() != agserver.Connecting || srv.Client(sock.ID()) != sock {
				t.Errorf("a pending client is %v", sock.State())
			}
		}
		pending.Cut()
		eventually(t, "none is pending", func() bool { return srv.PendingClientsCount() == 0 })
		for _, id := range []string{"", "short", strings.Repeat("!", 20), srv.GenerateID()} {
			if srv.Client(id) != nil {
				t.Errorf("Client(%q) is somebody", id)
			}
		}
		if x, y := srv.GenerateID(), srv.GenerateID(); len(x) != 20 || x == y {
			t.Errorf("GenerateID() = %q and %q", x, y)
		}
	})
}

// TLS is the server's own, or somebody else's below or in front.
func TestServer_TLS(t *testing.T) {
	cert := httptest.NewUnstartedServer(nil)
	cert.StartTLS()
	defer cert.Close()
	trusting := cert.Client().Transport.(*http.Transport).TLSClientConfig
	for _, test := range []struct {
		name  string
		serve func(t *testing.T, srv *agserver.Server) (addr string)
	}{
		{"ServeTLS", func(t *testing.T, srv *agserver.Server) string {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			check(t, err)
			served := future(func() error { return srv.ServeTLS(l, &tls.Config{Certificates: cert.TLS.Certificates}) })
			t.Cleanup(func() {
				check(t, srv.Close(context.Background()))
				<-served
			})
			return l.Addr().String()
		}},
		{"Listener", func(t *testing.T, srv *agserver.Server) string {
			l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: cert.TLS.Certificates})
			check(t, err)
			served := future(func() error { return srv.Serve(l) })
			t.Cleanup(func() {
				check(t, srv.Close(context.Background()))
				<-served
			})
			return l.Addr().String()
		}},
		{"HTTPServer", func(t *testing.T, srv *agserver.Server) string {
			hs := httptest.NewTLSServer(srv)
			t.Cleanup(func() {
				check(t, srv.Close(context.Background()))
				hs.Close()
			})
			return hs.Listener.Addr().String()
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			srv := agserver.New(nil)
			addr := test.serve(t, srv)
			c, err := agclient.Dial(within(t), "wss://"+addr, &agclient.Options{TLS: trusting})
			check(t, err)
			defer c.Close()
			received := subscribe(t, c, "a").Output().Consume()
			check(t, srv.Exchange().InvokePublish(t.Context(), "a", "secret"))
			if got := next(t, received).String(); got != `"secret"` {
				t.Errorf("received %s", got)
			}
			if sock := srv.Client(c.ID()); sock == nil || !sock.RemoteAddr().Addr().IsLoopback() {
				t.Errorf("the server's side of it is %v", sock)
			}
		})
	}
}

// permessage-deflate is agreed on if both sides want it.
func TestPerMessageDeflate(t *testing.T) {
	for _, on := range []bool{false, true} {
		t.Run(fmt.Sprint(on), func(t *testing.T) {
			onBothEngines(t, func(t *testing.T, r *rig) {
				srv := r.serve(agserver.Options{PerMessageDeflate: on})
				nc, err := net.Dial("tcp", r.addr)
				check(t, err)
				c, resp := agservertest.Upgrade(t, srv, &agservertest.ConnOptions{
					NetConn: nc, Header: http.Header{"Sec-Websocket-Extensions": {"permessage-deflate; client_max_window_bits"}},
				})
				got := resp.Header.Get("Sec-Websocket-Extensions")
				if strings.HasPrefix(got, "permessage-deflate") != on {
					t.Errorf("extensions = %q, want deflate: %v", got, on)
				}
				c.Handshake("") // short messages are not compressed
			})
		})
	}
}
