package agclient_test

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"

	"github.com/socketcluster-go/socketcluster/agclient"
)

// TestClient_ReconnectByCode compares when a client comes back with the rules
// of the reference: at once, after the delay, or never.
func TestClient_ReconnectByCode(t *testing.T) {
	const delay, never = 10 * time.Second, time.Duration(-1)
	for _, c := range []struct {
		name string
		end  func(p *peer)
		code int
		want time.Duration
	}{
		{"Normal", closing(1000), 1000, never},
		{"GoingAway", closing(1001), 1001, delay},
		{"ProtocolError", closing(1002), 1002, delay},
		{"NoStatus", func(p *peer) {
			p.writeFrame(ws.NewCloseFrame(nil))
			p.expectClose(0, "")
			p.conn.Close()
		}, 1005, 0},
		{"HungUp", func(p *peer) { p.conn.Close() }, 1006, delay},
		{"PingTimeout", closing(4000), 4000, 0},
		{"PongTimeout", closing(4001), 4001, 0},
		{"HandshakeFailed", closing(4003), 4003, delay},
		{"LastTemporary", closing(4499), 4499, delay},
		{"FirstPermanent", closing(4500), 4500, never},
		{"Permanent", closing(4999), 4999, never},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake(t)
				client, p := f.connected(agclient.Options{})
				disconnected := client.Events().Disconnect.Consume()
				connecting := client.Events().Connecting.Consume()
				start := time.Now()
				c.end(p)
				ev, _ := disconnected.Next(t.Context())
				if int(ev.Code) != c.code {
					t.Errorf("Disconnect code = %d, want %d", ev.Code, c.code)
				}
				if c.want == never {
					time.Sleep(time.Hour)
					if n := connecting.Backpressure(); n != 0 {
						t.Errorf("%d attempts, want none", n)
					}
					return
				}
				connecting.Next(t.Context())
				if got := time.Since(start); got != c.want {
					t.Errorf("came back after %v, want %v", got, c.want)
				}
			})
		})
	}
}

func closing(code ws.StatusCode) func(p *peer) {
	return func(p *peer) { p.close(code, "") }
}

func TestClient_ReconnectDelays(t *testing.T) {
	// attempts returns the delays between attempts that all fail.
	attempts := func(t *testing.T, o agclient.ReconnectOptions, n int) (delays []time.Duration) {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			c := f.client(agclient.Options{Reconnect: o})
			connecting := c.Events().Connecting.Consume()
			last := time.Now()
			c.Connect()
			for i := range n + 1 {
				connecting.Next(t.Context())
				if i > 0 {
					delays = append(delays, time.Since(last))
				}
				last = time.Now()
				(<-f.conns).Close()
			}
			c.Disconnect(0, "") // cancels the next one
			if _, pending := c.PendingReconnect(); pending {
				t.Error("PendingReconnect() = true after Disconnect")
			}
		})
		return delays
	}

	t.Run("Defaults", func(t *testing.T) {
		got := attempts(t, agclient.ReconnectOptions{Randomness: -1}, 7)
		want := []time.Duration{
			10 * time.Second, 15 * time.Second, 22500 * time.Millisecond, 33750 * time.Millisecond,
			50625 * time.Millisecond, time.Minute, time.Minute,
		}
		if !slices.Equal(got, want) {
			t.Errorf("delays = %v, want %v", got, want)
		}
	})
	t.Run("Random", func(t *testing.T) {
		for _, d := range attempts(t, agclient.ReconnectOptions{Randomness: time.Second, Multiplier: 1}, 20) {
			if d < 10*time.Second || d >= 11*time.Second {
				t.Errorf("delay = %v, want 10s to 11s", d)
			}
		}
	})
	t.Run("NoDelay", func(t *testing.T) {
		got := attempts(t, agclient.ReconnectOptions{InitialDelay: -1, Randomness: -1}, 3)
		if want := make([]time.Duration, 3); !slices.Equal(got, want) {
			t.Errorf("delays = %v, want none", got)
		}
	})
	t.Run("Huge", func(t *testing.T) {
		got := attempts(t, agclient.ReconnectOptions{Randomness: -1, Multiplier: 1e300, MaxDelay: time.Hour}, 3)
		if want := []time.Duration{10 * time.Second, time.Hour, time.Hour}; !slices.Equal(got, want) {
			t.Errorf("delays = %v, want %v", got, want)
		}
	})
}

