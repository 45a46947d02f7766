package hardening_test

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/socketcluster-go/socketcluster/agserver"
	"github.com/socketcluster-go/socketcluster/middleware"
	"github.com/socketcluster-go/socketcluster/middleware/rate"
)

// limit installs a limit on rates.
func (a *target) limit(types []middleware.Type, limits *middleware.RateLimits) {
	a.Helper()
	f := middleware.RateLimit(limits)
	for _, of := range types {
		if err := a.srv.SetMiddleware(of, f); err != nil {
			a.Fatal(err)
		}
		a.Cleanup(func() { a.srv.RemoveMiddleware(of) })
	}
}

// Sockets that flood a channel and a procedure are refused, told why, and get through
// as often as they may; what is refused reaches nobody.
func TestP9_RateLimit(t *testing.T) {
	const burst, floods, flood = 20, 5, 2_000
	attack(t, agserver.Options{}, func(a *target) {
		var reports atomic.Int64
		never := rate.Limit{PerSecond: 1e-6, Burst: burst} // a bucket does not fill up during a test
		a.limit([]middleware.Type{middleware.Inbound}, &middleware.RateLimits{Publish: never, Transmit: never, Invoke: never, Key: exceptFor(a.witnessID)})
		listener := a.connect()
		listener.subscribe("hot")
		for who := range floods {
			c := a.dial().upgrade()
			s := a.socket(c.handshake())
			errs := s.Events().Error.Consume()
			var b []byte
			for n := range flood {
				b = append(b, transmit("#publish", fmt.Sprintf(`{"channel":"hot","data":[%d,%d]}`, who, n))...)
				b = append(b, transmit("mark", "1")...)
				b = append(b, text(fmt.Sprintf(`{"event":"echo","data":1,"cid":%d}`, 1000+n))...)
			}
			c.write(b)
			refused := 0
			for n := range flood {
				switch p := c.answer(1000 + n); {
				case p.Error == nil && n >= burst, p.Error != nil && n < burst:
					a.Errorf("call %d is answered with %s", n, p.raw)
				case p.Error != nil && p.Error.Name != "RateLimitError":
					a.Errorf("a call over the rate fails with %s", p.raw)
				case p.Error != nil:
					refused++
				}
			}
			if refused != flood-burst {
				a.Errorf("%d of %d calls were refused, want %d", refused, flood, flood-burst)
			}
			reports.Add(int64(errs.Backpressure()))
			errs.Kill()
			c.close()
		}
		a.publish("hot", "end")
		heard := map[string]int{}
		for {
			p := listener.expect("a publication", func(p packet) bool { return p.Event == "#publish" })
			if string(p.Data) == `{"channel":"hot","data":"end"}` {
				break
			}
			heard[p.raw]++
		}
		if len(heard) != floods*burst {
			a.Errorf("%d publications reached the listener, want %d", len(heard), floods*burst)
		}
		if n := a.marks.Load(); n != floods*burst {
			a.Errorf("%d transmits reached their receiver, want %d", n, floods*burst)
		}
		// One each, unless the test takes as long as a report is kept back.
		if n := reports.Load(); n > floods*int64(1+patience/time.Second) {
			a.Errorf("%d refusals were reported: the flood became one of reports", n)
		}
	})
}

// exceptFor is a key for each socket; the witness has one for each action.
func exceptFor(witness string) func(*middleware.Action) string {
	var n atomic.Int64
	return func(m *middleware.Action) string {
		if id := m.Socket.ID(); id != witness {
			return id
		}
		return fmt.Sprint("witness", n.Add(1))
	}
}

