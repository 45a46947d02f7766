package hardening_test

import (
	"context"
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/socketcluster-go/socketcluster/agserver"
	"github.com/socketcluster-go/socketcluster/middleware"
)

const secret = "the server's secret"

func encode64(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

// hs256 is a token with that header and those claims, signed with key.
func hs256(header, claims, key string) string {
	signed := encode64(header) + "." + encode64(claims)
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(signed))
	return signed + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

const plainHeader = `{"alg":"HS256","typ":"JWT"}`

// refused sends tokens that must not be accepted, by #authenticate and with
// #handshake. want is the name of the error; "" is any.
func (a *target) refused(name, token, want string) {
	a.Helper()
	quoted, _ := json.Marshal(token)
	c := a.dial().upgrade()
	var shaken struct {
		IsAuthenticated bool
		AuthError       *struct{ Name, Message string }
	}
	p := c.call("#handshake", `{"authToken":`+string(quoted)+`}`)
	if err := json.Unmarshal(p.Data, &shaken); err != nil || shaken.IsAuthenticated || shaken.AuthError == nil {
		a.Errorf("%s: #handshake is answered with %.200s, want an authError", name, p.raw)
	} else if want != "" && shaken.AuthError.Name != want {
		a.Errorf("%s: the error of #handshake is %v, want %s", name, *shaken.AuthError, want)
	}
	p = c.call("#authenticate", string(quoted))
	var answered struct {
		IsAuthenticated bool
		AuthError       *struct{ Name string }
	}
	switch _ = json.Unmarshal(p.Data, &answered); {
	case p.Error != nil && (want == "" || p.Error.Name == want):
	case p.Error == nil && !answered.IsAuthenticated && answered.AuthError != nil && (want == "" || answered.AuthError.Name == want):
	default:
		a.Errorf("%s: #authenticate is answered with %.200s, want %s", name, p.raw, want)
	}
	c.close()
}

func TestA1_ForgedAlgorithms(t *testing.T) {
	var fetched atomic.Int32
	keys := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { fetched.Add(1) }))
	defer keys.Close()
	const claims = `{"username":"admin"}`
	attack(t, agserver.Options{AuthKey: secret}, func(a *target) {
		for name, token := range map[string]string{
			"none":           encode64(`{"alg":"none","typ":"JWT"}`) + "." + encode64(claims) + ".",
			"NONE":           encode64(`{"alg":"NONE"}`) + "." + encode64(claims) + "." + encode64("x"),
			"no algorithm":   hs256(`{"typ":"JWT"}`, claims, secret),
			"another case":   hs256(`{"alg":"hs256"}`, claims, secret),
			"doubled":        hs256(`{"alg":"HS256","alg":"none"}`, claims, secret),
			"a list":         hs256(`{"alg":["HS256"]}`, claims, secret),
			"RS256":          hs256(`{"alg":"RS256"}`, claims, secret),
			"no signature":   strings.TrimRight(hs256(plainHeader, claims, secret), "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
			"an empty key":   hs256(plainHeader, claims, ""),
			"another key":    hs256(plainHeader, claims, "guess"),
			"kid of a file":  hs256(`{"alg":"HS256","kid":"/dev/null"}`, claims, ""),
			"kid of a path":  hs256(`{"alg":"HS256","kid":"../../../../dev/null"}`, claims, ""),
			"kid with SQL":   hs256(`{"alg":"HS256","kid":"x' UNION SELECT 'key"}`, claims, "key"),
			"jku":            hs256(`{"alg":"HS256","jku":"`+keys.URL+`"}`, claims, "guess"),
			"x5u":            hs256(`{"alg":"HS256","x5u":"`+keys.URL+`"}`, claims, "guess"),
			"jwk":            hs256(`{"alg":"HS256","jwk":{"kty":"oct","k":"`+encode64("guess")+`"}}`, claims, "guess"),
			"other claims":   swapClaims(hs256(plainHeader, `{"username":"guest"}`, secret), claims),
			"five parts":     hs256(plainHeader, claims, secret) + ".a.b",
			"a blank behind": hs256(plainHeader, claims, secret) + " ",
		} {
			a.refused(name, token, "AuthTokenInvalidError")
		}
		good := a.connect()
		if p := good.call("#authenticate", `"`+hs256(plainHeader, claims, secret)+`"`); !strings.Contains(p.raw, `"isAuthenticated":true`) {
			a.Errorf("a good token is answered with %s", p.raw)
		}
		if n := fetched.Load(); n != 0 {
			a.Errorf("the server fetched a key %d times", n)
		}
	})
}

