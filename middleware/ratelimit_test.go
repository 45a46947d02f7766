package middleware_test

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/socketcluster-go/socketcluster/authtoken"
	"github.com/socketcluster-go/socketcluster/middleware"
	"github.com/socketcluster-go/socketcluster/middleware/rate"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// aSocket is a middleware.Socket that remembers how it was disconnected.
type aSocket struct {
	id     string
	code   protocol.CloseCode
	reason string
}

func (s *aSocket) ID() string                  { return s.id }
func (s *aSocket) RemoteAddr() netip.AddrPort  { return netip.AddrPort{} }
func (s *aSocket) Request() *http.Request      { return nil }
func (s *aSocket) AuthToken() authtoken.Claims { return nil }
func (s *aSocket) SignedAuthToken() string     { return "" }

func (s *aSocket) Disconnect(code protocol.CloseCode, reason string) error {
	s.code, s.reason = code, reason
	return nil
}

// yields counts how often a middleware has said that it would wait.
type yields int

func (y *yields) Yield() { *y++ }

// limited asks the limit about n actions of a kind.
func limited(f middleware.Func, s middleware.Socket, k middleware.Kind, n int) (refused int, last error) {
	for range n {
		if err := f(context.Background(), &middleware.Action{Kind: k, Socket: s}); err != nil {
			refused, last = refused+1, err
		}
	}
	return refused, last
}

func TestRateLimit(t *testing.T) {
	five := rate.Limit{PerSecond: 1, Burst: 5}

	t.Run("EachKindOfEachSocket", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			kinds := map[middleware.Kind]*middleware.RateLimits{
				middleware.PublishIn: {Publish: five}, middleware.Invoke: {Invoke: five}, middleware.Transmit: {Transmit: five},
				middleware.Authenticate: {Authenticate: five}, middleware.Message: {Message: five},
			}
			for limitedKind, limits := range kinds {
				f, ada, bob := middleware.RateLimit(limits), &aSocket{id: "ada"}, &aSocket{id: "bob"}
				for k := range kinds {
					want := 0
					if k == limitedKind {
						want = 3
					}
					for _, s := range []middleware.Socket{ada, bob} {
						if refused, _ := limited(f, s, k, 8); refused != want {
							t.Errorf("limit on %s: %d of 8 actions %s were refused, want %d", limitedKind, refused, k, want)
						}
					}
				}
				time.Sleep(2 * time.Second)
				if refused, _ := limited(f, ada, limitedKind, 8); refused != 6 {
					t.Errorf("limit on %s: %d of 8 were refused after 2 s, want 6", limitedKind, refused)
				}
				if ada.code != 0 {
					t.Errorf("the socket was disconnected with %d", ada.code)
				}
			}
		})
	})

	t.Run("Error", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f, s := middleware.RateLimit(&middleware.RateLimits{Publish: five}), &aSocket{id: "ada"}
			first, err := limited(f, s, middleware.PublishIn, 6)
			var r *middleware.Refusal
			if first != 1 || !errors.Is(err, middleware.ErrRateLimit) || !errors.As(err, &r) || r.Quiet || r.Silent {
				t.Errorf("%d of 6 refused, with %#v, want 1 with RateLimitError that is reported and told", first, err)
			}
			if _, err = limited(f, s, middleware.PublishIn, 1); !errors.As(err, &r) || !r.Quiet {
				t.Errorf("the next refusal is reported, too: %v", err)
			}
			time.Sleep(11 * time.Second)
			if _, err = limited(f, s, middleware.PublishIn, 6); !errors.As(err, &r) || r.Quiet {
				t.Errorf("after 11 s a refusal is not reported: %v", err)
			}
		})
	})

	t.Run("Key", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := middleware.RateLimit(&middleware.RateLimits{Publish: five, Key: func(a *middleware.Action) string { return a.Socket.ID()[:1] }})
			limited(f, &aSocket{id: "a1"}, middleware.PublishIn, 5)
			if refused, _ := limited(f, &aSocket{id: "a2"}, middleware.PublishIn, 5); refused != 5 {
				t.Errorf("%d of 5 actions on a used up account were refused, want 5", refused)
			}
			if refused, _ := limited(f, &aSocket{id: "b1"}, middleware.PublishIn, 5); refused != 0 {
				t.Errorf("%d of 5 actions on another account were refused, want none", refused)
			}
		})
	})

	t.Run("Disconnect", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			for want, code := range map[protocol.CloseCode]protocol.CloseCode{1008: 0, 4501: 4501} {
				for _, k := range []middleware.Kind{middleware.PublishIn, middleware.Subscribe, middleware.Message} {
					f := middleware.RateLimit(&middleware.RateLimits{
						Publish: five, Subscribe: five, Message: five, Excess: middleware.Disconnect, CloseCode: code,
					})
					s := &aSocket{id: "ada"}
					if refused, _ := limited(f, s, k, 5); refused != 0 || s.code != 0 {
						t.Errorf("%s: within the rate %d were refused, and it was closed with %d", k, refused, s.code)
					}
					if refused, _ := limited(f, s, k, 1); refused != 1 || s.code != want || s.reason == "" {
						t.Errorf("%s: %d refused, closed with %d %q, want %d and a reason", k, refused, s.code, s.reason, want)
					}
				}
			}
		})
	})

	t.Run("NoLimits", func(t *testing.T) {
		for _, limits := range []*middleware.RateLimits{nil, {}} {
			if refused, err := limited(middleware.RateLimit(limits), &aSocket{}, middleware.PublishIn, 1000); refused != 0 {
				t.Errorf("refused with %v", err)
			}
		}
	})
}

