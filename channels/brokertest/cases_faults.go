package brokertest

import (
	"errors"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/socketcluster-go/socketcluster/channels"
	"github.com/socketcluster-go/socketcluster/protocol"
)

func (s Suite) runFaults(t *testing.T) {
	for _, c := range []struct {
		name string
		test func(t *testing.T, c *cluster, p *Proxy)
	}{
		{"Outage", testOutage},
		{"OutageUnderTraffic", testOutageUnderTraffic},
		{"OutageWithManyChannels", testOutageWithManyChannels},
		{"OutagesWhileChannelsChange", testOutagesWhileChannelsChange},
		{"LateBroker", testLateBroker},
		{"CloseWhileCutOff", testCloseWhileCutOff},
	} {
		t.Run(c.name, func(t *testing.T) {
			open, p := s.Proxied(t)
			c.test(t, &cluster{t: t, open: open}, p)
		})
	}
}

// testOutage cuts a node off and checks that publications fail by name, and that
// every subscription, of before and of meanwhile, is there afterwards.
func testOutage(t *testing.T, c *cluster, p *Proxy) {
	b, s := c.node("kept", "left")
	c.publish(b, "kept", `1`)
	s.want("kept", `1`)

	p.Cut()
	if err := s.waitState(1); !errors.Is(err, channels.ErrDisconnected) {
		t.Errorf("BrokerStateChange(%v) after the cut, want %v", err, channels.ErrDisconnected)
	}
	if err := b.Publish(t.Context(), "kept", protocol.Data(`"lost"`)); !errors.Is(err, channels.ErrDisconnected) {
		t.Errorf("Publish() without a connection = %v, want %v", err, channels.ErrDisconnected)
	}
	if err := b.Subscribe(t.Context(), "late"); err != nil {
		t.Errorf("Subscribe() without a connection = %v, want nil", err)
	}
	if err := b.Unsubscribe(t.Context(), "left"); err != nil {
		t.Errorf("Unsubscribe() without a connection = %v, want nil", err)
	}

	p.Heal()
	if err := s.waitState(2); err != nil {
		t.Errorf("BrokerStateChange(%v) after the cut has healed, want nil", err)
	}
	for _, name := range []string{"left", "late", "kept"} {
		c.publish(b, name, `2`)
	}
	s.want("kept", `1`, `2`)
	s.want("late", `2`)
	if got := s.all("left"); len(got) != 0 {
		t.Errorf("a channel that was unsubscribed during the outage got %v", got)
	}
}

// testOutageUnderTraffic publishes numbers while the connection is cut again and
// again. None comes twice or out of order, and none is missing that was confirmed
// while the connection was whole.
func testOutageUnderTraffic(t *testing.T, c *cluster, p *Proxy) {
	const outages, calm = 3, 50
	b, s := c.node("room")
	confirmed := make(map[int]bool) // while there was no outage
	number := 0
	publish := func(whole bool) error {
		number++
		err := b.Publish(t.Context(), "room", protocol.Data(strconv.Itoa(number)))
		if whole && err != nil {
			t.Errorf("Publish() with a connection = %v, want nil", err)
		}
		confirmed[number] = whole && err == nil
		return err
	}
	for i := range outages {
		for range calm {
			publish(true)
		}
		time.AfterFunc(time.Millisecond, p.Cut)
		for err := error(nil); !errors.Is(err, channels.ErrDisconnected); err = publish(false) {
			if err != nil && !errors.Is(err, channels.ErrUnconfirmed) {
				t.Fatalf("Publish() as the connection is lost = %v, want %v or %v", err, channels.ErrUnconfirmed, channels.ErrDisconnected)
			}
		}
		s.waitState(2*i + 1)
		publish(false)
		p.Heal()
		s.waitState(2*i + 2)
	}
	for range calm {
		publish(true)
	}
	s.waitFor(func() bool {
		got := s.ofLocked("room")
		return len(got) > 0 && string(got[len(got)-1].data) == strconv.Itoa(number)
	}, func() string { return "the last message has not come" })
	wantAscending(t, s.all("room"), confirmed)
}

// wantAscending checks that the numbers ascend and that those that must have come
// have.
func wantAscending(t *testing.T, got []message, must map[int]bool) {
	t.Helper()
	last := 0
	came := make(map[int]bool)
	for _, m := range got {
		n, err := strconv.Atoi(string(m.data))
		if err != nil {
			t.Fatalf("delivered %v, want a number", m)
		}
		if n <= last {
			t.Errorf("%d came after %d", n, last)
		}
		last, came[n] = n, true
	}
	missing := 0
	for n, needed := range must {
		if needed && !came[n] {
			missing++
			t.Errorf("%d was confirmed and did not come", n)
		}
	}
	t.Logf("%d of %d came, %d that had to are missing", len(came), len(must), missing)
}