// swapClaims keeps a token's signature.
func swapClaims(token, claims string) string {
	parts := strings.Split(token, ".")
	return parts[0] + "." + encode64(claims) + "." + parts[2]
}

// The public key is no secret: it must not verify what it was used to sign.
func TestA1_PublicKeyAsSecret(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	private := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	public := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	signed := encode64(`{"alg":"RS256","typ":"JWT"}`) + "." + encode64(`{"username":"admin"}`)
	digest := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	good := signed + "." + base64.RawURLEncoding.EncodeToString(signature)
	for name, opt := range map[string]agserver.Options{
		"any algorithm":    {},
		"RS256 alone":      {AuthAlgorithm: "RS256"},
		"HS256 by mistake": {AuthVerifyAlgorithms: []string{"RS256", "HS256"}},
	} {
		t.Run(name, func(t *testing.T) {
			opt.AuthPrivateKey, opt.AuthPublicKey = string(private), string(public)
			attack(t, opt, func(a *target) {
				for _, key := range []string{string(public), strings.TrimSpace(string(public)), string(der), ""} {
					a.refused("the public key as a secret", hs256(plainHeader, `{"username":"admin"}`, key), "AuthTokenInvalidError")
				}
				c := a.connect()
				if p := c.call("#authenticate", `"`+good+`"`); !strings.Contains(p.raw, `"isAuthenticated":true`) {
					a.Errorf("a good token is answered with %s", p.raw)
				}
			})
		})
	}
}

