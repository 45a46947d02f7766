package main

import (
	"context"
	"log/slog"
	"time"
	"unicode/utf8"

	"github.com/socketcluster-go/socketcluster/agserver"
	"github.com/socketcluster-go/socketcluster/authtoken"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// maxUserName bounds the name in a demo token, in characters.
const maxUserName = 64

// addDemo gives the server what the playground shows: procedures to call, and a
// receiver that sends back what is transmitted to it. Anybody may log in under
// any name, so this belongs to development mode only.
func addDemo(srv *agserver.Server) {
	srv.HandleProcedure("echo", func(ctx context.Context, req *agserver.Request) error {
		return req.Reply(req.Data())
	})
	srv.HandleProcedure("login", login)
	srv.HandleProcedure("logout", func(ctx context.Context, req *agserver.Request) error {
		return req.Socket.Deauthenticate(ctx, nil)
	})
	srv.HandleProcedure("whoami", func(ctx context.Context, req *agserver.Request) error {
		return req.Reply(identity{
			ID:        req.Socket.ID(),
			AuthState: req.Socket.AuthState().String(),
			AuthToken: req.Socket.AuthToken(),
		})
	})
	srv.HandleReceiver("echo", func(ctx context.Context, s *agserver.Socket, data protocol.Data) error {
		return s.Transmit("echo", data)
	})
}

// identity is the answer of whoami.
type identity struct {
	ID        string           `json:"id"`
	AuthState string           `json:"authState"`
	AuthToken authtoken.Claims `json:"authToken"`
}

func login(ctx context.Context, req *agserver.Request) error {
	var in struct {
		Username string `json:"username"`
	}
	if err := req.Decode(&in); err != nil || in.Username == "" || utf8.RuneCountInString(in.Username) > maxUserName {
		return &protocol.Error{
			Name:    "FailedLoginError",
			Message: `login takes {"username": "…"}, a name of 1 to 64 characters`,
		}
	}
	return req.Socket.SetAuthToken(ctx, authtoken.Claims{"username": in.Username}, nil)
}

// tick publishes the time to the channel clock every second until ctx is done.
func tick(ctx context.Context, srv *agserver.Server, log *slog.Logger) {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-ticker.C:
			message := map[string]string{"time": now.UTC().Format(time.RFC3339)}
			if err := srv.Exchange().TransmitPublish("clock", message); err != nil {
				log.Warn("clock", "err", err)
			}
		}
	}
}