// testOutageWithManyChannels cuts a node off that is subscribed to many channels, and
// subscribes more meanwhile: it has them all when it is back.
func testOutageWithManyChannels(t *testing.T, c *cluster, p *Proxy) {
	const before, meanwhile = 1050, 50
	b, s := c.node()
	subscribe := func(from, to int) {
		var running sync.WaitGroup
		for worker := range 10 {
			running.Go(func() {
				for i := from + worker; i < to; i += 10 {
					if err := b.Subscribe(t.Context(), strconv.Itoa(i)); err != nil {
						t.Errorf("Subscribe(%d) = %v, want nil", i, err)
					}
				}
			})
		}
		running.Wait()
	}
	subscribe(0, before)
	p.Cut()
	s.waitState(1)
	subscribe(before, before+meanwhile)
	p.Heal()
	s.waitState(2)
	for i := range before + meanwhile {
		c.publish(b, strconv.Itoa(i), `1`)
	}
	for i := range before + meanwhile {
		if got := s.wait(strconv.Itoa(i), 1); string(got[0].data) != `1` {
			t.Fatalf("channel %d got %v, want 1", i, got)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := len(s.messages); n != before+meanwhile {
		t.Errorf("%d messages came, want %d: one in each channel", n, before+meanwhile)
	}
	t.Logf("%d channels were subscribed before, %d meanwhile: all %d are there again, and each got its message once",
		before, meanwhile, before+meanwhile)
}

// testOutagesWhileChannelsChange cuts a node off again and again, whose channels are
// subscribed and unsubscribed all the while: at the end it has those that it is to have.
func testOutagesWhileChannelsChange(t *testing.T, c *cluster, p *Proxy) {
	const names, outages = 40, 5
	b, s := c.node()
	stop := make(chan struct{})
	var running sync.WaitGroup
	for i := range names {
		running.Go(func() {
			for turn := 0; ; turn++ {
				if err := b.Subscribe(t.Context(), strconv.Itoa(i)); err != nil {
					t.Errorf("Subscribe() = %v, want nil", err)
				}
				select {
				case <-stop:
					return
				default:
				}
				if err := b.Unsubscribe(t.Context(), strconv.Itoa(i)); err != nil {
					t.Errorf("Unsubscribe() = %v, want nil", err)
				}
				time.Sleep(time.Duration(turn%3) * time.Millisecond)
			}
		})
	}
	for i := range outages {
		p.Cut()
		s.waitState(2*i + 1)
		p.Heal()
		s.waitState(2*i + 2)
	}
	close(stop)
	running.Wait()
	for i := range names {
		c.publish(b, strconv.Itoa(i), `"the last"`)
	}
	for i := range names {
		s.want(strconv.Itoa(i), `"the last"`)
	}
}

// testLateBroker starts a node before there is anything to connect to.
func testLateBroker(t *testing.T, c *cluster, p *Proxy) {
	p.Cut()
	b := c.open()
	defer b.Close()
	s := newSink(t)
	if err := b.Attach(s); err != nil {
		t.Fatalf("Attach() with nobody to connect to = %v, want nil", err)
	}
	if err := b.Publish(t.Context(), "room", protocol.Data(`0`)); !errors.Is(err, channels.ErrDisconnected) {
		t.Errorf("Publish() before there was a connection = %v, want %v", err, channels.ErrDisconnected)
	}
	if err := b.Subscribe(t.Context(), "room"); err != nil {
		t.Errorf("Subscribe() before there was a connection = %v, want nil", err)
	}
	p.Heal()
	s.waitReady()
	c.publish(b, "room", `1`)
	s.want("room", `1`)
}

// testCloseWhileCutOff closes a node that has no connection.
func testCloseWhileCutOff(t *testing.T, c *cluster, p *Proxy) {
	b, s := c.node("room")
	p.Cut()
	s.waitState(1)
	if err := b.Close(); err != nil {
		t.Errorf("Close() = %v, want nil", err)
	}
	if err := b.Publish(t.Context(), "room", protocol.Null); !errors.Is(err, channels.ErrClosed) {
		t.Errorf("Publish() after Close = %v, want %v", err, channels.ErrClosed)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.states) != 1 {
		t.Errorf("the state changed to %s, want one change", fmt.Sprint(s.states))
	}
}