func TestA2_OddTokens(t *testing.T) {
	now := time.Now().Unix()
	var long [][]byte // calls with tokens that are too long, made first: they take more memory than may be held
	for n, token := range []string{
		strings.Repeat(".", 1<<20), strings.Repeat("a.", 1<<20), strings.Repeat("A", 3<<20),
		hs256(plainHeader, `{"x":"`+strings.Repeat("x", 1<<20)+`"}`, secret),
	} {
		long = append(long, text(fmt.Sprintf(`{"event":"#authenticate","data":"%s","cid":%d}`, token, 1000+n)))
	}
	attack(t, agserver.Options{AuthKey: secret, MaxPayload: 4 << 20}, func(a *target) {
		for name, tt := range map[string]struct{ token, want string }{
			"dots":                 {strings.Repeat(".", 30_000), "AuthTokenInvalidError"},
			"one dot":              {".", "AuthTokenInvalidError"},
			"two dots":             {"..", "AuthTokenInvalidError"},
			"text":                 {"token", "AuthTokenInvalidError"},
			"no UTF-8 in it":       {encode64("\xff\xfe") + "." + encode64("\xff") + ".x", "AuthTokenInvalidError"},
			"deep claims":          {hs256(plainHeader, `{"a":`+deep(10_000)+`}`, secret), ""},
			"deep header":          {hs256(`{"alg":"HS256","x":`+deep(10_000)+`}`, `{}`, secret), ""},
			"expired":              {hs256(plainHeader, fmt.Sprintf(`{"exp":%d}`, now-1), secret), "AuthTokenExpiredError"},
			"expired this second":  {hs256(plainHeader, fmt.Sprintf(`{"exp":%d}`, now), secret), "AuthTokenExpiredError"},
			"expired long ago":     {hs256(plainHeader, `{"exp":-1e300}`, secret), "AuthTokenExpiredError"},
			"exp is a text":        {hs256(plainHeader, `{"exp":"9999999999"}`, secret), "AuthTokenInvalidError"},
			"exp is null":          {hs256(plainHeader, `{"exp":null}`, secret), "AuthTokenInvalidError"},
			"exp is a list":        {hs256(plainHeader, `{"exp":[9999999999]}`, secret), "AuthTokenInvalidError"},
			"not yet active":       {hs256(plainHeader, fmt.Sprintf(`{"nbf":%d}`, now+3600), secret), "AuthTokenNotBeforeError"},
			"never active":         {hs256(plainHeader, `{"nbf":1e300}`, secret), "AuthTokenNotBeforeError"},
			"nbf is a text":        {hs256(plainHeader, `{"nbf":"0"}`, secret), "AuthTokenInvalidError"},
			"claims are a list":    {hs256(plainHeader, `[]`, secret), ""},
			"claims are a text":    {hs256(plainHeader, `"admin"`, secret), ""},
			"claims are null":      {hs256(plainHeader, `null`, secret), ""},
			"claims are no JSON":   {hs256(plainHeader, `{`, secret), ""},
			"header is no JSON":    {hs256(`{`, `{}`, secret), "AuthTokenInvalidError"},
			"header is null":       {hs256(`null`, `{}`, secret), "AuthTokenInvalidError"},
			"base64 with a stroke": {strings.Replace(hs256(plainHeader, `{}`, secret), ".", "=.", 1), "AuthTokenInvalidError"},
		} {
			a.refused(name, tt.token, tt.want)
		}
		// As long as a message may be: not taken apart.
		c := a.connect()
		for n, call := range long {
			what := fmt.Sprintf("a token of %d bytes", len(call))
			a.allocates(what, int64(8*len(call)), func() {
				c.write(call)
				if p := c.answer(1000 + n); p.Error == nil || p.Error.Name != "AuthTokenInvalidError" || len(p.raw) > 1<<10 {
					a.Errorf("%s is answered with %.200s", what, p.raw)
				}
			})
		}
		for _, data := range []string{"null", "1", "true", "{}", "[]", `{"token":"x"}`, `""`} {
			if p := c.call("#authenticate", data); p.Error == nil && !strings.Contains(p.raw, `"isAuthenticated":false`) {
				a.Errorf("#authenticate with %s = %s", data, p.raw)
			}
		}
		if p := c.call("#authenticate", `"`+hs256(plainHeader, `{"exp":1e300,"nbf":-1}`, secret)+`"`); !strings.Contains(p.raw, `"isAuthenticated":true`) {
			a.Errorf("a token for ever is answered with %s", p.raw)
		}
	})
}

// A token that runs out on a live socket is taken away at the next action.
func TestA3_Expiry(t *testing.T) {
	attack(t, agserver.Options{AuthKey: secret}, func(a *target) {
		var seen atomic.Int32
		err := a.srv.SetMiddleware(middleware.Inbound, middleware.Func(func(_ context.Context, m *middleware.Action) error {
			if m.AuthTokenExpiredError != nil {
				seen.Add(1)
			}
			return nil
		}))
		if err != nil {
			a.Fatal(err)
		}
		c := a.dial().upgrade()
		s := a.socket(c.handshake())
		exp := time.Now().Unix() + 1
		c.call("#authenticate", `"`+hs256(plainHeader, fmt.Sprintf(`{"exp":%d}`, exp), secret)+`"`)
		a.wait("the token has run out", func() bool {
			c.write(transmit("#publish", `{"channel":"x","data":1}`))
			return s.AuthState() == agserver.Unauthenticated
		})
		c.expect("the news", func(p packet) bool { return p.Event == "#removeAuthToken" })
		a.wait("the middleware knows", func() bool { return seen.Load() > 0 })
		if time.Now().Unix() < exp {
			a.Error("the token was taken away before its time")
		}
		if claims := s.AuthToken(); claims != nil {
			a.Errorf("AuthToken() = %v, want none", claims)
		}
	})
}

