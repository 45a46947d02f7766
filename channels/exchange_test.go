package channels_test

import (
	"context"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/socketcluster-go/socketcluster/channels"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// fakeNode records what an exchange asks of its node.
type fakeNode struct {
	exchange *channels.Exchange              // gets what is published, if set
	retain   func(ctx context.Context) error // nil: succeed
	release  func(ctx context.Context)

	mu    sync.Mutex
	calls []string
	held  map[string]bool
}

func (n *fakeNode) log(call string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.calls = append(n.calls, call)
}

func (n *fakeNode) logged() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.calls)
}

func (n *fakeNode) deliver(channel string, data protocol.Data) {
	n.mu.Lock()
	held := n.held[channel]
	n.mu.Unlock()
	if held {
		n.exchange.Deliver(channel, data)
	}
}

func (n *fakeNode) Publish(_ context.Context, channel string, data protocol.Data) error {
	n.log("publish " + channel + " " + data.String())
	n.deliver(channel, data)
	return nil
}

func (n *fakeNode) Transmit(channel string, data protocol.Data) error {
	n.log("transmit " + channel + " " + data.String())
	n.deliver(channel, data)
	return nil
}

func (n *fakeNode) Retain(ctx context.Context, channel string) error {
	n.log("retain " + channel)
	if n.retain != nil {
		if err := n.retain(ctx); err != nil {
			return err
		}
	}
	n.hold(channel, true)
	return nil
}

func (n *fakeNode) Release(ctx context.Context, channel string) error {
	n.log("release " + channel)
	if n.release != nil {
		n.release(ctx)
	}
	n.hold(channel, false)
	return nil
}

func (n *fakeNode) hold(channel string, on bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.held == nil {
		n.held = make(map[string]bool)
	}
	n.held[channel] = on
}

// newExchange returns an exchange on its node, to be closed with the test.
func newExchange(t *testing.T, local bool) (*channels.Exchange, *fakeNode) {
	n := new(fakeNode)
	n.exchange = channels.NewExchange(n, &channels.ExchangeOptions{Local: local})
	t.Cleanup(n.exchange.Close)
	return n.exchange, n
}

// diary collects an exchange's events, and those of one channel, as text.
type diary func() []string

func keepDiary(t *testing.T, x *channels.Exchange, channel string) diary {
	subscribe := x.Events().Subscribe.Consume()
	unsubscribe := x.Events().Unsubscribe.Consume()
	fail := x.Events().SubscribeFail.Consume()
	var own []interface {
		TryNext() (channels.ChannelEvent, bool)
	}
	for _, e := range []channels.Event{channels.EventSubscribe, channels.EventUnsubscribe, channels.EventSubscribeFail} {
		own = append(own, x.Channel(channel).Listener(e).Consume())
	}
	t.Cleanup(func() {
		x.Events().Kill()
		x.Channels().Kill()
	})
	return func() []string {
		var list []string
		for ev, ok := subscribe.TryNext(); ok; ev, ok = subscribe.TryNext() {
			list = append(list, "subscribe "+ev.Channel)
		}
		for ev, ok := unsubscribe.TryNext(); ok; ev, ok = unsubscribe.TryNext() {
			list = append(list, "unsubscribe "+ev.Channel)
		}
		for ev, ok := fail.TryNext(); ok; ev, ok = fail.TryNext() {
			list = append(list, "subscribeFail "+ev.Channel+": "+ev.Err.Error())
		}
		for _, c := range own {
			for ev, ok := c.TryNext(); ok; ev, ok = c.TryNext() {
				list = append(list, "own "+string(ev.Event)+" "+ev.Channel+" "+string(ev.State))
			}
		}
		return list
	}
}

func wantState(t *testing.T, x *channels.Exchange, channel string, want channels.State) {
	t.Helper()
	if got, _ := x.ChannelState(channel); got != want {
		t.Errorf("ChannelState(%q) = %s, want %s", channel, got, want)
	}
}

