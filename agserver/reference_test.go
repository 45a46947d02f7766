package agserver_test

import (
	"context"
	"testing"
	"time"

	"github.com/socketcluster-go/socketcluster/agserver"
	"github.com/socketcluster-go/socketcluster/authtoken"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// The files reference_*_test.go port the server suite of the reference,
// test/integration.js of the npm package socketcluster-server 20.0.1: one file
// for each describe block, and in it its cases by their titles, in its order. A
// test in conformance/serversuite compares the titles with the original's.
//
// The reference waits for a while and then looks; here a case waits for what
// must come, over TCP and on both engines, and is played in a bubble of synctest
// where it is about time or about what must not come.

// it is a case that runs over TCP, on both engines.
func it(t *testing.T, title string, f func(t *testing.T, r *rig)) {
	t.Helper()
	t.Run(title, func(t *testing.T) {
		t.Parallel()
		onBothEngines(t, f)
	})
}

// itInTime is a case that runs in memory, in a bubble where time passes at once.
func itInTime(t *testing.T, title string, f func(t *testing.T, r *rig)) {
	t.Helper()
	t.Run(title, func(t *testing.T) { inBubble(t, f) })
}

// describe is a block of cases.
func describe(t *testing.T, title string, f func(t *testing.T)) {
	t.Helper()
	t.Run(title, f)
}

// Tokens of the suite, signed with "testkey".
const (
	bobToken   = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJ1c2VybmFtZSI6ImJvYiIsImV4cCI6MzE2Mzc1ODk3OTA4MDMxMCwiaWF0IjoxNTAyNzQ3NzQ2fQ.dSZOfsImq4AvCu-Or3Fcmo7JNv1hrV3WqxaiSKkTtAo"
	aliceToken = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJ1c2VybmFtZSI6ImFsaWNlIiwiaWF0IjoxNTE4NzI4MjU5LCJleHAiOjMxNjM3NTg5NzkwODAzMTB9.XxbzPPnnXrJfZrS0FJwb_EAhIu2VY5i7rGyUThtNLh4"
)

const tenDays = 10 * 24 * time.Hour

// handleLogins registers the procedures of the suite's connectionHandler.
func handleLogins(srv *agserver.Server) {
	srv.HandleProcedure("login", login(nil))
	srv.HandleProcedure("loginWithTenDayExpiry", login(func(authtoken.Claims) *agserver.TokenOptions {
		return expiresIn(tenDays)
	}))
	srv.HandleProcedure("loginWithTenDayExp", login(func(claims authtoken.Claims) *agserver.TokenOptions {
		claims["exp"] = time.Now().Add(tenDays).Unix()
		return nil
	}))
	srv.HandleProcedure("loginWithTenDayExpAndExpiry", login(func(claims authtoken.Claims) *agserver.TokenOptions {
		claims["exp"] = time.Now().Add(tenDays).Unix()
		return expiresIn(100 * tenDays)
	}))
	srv.HandleProcedure("loginWithIssAndIssuer", login(func(claims authtoken.Claims) *agserver.TokenOptions {
		claims["iss"] = "foo"
		return &agserver.TokenOptions{SignOptions: authtoken.SignOptions{Issuer: "bar"}}
	}))
	agserver.HandleFunc(srv, "setAuthKey", func(_ context.Context, _ *agserver.Socket, secret string) (any, error) {
		keys, err := authtoken.NewKeys(authtoken.KeyOptions{Secret: secret})
		if err == nil {
			srv.SetAuthKeys(keys)
		}
		return nil, err
	})
	srv.HandleProcedure("proc", func(_ context.Context, req *agserver.Request) error {
		return req.Reply("success " + req.Data().String())
	})
}

func expiresIn(d time.Duration) *agserver.TokenOptions {
	return &agserver.TokenOptions{SignOptions: authtoken.SignOptions{ExpiresIn: authtoken.After(d)}}
}

// login handles the login of a user; prepare completes the claims and says how
// they are signed.
func login(prepare func(authtoken.Claims) *agserver.TokenOptions) agserver.ProcedureHandler {
	return func(ctx context.Context, req *agserver.Request) error {
		var claims authtoken.Claims
		if err := req.Decode(&claims); err != nil {
			return err
		}
		if name := claims["username"]; name != "bob" && name != "alice" {
			return &protocol.Error{Name: "FailedLoginError", Message: "Failed to login"}
		}
		var options *agserver.TokenOptions
		if prepare != nil {
			options = prepare(claims)
		}
		return req.Socket.SetAuthToken(ctx, claims, options)
	}
}

// user is what logs in.
type user struct {
	Username string `json:"username"`
}

var bob, alice = user{"bob"}, user{"alice"}

// slowEngine is an auth engine that takes its time.
type slowEngine struct {
	authtoken.JWT
	wait func()
}

func (e slowEngine) Verify(ctx context.Context, signed string, key *authtoken.Key, o *authtoken.VerifyOptions) (authtoken.Claims, error) {
	e.wait()
	return authtoken.Claims{}, nil
}