// Clients that are delayed are read no faster than they may send: what they have
// sent waits in their own memory and the network's, and others do not wait with them,
// on the same loop either.
func TestP9_Delay(t *testing.T) {
	const delayed, most = 50, 256 << 10
	var flood []byte // 8 MiB
	for n := range 8_000 {
		flood = append(flood, transmit("#publish", fmt.Sprintf(`{"channel":"nobody","data":[%d,"%s"]}`, n, strings.Repeat("x", 1_000)))...)
	}
	// A socket that waits is not read: a ping finds out that its client is gone.
	attack(t, agserver.Options{PingInterval: 100 * time.Millisecond}, func(a *target) {
		a.limit([]middleware.Type{middleware.Inbound}, &middleware.RateLimits{
			Publish: rate.Limit{PerSecond: 1e-3, Burst: 1}, Excess: middleware.Delay,
		})
		var clients []*client
		for range delayed {
			clients = append(clients, a.connect())
		}
		var taken []int
		a.holds("clients that are delayed", delayed*most, func() { taken = a.untilFull(clients, flood) })
		if sum(taken) >= delayed*len(flood)/2 {
			a.Errorf("%d bytes of clients that are delayed were taken, want most of it to wait with them", sum(taken))
		}
		a.during(200, func() { time.Sleep(time.Millisecond) })
		for n, c := range clients {
			if n%2 == 0 {
				c.reset() // in the middle of a wait
			} else {
				_ = c.nc.CloseWrite() // a close frame would not get through
			}
		}
	})
}

// A client that is over its rate in subscriptions gets them all, one by one: an error
// would make it give the channels up. Rates of raw messages count whatever comes.
func TestP9_SubscriptionsWait(t *testing.T) {
	attack(t, agserver.Options{}, func(a *target) {
		a.limit([]middleware.Type{middleware.Inbound}, &middleware.RateLimits{Subscribe: rate.Limit{PerSecond: 200, Burst: 10}})
		c := a.connect()
		var b []byte
		for n := range 60 {
			b = append(b, text(fmt.Sprintf(`{"event":"#subscribe","data":{"channel":"ch%d"},"cid":%d}`, n, n+2))...)
		}
		c.write(b)
		for n := range 60 {
			if p := c.answer(n + 2); p.Error != nil {
				a.Errorf("subscription %d failed: %s", n, p.raw)
			}
		}
	})
}

func TestP9_Disconnect(t *testing.T) {
	attack(t, agserver.Options{}, func(a *target) {
		a.limit([]middleware.Type{middleware.Inbound, middleware.InboundRaw}, &middleware.RateLimits{
			Message: rate.Limit{PerSecond: 1e-6, Burst: 100}, Excess: middleware.Disconnect, Key: exceptFor(a.witnessID),
		})
		for _, message := range []string{"rubbish", `{"rid":7}`, `{"event":"#unsubscribe","data":"x","cid":9}`, `[{"event":"x"},{"event":"x"}]`, mark} {
			c := a.connect()
			for range 200 {
				if c.try(text(message)) != nil {
					break
				}
			}
			if got := c.closeCode(); got != 1008 && got != noClose {
				a.Errorf("a flood of %s is closed with %d, want 1008", message, got)
			}
		}
		a.wait("they are gone", func() bool { return a.srv.ClientsCount() == 1 })
	})
}

// When everybody comes at once as many get in as may, the others are told to come
// later, and those who are there do not notice.
func TestC5_ReconnectStorm(t *testing.T) {
	limit := rate.Limit{PerSecond: 50, Burst: 50} // less than a busy machine connects
	for name, tt := range map[string]struct {
		opt    agserver.Options
		status int
	}{
		"all":         {agserver.Options{ConnectRate: limit}, 503},
		"one address": {agserver.Options{ConnectRatePerAddress: limit}, 429},
	} {
		t.Run(name, func(t *testing.T) {
			attack(t, tt.opt, func(a *target) {
				var admitted, refused atomic.Int64
				start, stop := time.Now(), make(chan struct{})
				var clients sync.WaitGroup
				for range 8 {
					clients.Go(func() { a.storm(stop, tt.status, &admitted, &refused) })
				}
				a.during(50, func() { time.Sleep(time.Millisecond) })
				a.wait("many were refused", func() bool { return refused.Load() > 500 || a.Failed() })
				close(stop)
				clients.Wait()
				if most := float64(limit.Burst) + limit.PerSecond*time.Since(start).Seconds() + 1; float64(admitted.Load()) > most {
					a.Errorf("%d clients were let in in %v, want at most %.0f", admitted.Load(), time.Since(start), most)
				}
				if admitted.Load() < int64(limit.Burst)/2 {
					a.Errorf("%d clients were let in, want as many as may", admitted.Load())
				}
				// Whoever comes when the storm is over is let in.
				time.Sleep(time.Duration(float64(limit.Burst) / limit.PerSecond * float64(time.Second)))
			})
		})
	}
}