func TestExchange_SubscribeLocal(t *testing.T) {
	x, n := newExchange(t, true)
	read := keepDiary(t, x, "room")
	wantState(t, x, "room", channels.Unsubscribed)
	ch := x.Subscribe("room")
	wantState(t, x, "room", channels.Subscribed)
	wantStrings(t, "events", read(), "subscribe room", "own subscribe room subscribed")
	x.Subscribe("room") // again: nothing happens
	wantStrings(t, "calls", n.logged(), "retain room")
	wantStrings(t, "events", read())
	if !x.IsSubscribed("room", false) || !x.IsSubscribed("room", true) || x.IsSubscribed("hall", true) {
		t.Error("IsSubscribed() is wrong about room or hall")
	}
	x.Subscribe("hall")
	wantStrings(t, "Subscriptions()", x.Subscriptions(false), "hall", "room")
	read()

	ch.Unsubscribe()
	wantState(t, x, "room", channels.Unsubscribed)
	wantStrings(t, "events", read(), "unsubscribe room", "own unsubscribe room unsubscribed")
	ch.Unsubscribe()
	wantStrings(t, "events", read())
	wantStrings(t, "calls", n.logged(), "retain room", "retain hall", "release room")
	wantStrings(t, "Subscriptions()", x.Subscriptions(true), "hall")
	ch.Subscribe()
	wantState(t, x, "room", channels.Subscribed)
}

func TestExchange_SubscribeRemote(t *testing.T) {
	t.Run("OK", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			x, n := newExchange(t, false)
			granted := make(chan error)
			n.retain = func(context.Context) error { return <-granted }
			read := keepDiary(t, x, "room")
			ch := x.Subscribe("room")
			wantState(t, x, "room", channels.Pending)
			if ch.IsSubscribed() || !ch.IsPending() || x.IsSubscribed("room", false) || !x.IsSubscribed("room", true) {
				t.Error("the channel is not pending, want it to be")
			}
			wantStrings(t, "Subscriptions()", x.Subscriptions(false))
			wantStrings(t, "Subscriptions()", x.Subscriptions(true), "room")
			wantStrings(t, "events", read())
			granted <- nil
			synctest.Wait()
			wantState(t, x, "room", channels.Subscribed)
			wantStrings(t, "events", read(), "subscribe room", "own subscribe room subscribed")
		})
	})

	t.Run("Refused", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			x, n := newExchange(t, false)
			n.retain = func(context.Context) error { return errRefused }
			read := keepDiary(t, x, "room")
			x.Subscribe("room")
			synctest.Wait()
			wantState(t, x, "room", channels.Unsubscribed)
			wantStrings(t, "events", read(), "subscribeFail room: refused", "own subscribeFail room unsubscribed")
			n.retain = nil
			x.Subscribe("room")
			synctest.Wait()
			wantState(t, x, "room", channels.Subscribed)
		})
	})

	t.Run("LeftWhilePending", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			x, n := newExchange(t, false)
			granted := make(chan error)
			n.retain = func(context.Context) error { return <-granted }
			read := keepDiary(t, x, "room")
			x.Subscribe("room")
			synctest.Wait()
			x.Unsubscribe("room")
			wantState(t, x, "room", channels.Unsubscribed)
			granted <- nil
			synctest.Wait()
			wantState(t, x, "room", channels.Unsubscribed)
			wantStrings(t, "events", read()) // as the reference: it never was subscribed
			wantStrings(t, "calls", n.logged(), "retain room", "release room")
		})
	})

	t.Run("BackWhileReleasing", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			x, n := newExchange(t, false)
			released := make(chan struct{})
			n.release = func(context.Context) { <-released }
			read := keepDiary(t, x, "room")
			x.Subscribe("room")
			synctest.Wait()
			x.Unsubscribe("room")
			synctest.Wait()
			read()
			x.Subscribe("room")
			wantState(t, x, "room", channels.Pending)
			close(released)
			synctest.Wait()
			wantState(t, x, "room", channels.Subscribed)
			wantStrings(t, "events", read(), "subscribe room", "own subscribe room subscribed")
			wantStrings(t, "calls", n.logged(), "retain room", "release room", "retain room")
		})
	})
}

func TestExchange_NameIsCloned(t *testing.T) {
	x, _ := newExchange(t, true)
	buffer := []byte("room")
	ch := x.Subscribe(unsafeString(buffer))
	copy(buffer, "XXXX")
	if ch.Name() != "room" {
		t.Errorf("Name() = %q, want room", ch.Name())
	}
	wantStrings(t, "Subscriptions()", x.Subscriptions(false), "room")
	wantState(t, x, "room", channels.Subscribed)
}

