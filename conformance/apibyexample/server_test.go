package apibyexample_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/socketcluster-go/socketcluster/agclient"
	"github.com/socketcluster-go/socketcluster/agserver"
	"github.com/socketcluster-go/socketcluster/authtoken"
	"github.com/socketcluster-go/socketcluster/protocol"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type userTable map[string]string

func (u userTable) Check(user, password string) bool { return password != "" && u[user] == password }

var users = userTable{"alice": "open sesame"}

// A whole server.
func newServer(authKey string) *agserver.Server {
	srv := agserver.New(&agserver.Options{AuthKey: authKey})

	srv.HandleProcedure("login", func(ctx context.Context, req *agserver.Request) error {
		var in struct{ User, Password string }
		if err := req.Decode(&in); err != nil {
			return err // reaches the client as a named error; the socket goes on
		}
		if !users.Check(in.User, in.Password) {
			return &protocol.Error{Name: "FailedLoginError", Message: "wrong user or password"}
		}
		return req.Socket.SetAuthToken(ctx, authtoken.Claims{"username": in.User}, nil)
	})
	agserver.HandleFunc(srv, "sum", func(ctx context.Context, s *agserver.Socket, in []float64) (float64, error) {
		var sum float64
		for _, x := range in {
			sum += x
		}
		return sum, nil
	})

	warnings := srv.Events().Warning.All(context.Background())
	go func() {
		for ev := range warnings {
			slog.Warn("socketcluster", "err", ev.Warning)
		}
	}()
	return srv
}

func TestWholeServer(t *testing.T) {
	srv := newServer("secret")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }() // ListenAndServe(":8000") in the program
	useServer(t, "ws://"+l.Addr().String()+"/socketcluster/")
	if err := srv.Close(t.Context()); err != nil {
		t.Errorf("Close() = %v, want nil", err)
	}
	if err := <-served; !errors.Is(err, agserver.ErrClosed) {
		t.Errorf("Serve() = %v, want ErrClosed", err)
	}
	srv.Events().Kill()
}

func TestInsideAnHTTPServer(t *testing.T) {
	srv := newServer("secret")
	mux := http.NewServeMux()
	mux.Handle("/socketcluster/", srv) // an http.Handler like any other

	server := httptest.NewServer(mux)
	useServer(t, strings.Replace(server.URL, "http", "ws", 1)+"/socketcluster/")
	if err := srv.Close(t.Context()); err != nil {
		t.Errorf("Close() = %v, want nil", err)
	}
	server.Close()
	srv.Events().Kill()
}

func useServer(t *testing.T, url string) {
	t.Helper()
	ctx := t.Context()
	c, err := agclient.Dial(ctx, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	wrong := map[string]string{"user": "alice", "password": "?"}
	if err := c.Invoke(ctx, "login", wrong, nil); !errors.Is(err, &protocol.Error{Name: "FailedLoginError"}) {
		t.Errorf("login = %v, want a FailedLoginError", err)
	}
	if err := c.Invoke(ctx, "login", "?", nil); !errors.Is(err, protocol.ErrInvalidArguments) {
		t.Errorf("login with a string = %v, want an InvalidArgumentsError", err)
	}
	signed := c.Events().Authenticate.Consume()
	defer signed.Kill()
	if err := c.Invoke(ctx, "login", map[string]string{"user": "alice", "password": "open sesame"}, nil); err != nil {
		t.Errorf("login = %v, want nil", err)
	}
	ev, err := signed.Next(ctx)
	if got := ev.AuthToken.Get("username").String(); err != nil || got != "alice" {
		t.Errorf("username = %q, %v, want alice", got, err)
	}
	var sum float64
	if err := c.Invoke(ctx, "sum", []int{1, 2, 3}, &sum); err != nil || sum != 6 {
		t.Errorf("sum = %v, %v, want 6", sum, err)
	}
}