// storm connects, and comes back at once.
func (a *target) storm(stop <-chan struct{}, status int, admitted, refused *atomic.Int64) {
	for {
		select {
		case <-stop:
			return
		default:
		}
		c, err := tryDial(a, a.addr)
		if err != nil {
			a.Errorf("dial: %v", err)
			return
		}
		_ = c.try([]byte(request())) // the answer may be there already
		switch got, _ := c.response(); got {
		case 101:
			admitted.Add(1)
		case status:
			refused.Add(1)
		default:
			a.Errorf("answered with %d, want 101 or %d", got, status)
			c.close()
			return
		}
		c.reset() // so that no port is left in TIME_WAIT
	}
}

// Of what comes through a proxy the clients are limited, and not the proxy.
func TestC5_BehindAProxy(t *testing.T) {
	opt := agserver.Options{ConnectRatePerAddress: rate.Limit{PerSecond: 1e-6, Burst: 10}, TrustedProxies: []string{"127.0.0.1"}}
	attack(t, opt, func(a *target) {
		for client := range 20 {
			for n := range 20 {
				c := dial(a, a.addr)
				c.write([]byte(request(fmt.Sprintf("X-Forwarded-For: 203.0.113.7, 198.51.100.%d", client))))
				want := 101
				if n >= 10 {
					want = 429
				}
				if got, _ := c.response(); got != want {
					a.Errorf("connection %d of client %d is answered with %d, want %d", n, client, got, want)
				}
				c.close()
			}
		}
		// Who has used up the rate is not let in for all the others that come.
		for n := range 2_000 {
			c := dial(a, a.addr)
			c.write([]byte(request(fmt.Sprintf("X-Forwarded-For: 2001:db8:%x::1", n))))
			if got, _ := c.response(); got != 101 {
				a.Fatalf("the first connection of another client is answered with %d", got)
			}
			c.reset() // so that no port is left in TIME_WAIT
		}
		c := dial(a, a.addr)
		defer c.close()
		c.write([]byte(request("X-Forwarded-For: 198.51.100.7")))
		if got, _ := c.response(); got != 429 {
			a.Errorf("a client over its rate is answered with %d after a flood of others, want 429", got)
		}
	})
}

// Addresses without number are counted in bounded memory; the list of them is given
// back. Who does the most is not forgotten for it.
func TestC5_ManyAddresses(t *testing.T) {
	opt := agserver.Options{ConnectRatePerAddress: rate.Limit{PerSecond: 1e-6, Burst: 10}, TrustedProxies: []string{"127.0.0.1"}}
	attack(t, opt, func(a *target) {
		connect := func(client string) (status int) {
			w := httptest.NewRecorder() // no connection: only the decision counts
			r := httptest.NewRequest("GET", "http://server.test/socketcluster/", nil)
			r.RemoteAddr = net.JoinHostPort(client, "1")
			r.Header = http.Header{"Connection": {"Upgrade"}, "Upgrade": {"websocket"}}
			a.srv.ServeHTTP(w, r)
			return w.Code
		}
		for range 10 {
			if got := connect("2001:db8::1"); got == 429 {
				a.Fatal("refused within the burst")
			}
		}
		before := measure().heap
		for n := range 100_000 {
			connect(fmt.Sprintf("2001:db8:%x:%x::1", 1+n>>16, n&0xffff))
		}
		if grown := measure().heap - before; grown > 8<<20 {
			a.Errorf("%d bytes are held for 100,000 addresses, want at most 8 MiB", grown)
		}
		if got := connect("2001:db8::2"); got != 429 {
			a.Errorf("a flood of other addresses had the worst forgotten: %d", got)
		}
	})
}