func TestExchange_BackAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x, _ := newExchange(t, false)
		read := keepDiary(t, x, "room")
		x.Subscribe("room")
		synctest.Wait()
		read()
		for range 300 { // whether or not the node has been told meanwhile
			x.Unsubscribe("room")
			x.Subscribe("room")
			synctest.Wait()
			wantState(t, x, "room", channels.Subscribed)
			wantStrings(t, "events", read(), "subscribe room", "unsubscribe room",
				"own subscribe room subscribed", "own unsubscribe room unsubscribed")
		}
	})
}

func TestExchange_Close(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x, n := newExchange(t, false)
		x.Subscribe("hall")
		synctest.Wait()
		n.log("-")
		n.retain = func(ctx context.Context) error {
			<-ctx.Done()
			return ctx.Err()
		}
		read := keepDiary(t, x, "room")
		x.Subscribe("room")
		synctest.Wait()
		x.Close()
		x.Close()
		wantState(t, x, "room", channels.Unsubscribed)
		wantStrings(t, "events", read(), "subscribeFail room: context canceled", "own subscribeFail room unsubscribed")
		x.Subscribe("room")
		wantStrings(t, "events", read(), "subscribeFail room: channels: closed", "own subscribeFail room unsubscribed")
		x.Unsubscribe("hall")
		wantState(t, x, "hall", channels.Unsubscribed)
		wantStrings(t, "calls", n.logged(), "retain hall", "-", "retain room")
	})
}

func TestExchange_Publish(t *testing.T) {
	x, n := newExchange(t, true)
	output := x.Subscribe("room").Output().Consume()
	defer output.Kill()
	for _, v := range []any{"<hello>", map[string]int{"n": 1}, nil, protocol.Null} {
		if err := x.InvokePublish(t.Context(), "room", v); err != nil {
			t.Errorf("InvokePublish(%v) = %v, want nil", v, err)
		}
	}
	if err := x.TransmitPublish("room", 5); err != nil {
		t.Errorf("TransmitPublish() = %v, want nil", err)
	}
	for _, want := range []protocol.Data{protocol.Data(`"<hello>"`), protocol.Data(`{"n":1}`), nil, protocol.Null, protocol.Data(`5`)} {
		got, ok := output.TryNext()
		if !ok || string(got) != string(want) || (got == nil) != (want == nil) {
			t.Errorf("TryNext() = %q, %v, want %q", got, ok, want)
		}
	}
	if calls := n.logged(); calls[1] != `publish room "<hello>"` || calls[5] != `transmit room 5` {
		t.Errorf("calls = %q, want publish and transmit", calls)
	}
	if err := x.InvokePublish(t.Context(), "room", make(chan int)); err == nil {
		t.Error("InvokePublish() of a Go channel = nil, want an error")
	}
	if err := x.TransmitPublish("room", make(chan int)); err == nil {
		t.Error("TransmitPublish() of a Go channel = nil, want an error")
	}
	if n := len(n.logged()); n != 6 {
		t.Errorf("%d calls, want 6: what cannot be encoded is not published", n)
	}
}

func TestExchange_DeliverBorrows(t *testing.T) {
	x, _ := newExchange(t, true)
	output := x.Channel("room").Output().Consume()
	defer output.Kill()
	buffer := []byte(`"one"`)
	x.Deliver("room", buffer)
	copy(buffer, `"XXX"`)
	if got, _ := output.TryNext(); got.String() != `"one"` {
		t.Errorf("TryNext() = %s, want %s", got, `"one"`)
	}
}