// A second failure after an end that asks for an attempt at once waits.
func TestClient_ReconnectAtOnceOnlyFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		c, p := f.connected(agclient.Options{})
		connecting := c.Events().Connecting.Consume()
		p.close(4001, "")
		connecting.Next(t.Context())
		start := time.Now()
		p = f.accept()
		p.next()
		p.close(4001, "")
		synctest.Wait()
		if d, pending := c.PendingReconnect(); !pending || d != 15*time.Second {
			t.Errorf("PendingReconnect() = %v, %v, want 15s", d, pending)
		}
		connecting.Next(t.Context())
		if got := time.Since(start); got != 15*time.Second {
			t.Errorf("second attempt after %v, want 15s", got)
		}
		// A connect starts the count again.
		f.accept().handshake(`{"id":"x","pingTimeout":1000}`)
		synctest.Wait()
		c.Disconnect(4400, "")
		if d, _ := c.PendingReconnect(); d != 10*time.Second {
			t.Errorf("delay after a connect = %v, want 10s", d)
		}
	})
}

func TestClient_ReconnectDisabled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		c, p := f.connected(agclient.Options{ReconnectDisabled: true})
		p.close(4001, "")
		synctest.Wait()
		if _, pending := c.PendingReconnect(); pending {
			t.Error("PendingReconnect() = true, want none")
		}
		if err := c.Connect(); err != nil {
			t.Fatal(err)
		}
		f.accept().handshake(`{"id":"x","pingTimeout":1000}`)
	})
}

func TestClient_PingTimeout(t *testing.T) {
	t.Run("AfterTheHandshake", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			c, p := f.connected(agclient.Options{}) // 20 s
			disconnected := c.Events().Disconnect.Consume()
			start := time.Now()
			for range 3 {
				time.Sleep(15 * time.Second)
				p.write("")
				p.expect("")
			}
			p.write(`{"event":"x"}`) // no ping
			ev, _ := disconnected.Next(t.Context())
			if got := time.Since(start); got != 65*time.Second {
				t.Errorf("ended after %v, want 65s", got)
			}
			if ev.Code != 4000 || ev.Reason != "Server ping timed out" {
				t.Errorf("Disconnect = %+v, want 4000", ev)
			}
			p.expectClose(4000, "")
		})
	})

	// What was under way when the network failed does not come after what the next
	// connection brings, should it work again at that moment.
	t.Run("NothingComesLate", func(t *testing.T) {
		for name, giveUp := range map[string]func(c *agclient.Client){
			"PingTimeout": func(c *agclient.Client) { c.Events().Disconnect.Once(context.Background()) },
			"Stale": func(c *agclient.Client) {
				agclient.Sleep(c, time.Hour)
				c.Transmit("e", 2)
			},
		} {
			synctest.Test(t, func(t *testing.T) {
				f := newFake(t)
				c, broken := f.connected(agclient.Options{CloseTimeout: time.Hour})
				broken.stall()
				c.Transmit("e", 1)
				giveUp(c)
				began := time.Now()
				next := f.accept()
				if d := time.Since(began); d > time.Second {
					t.Errorf("%s: the next connection waited for %v", name, d)
				}
				next.handshake(`{"id":"x","pingTimeout":1000}`)
				c.Transmit("e", 3)
				if name == "Stale" {
					next.expect(`{"event":"e","data":2}`)
				}
				next.expect(`{"event":"e","data":3}`)
				broken.resume()
				broken.expectGone()
			})
		}
	})

	t.Run("BeforeTheHandshake", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			c := f.client(agclient.Options{ConnectTimeout: 3 * time.Second, ReconnectDisabled: true})
			if got := c.PingTimeout(); got != 3*time.Second {
				t.Errorf("PingTimeout() = %v, want 3s", got)
			}
			aborted := c.Events().ConnectAbort.Consume()
			start := time.Now()
			c.Connect()
			p := f.accept()
			p.next()
			ev, _ := aborted.Next(t.Context())
			if got := time.Since(start); got != 3*time.Second || ev.Code != 4000 {
				t.Errorf("ended after %v with %+v, want 4000 after 3s", got, ev)
			}
		})
	})

	t.Run("Version1", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			c, p := f.connected(agclient.Options{ProtocolVersion: 1})
			raw := c.Events().Raw.Consume()
			p.write("#1")
			p.expect("#2")
			p.write("") // no ping in this version
			synctest.Wait()
			p.nothing()
			if n := raw.Backpressure(); n != 1 {
				t.Errorf("%d raw events, want 1", n)
			}
		})
	})

	t.Run("Disabled", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			c, p := f.connected(agclient.Options{PingTimeoutDisabled: true})
			time.Sleep(time.Hour)
			if got := c.State(); got != agclient.Open {
				t.Errorf("State() = %v, want open", got)
			}
			if got := c.PingTimeout(); got != 0 {
				t.Errorf("PingTimeout() = %v, want 0", got)
			}
			p.nothing()
		})
	})
}