// Subscriptions, and with Delay everything, wait in turn, and say so before they do.
func TestRateLimit_Delay(t *testing.T) {
	slow := rate.Limit{PerSecond: 10, Burst: 2}
	for name, tt := range map[string]struct {
		limits middleware.RateLimits
		kind   middleware.Kind
	}{
		"Subscribe": {middleware.RateLimits{Subscribe: slow}, middleware.Subscribe},
		"Publish":   {middleware.RateLimits{Publish: slow, Excess: middleware.Delay}, middleware.PublishIn},
		"Invoke":    {middleware.RateLimits{Invoke: slow, Excess: middleware.Delay}, middleware.Invoke},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f, start := middleware.RateLimit(&tt.limits), time.Now()
				var waits yields
				for n := range 6 {
					a := &middleware.Action{Kind: tt.kind, Socket: &aSocket{id: "ada"}, Yielder: &waits}
					if err := f(t.Context(), a); err != nil {
						t.Fatal(err)
					}
					if want := time.Duration(max(n-1, 0)) * 100 * time.Millisecond; time.Since(start) != want {
						t.Errorf("action %d went on after %v, want %v", n, time.Since(start), want)
					}
				}
				if waits != 4 {
					t.Errorf("it said %d times that it would wait, want 4: two did not", waits)
				}
			})
		})
	}

	t.Run("Message", func(t *testing.T) {
		f := middleware.RateLimit(&middleware.RateLimits{Message: slow, Excess: middleware.Delay})
		if refused, _ := limited(f, &aSocket{id: "ada"}, middleware.Message, 10); refused < 7 {
			t.Errorf("%d of 10 raw messages were refused, want about 8", refused)
		}
	})

	t.Run("EndsWithTheSocket", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := middleware.RateLimit(&middleware.RateLimits{Subscribe: slow})
			s := &aSocket{id: "ada"}
			limited(f, s, middleware.Subscribe, 2)
			gone, cancel := context.WithCancel(t.Context())
			cancel()
			for range 100 { // none of these is counted
				if err := f(gone, &middleware.Action{Kind: middleware.Subscribe, Socket: s}); !errors.Is(err, context.Canceled) {
					t.Errorf("err = %v, want context.Canceled", err)
				}
			}
			start := time.Now()
			limited(f, s, middleware.Subscribe, 1)
			if waited := time.Since(start); waited != 100*time.Millisecond {
				t.Errorf("the next one waited %v, want 100 ms", waited)
			}
		})
	})
}

func TestChain(t *testing.T) {
	refusal := errors.New("no")
	var asked string
	note := func(name string, err error) middleware.Func {
		return func(context.Context, *middleware.Action) error { asked += name; return err }
	}
	allow := func(_ context.Context, a *middleware.Action) error { asked += "A"; return a.Allow() }
	block := func(_ context.Context, a *middleware.Action) error { asked += "B"; return a.Block(refusal) }
	for _, tt := range []struct {
		name  string
		chain middleware.Func
		asked string
		want  error
	}{
		{"Empty", middleware.Chain(), "", nil},
		{"All", middleware.Chain(note("1", nil), note("2", nil), note("3", nil)), "123", nil},
		{"FirstBlocks", middleware.Chain(note("1", nil), note("2", refusal), note("3", nil)), "12", refusal},
		{"AllowEnds", middleware.Chain(allow, note("2", refusal)), "A", nil},
		{"BlockEnds", middleware.Chain(block, note("2", nil)), "B", refusal},
	} {
		t.Run(tt.name, func(t *testing.T) {
			asked = ""
			err := tt.chain.Open().Decide(t.Context(), &middleware.Action{})
			if tt.want == nil && err != nil || tt.want != nil && errOf(t, err) != tt.want {
				t.Errorf("Decide() = %v, want %v", err, tt.want)
			}
			if asked != tt.asked {
				t.Errorf("asked %q, want %q", asked, tt.asked)
			}
		})
	}
}

func BenchmarkRateLimit(b *testing.B) {
	f, s := middleware.RateLimit(&middleware.RateLimits{Publish: rate.Limit{PerSecond: 1e9}}), &aSocket{id: "a socket's id of 20"}
	a := &middleware.Action{Kind: middleware.PublishIn, Socket: s}
	b.ReportAllocs()
	for b.Loop() {
		if err := f(context.Background(), a); err != nil {
			b.Fatal(err)
		}
	}
}