// A client that does nothing but answer pings loses its token when it has run out.
func TestA3_ExpiryOnPong(t *testing.T) {
	attack(t, agserver.Options{AuthKey: secret, PingInterval: 50 * time.Millisecond}, func(a *target) {
		c := a.dial().upgrade()
		s := a.socket(c.handshake())
		exp := time.Now().Unix() + 4
		if p := c.call("#authenticate", `"`+hs256(plainHeader, fmt.Sprintf(`{"exp":%d}`, exp), secret)+`"`); !strings.Contains(p.raw, `"isAuthenticated":true`) {
			a.Fatalf("a token for a moment is answered with %s", p.raw)
		}
		news := make(chan string, 1)
		go func() { // it answers pings until there is something else
			p, _ := c.packet()
			news <- p.Event
		}()
		a.wait("the token has run out", func() bool { return s.AuthState() == agserver.Unauthenticated && s.AuthToken() == nil })
		if time.Now().Unix() < exp {
			a.Error("the token was taken away before its time")
		}
		if event := <-news; event != "#removeAuthToken" {
			a.Errorf("the client is told %q, want #removeAuthToken", event)
		}
	})
}

// A token that the server takes away is gone at once, and the client is told.
func TestA3_Revocation(t *testing.T) {
	attack(t, agserver.Options{AuthKey: secret}, func(a *target) {
		c := a.dial().upgrade()
		s := a.socket(c.handshake())
		c.call("#authenticate", `"`+hs256(plainHeader, `{"username":"x"}`, secret)+`"`)
		if err := s.Deauthenticate(a.Context(), nil); err != nil {
			a.Fatal(err)
		}
		c.expect("the news", func(p packet) bool { return p.Event == "#removeAuthToken" })
		if s.AuthState() != agserver.Unauthenticated || s.SignedAuthToken() != "" {
			a.Errorf("the socket is %s and holds %q", s.AuthState(), s.SignedAuthToken())
		}
	})
}

// While others publish, a socket is kicked, unsubscribes, or loses its token. What
// it learns of that is the last of it: no publication follows.
func TestA4_NothingAfterTheEnd(t *testing.T) {
	attack(t, agserver.Options{AuthKey: secret}, func(a *target) {
		err := a.srv.SetMiddleware(middleware.Inbound, middleware.Func(func(_ context.Context, m *middleware.Action) error {
			if s, ok := m.Socket.(*agserver.Socket); ok && m.Channel == "private" && s.AuthState() != agserver.Authenticated {
				return fmt.Errorf("not allowed")
			}
			return nil
		}))
		if err != nil {
			a.Fatal(err)
		}
		stop, stopped := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(stopped)
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
					a.publish("room", n)
				}
				if n%8 == 0 {
					time.Sleep(50 * time.Microsecond) // so that clients keep up
				}
			}
		}()
		defer func() {
			close(stop)
			<-stopped
		}()
		for range 100 {
			a.leaveUnderFire()
		}
	})
}

// leaveUnderFire subscribes to a channel with much traffic and leaves it, of its
// own accord and by being kicked.
func (a *target) leaveUnderFire() {
	a.Helper()
	c := a.dial().upgrade()
	defer c.close()
	s := a.socket(c.handshake())
	silent := func(what string) {
		a.Helper()
		c.id++
		c.write(text(fmt.Sprintf(`{"event":"echo","data":1,"cid":%d}`, c.id)))
		if p := c.expect("the answer", func(packet) bool { return true }); p.RID == nil {
			a.Errorf("%s: %s follows", what, p.raw)
			c.answer(c.id)
		}
	}
	c.subscribe("room")
	c.expect("a publication", func(p packet) bool { return p.Event == "#publish" })
	c.call("#unsubscribe", `"room"`)
	silent("after the answer to #unsubscribe")

	c.subscribe("room")
	c.expect("a publication", func(p packet) bool { return p.Event == "#publish" })
	kicked := make(chan error, 1)
	go func() { kicked <- s.KickOut("room", "out") }()
	c.expect("the kick", func(p packet) bool { return p.Event == "#kickOut" })
	if err := <-kicked; err != nil {
		a.Errorf("KickOut() = %v", err)
	}
	silent("after #kickOut")

	// What is sent behind #removeAuthToken is no longer done in its name.
	c.call("#authenticate", `"`+hs256(plainHeader, `{}`, secret)+`"`)
	c.write(transmit("#removeAuthToken", "null"))
	if p := c.call("#publish", `{"channel":"private","data":1}`); p.Error == nil {
		a.Error("a publication behind #removeAuthToken was allowed")
	}
}