// A consumer that does not keep up loses what waits for it, and nobody else does.
func TestExchange_Backlog(t *testing.T) {
	for name, test := range map[string]struct {
		opt  channels.ExchangeOptions
		lost []int // so many at a time
		left string
	}{
		"Messages": {channels.ExchangeOptions{MaxBacklog: 3}, []int{4, 4}, `"9"`},
		"Bytes":    {channels.ExchangeOptions{MaxBacklogBytes: 9}, []int{5, 5}, `undefined`}, // three each; the first counts as nothing
		"Both":     {channels.ExchangeOptions{MaxBacklog: 4, MaxBacklogBytes: 6}, []int{4, 4}, `"9"`},
		"None":     {channels.ExchangeOptions{}, nil, `"1"`},
	} {
		t.Run(name, func(t *testing.T) {
			var lost []int
			test.opt.Local = true
			test.opt.Overrun = func(channel string, n int) { lost = append(lost, n) }
			x := channels.NewExchange(new(fakeNode), &test.opt)
			defer x.Close()
			room := x.Subscribe("room")
			slow, quick := room.Output().Consume(), room.Output().Consume()
			defer slow.Kill()
			defer quick.Kill()
			for i := range 10 {
				data := protocol.Data(strconv.Quote(strconv.Itoa(i%9 + 1)))
				x.Deliver("room", data)
				if got, _ := quick.TryNext(); got.String() != data.String() {
					t.Errorf("the quick consumer got %s, want %s", got, data)
				}
			}
			if left, _ := slow.TryNext(); !slices.Equal(lost, test.lost) || left.String() != test.left {
				t.Errorf("lost %v, then %s, want %v, %s", lost, left, test.lost, test.left)
			}
		})
	}
}

// A consumer that was closed and has more to read does not let others fall behind
// without a bound.
func TestExchange_BacklogBesideAClosedOne(t *testing.T) {
	lost := 0
	x := channels.NewExchange(new(fakeNode), &channels.ExchangeOptions{
		Local: true, MaxBacklogBytes: 100, Overrun: func(_ string, n int) { lost += n },
	})
	defer x.Close()
	room := x.Subscribe("room")
	closed := room.Output().Consume()
	defer closed.Kill()
	for range 20 {
		x.Deliver("room", protocol.Data("1"))
	}
	closed.Close()
	slow := room.Output().Consume()
	defer slow.Kill()
	for range 10 {
		x.Deliver("room", protocol.Data(`"some thirty bytes of text"`))
	}
	if lost != 10 || slow.Backpressure() != 0 {
		t.Errorf("lost %d, and %d wait, want 10, 0", lost, slow.Backpressure())
	}
}

// What was noted of a backlog goes with its consumers.
func TestExchange_ForgetsSizes(t *testing.T) {
	for name, end := range map[string]func(x *channels.Exchange, channel string){
		"Unsubscribe":   func(x *channels.Exchange, channel string) { x.Unsubscribe(channel) },
		"NobodyListens": func(x *channels.Exchange, channel string) { x.Deliver(channel, protocol.Null) },
	} {
		t.Run(name, func(t *testing.T) {
			x := channels.NewExchange(new(fakeNode), &channels.ExchangeOptions{Local: true, MaxBacklogBytes: 1 << 30})
			defer x.Close()
			live := func() int64 {
				runtime.GC()
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				return int64(m.HeapAlloc)
			}
			before := live()
			for i := range 200 {
				channel := strconv.Itoa(i)
				c := x.Subscribe(channel).Output().Consume()
				for range 2000 {
					x.Deliver(channel, protocol.Null)
				}
				c.Kill()
				end(x, channel)
			}
			if grown := live() - before; grown > 1<<20 {
				t.Errorf("%d bytes are kept, want next to nothing", grown)
			}
			runtime.KeepAlive(x)
		})
	}
}

func TestExchange_Race(t *testing.T) {
	for name, local := range map[string]bool{"Local": true, "Remote": false} {
		t.Run(name, func(t *testing.T) {
			x, n := newExchange(t, local)
			var running sync.WaitGroup
			for range 4 {
				running.Go(func() {
					for i := range 300 {
						x.Subscribe("room")
						x.Deliver("room", protocol.Null)
						x.IsSubscribed("room", true)
						if i%3 == 0 {
							x.Unsubscribe("room")
						}
					}
				})
			}
			running.Wait()
			x.Unsubscribe("room")
			x.Close() // waits for what is under way
			calls := n.logged()
			for i, call := range calls {
				if want := []string{"retain room", "release room"}[i%2]; call != want {
					t.Fatalf("call %d is %q, want %q: they come by turns", i, call, want)
				}
			}
		})
	}
}
