package brokertest

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/socketcluster-go/socketcluster/channels"
	"github.com/socketcluster-go/socketcluster/protocol"
)

func testAttach(t *testing.T, c *cluster) {
	b := c.open()
	defer b.Close()
	if err := b.Publish(t.Context(), "a", protocol.Null); !errors.Is(err, channels.ErrNotAttached) {
		t.Errorf("Publish() before Attach = %v, want %v", err, channels.ErrNotAttached)
	}
	if err := b.Subscribe(t.Context(), "a"); !errors.Is(err, channels.ErrNotAttached) {
		t.Errorf("Subscribe() before Attach = %v, want %v", err, channels.ErrNotAttached)
	}
	s := newSink(t)
	if err := b.Attach(s); err != nil {
		t.Fatalf("Attach() = %v, want nil", err)
	}
	if err := b.Attach(newSink(t)); !errors.Is(err, channels.ErrAttached) {
		t.Errorf("Attach() again = %v, want %v", err, channels.ErrAttached)
	}
	s.waitReady()
	if err := b.Close(); err != nil {
		t.Errorf("Close() = %v, want nil", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.readies != 1 {
		t.Errorf("BrokerReady was called %d times, want 1", s.readies)
	}
}

func testClose(t *testing.T, c *cluster) {
	b, s := c.node("a")
	c.publish(b, "a", `1`)
	s.want("a", `1`)
	for range 2 {
		if err := b.Close(); err != nil {
			t.Errorf("Close() = %v, want nil", err)
		}
	}
	for name, err := range map[string]error{
		"Publish":     b.Publish(t.Context(), "a", protocol.Data(`2`)),
		"Subscribe":   b.Subscribe(t.Context(), "b"),
		"Unsubscribe": b.Unsubscribe(t.Context(), "a"),
		"Attach":      b.Attach(newSink(t)),
	} {
		if !errors.Is(err, channels.ErrClosed) {
			t.Errorf("%s() after Close = %v, want %v", name, err, channels.ErrClosed)
		}
	}
	if got := s.all("a"); len(got) != 1 {
		t.Errorf("delivered %v, want nothing after Close", got)
	}

	unused := c.open()
	if err := unused.Close(); err != nil {
		t.Errorf("Close() before Attach = %v, want nil", err)
	}
	if err := unused.Attach(newSink(t)); !errors.Is(err, channels.ErrClosed) {
		t.Errorf("Attach() after Close = %v, want %v", err, channels.ErrClosed)
	}
}

func testDeliver(t *testing.T, c *cluster) {
	b, s := c.node("a")
	c.publish(b, "a", `"first"`)
	c.publish(b, "nobody", `"lost"`)
	c.publish(b, "a", `"second"`)
	s.want("a", `"first"`, `"second"`)
	if got := s.all("a"); len(got) != 2 {
		t.Errorf("delivered %v, want each message once", got)
	}
}

// testNames checks that a name is only a name: what separates words or stands
// for others in some brokers' subjects means nothing, and nothing is trimmed,
// folded or cut.
func testNames(t *testing.T, c *cluster) {
	names := []string{
		"", " ", "a", "A", "a ", "a.b", "a.*", "a.>", "a/b", "a/#", "*", ">", "#", "$", "a\nb", "a\tb", "a\x00b",
		"[a-z]", "?", "{a}", `"`, `\`, "%61", "é", "e\u0301", "频道", "🙂", "__proto__", "constructor",
		strings.Repeat("long", 250),
	}
	b, s := c.node(names...)
	for i, name := range names {
		c.publish(b, name, fmt.Sprint(i))
	}
	for i, name := range names {
		s.want(name, fmt.Sprint(i))
	}
	for _, name := range names {
		if got := s.all(name); len(got) != 1 {
			t.Errorf("channel %q got %v, want its own message only", name, got)
		}
	}
}

func testData(t *testing.T, c *cluster) {
	b, s := c.node("a")
	values := []protocol.Data{
		nil, // a message without data is not one with null
		protocol.Null,
		protocol.Data(`""`),
		protocol.Data(`{"a":[1,2.50,-0,1e2],"b":"\u00e9é🙂\ud800"}`), // the text stays as it is
		protocol.Data(`{"base64":true,"data":"AAEC/w=="}`),
		protocol.Data(`"` + strings.Repeat("x", 1<<17) + `"`),
		protocol.Data(`"last"`),
	}
	for _, v := range values {
		if err := b.Publish(t.Context(), "a", v); err != nil {
			t.Fatalf("Publish(%.100s) = %v, want nil", v, err)
		}
	}
	for i, m := range s.wait("a", len(values)) {
		if !bytes.Equal(m.data, values[i]) || (m.data == nil) != (values[i] == nil) {
			t.Errorf("message %d is %v, want %v", i, m, message{channel: "a", data: values[i]})
		}
	}
}

// testBorrowedData reuses a buffer as the server's engine does.
func testBorrowedData(t *testing.T, c *cluster) {
	b, s := c.node("a")
	var want []string
	buffer := make([]byte, 0, 16)
	for i := range 100 {
		buffer = fmt.Appendf(buffer[:0], `"%03d"`, i)
		want = append(want, string(buffer))
		c.publish(b, "a", string(buffer))
		if err := b.Publish(t.Context(), "b", buffer); err != nil {
			t.Fatalf("Publish() = %v, want nil", err)
		}
		if err := b.Publish(t.Context(), "a", buffer); err != nil {
			t.Fatalf("Publish() = %v, want nil", err)
		}
		want = append(want, string(buffer))
		clear(buffer)
	}
	s.want("a", want...)
}

func numbers(prefix string, n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf(`"%s%d"`, prefix, i)
	}
	return list
}

func testOrder(t *testing.T, c *cluster) {
	b, s := c.node("a")
	messages := numbers("", 1000)
	for _, m := range messages {
		c.publish(b, "a", m)
	}
	s.want("a", messages...)
}

// testOwnFirst checks that what a node publishes has been delivered to itself when
// Publish returns: an acknowledgement comes after the message.
func testOwnFirst(t *testing.T, c *cluster) {
	b, s := c.node("shared", "0", "1", "2", "3")
	var running sync.WaitGroup
	for p := range 4 {
		running.Go(func() {
			own := fmt.Sprint(p)
			for i := range 100 {
				c.publish(b, "shared", `"the same"`)
				c.publish(b, own, fmt.Sprint(i))
				if got := len(s.all(own)); got != i+1 {
					t.Errorf("%d messages were delivered when Publish returned, want %d", got, i+1)
					return
				}
				if got := len(s.all("shared")); got < i+1 {
					t.Errorf("%d messages were delivered when Publish returned, want %d or more", got, i+1)
					return
				}
			}
		})
	}
	running.Wait()
	if got := len(s.all("shared")); got != 400 {
		t.Errorf("%d messages were delivered, want 400", got)
	}
}

// wantEach checks that the channel got n messages of each of the publishers
// "0-", "1-", …, in the order of each.
func (s *sink) wantEach(channel string, publishers, n int) {
	s.t.Helper()
	next := make(map[string]int)
	for _, m := range s.wait(channel, publishers*n) {
		publisher, number, _ := strings.Cut(strings.Trim(string(m.data), `"`), "-")
		if want := fmt.Sprint(next[publisher]); number != want {
			s.t.Fatalf("publisher %s's next message in %q is %s, want %s", publisher, channel, number, want)
		}
		next[publisher]++
	}
	if got := s.all(channel); len(got) != publishers*n {
		s.t.Errorf("%d messages came in %q, want %d", len(got), channel, publishers*n)
	}
}

func testManyPublishers(t *testing.T, c *cluster) {
	b, s := c.node("a", "b")
	const publishers, n = 8, 100
	var running sync.WaitGroup
	for p := range publishers {
		running.Go(func() {
			for _, m := range numbers(fmt.Sprint(p, "-"), n) {
				c.publish(b, "a", m)
				c.publish(b, "b", m)
			}
		})
	}
	running.Wait()
	s.wantEach("a", publishers, n)
	s.wantEach("b", publishers, n)
}

func testSubscribeAgain(t *testing.T, c *cluster) {
	b, s := c.node("kept")
	for i, m := range numbers("", 20) {
		if err := b.Subscribe(t.Context(), "a"); err != nil {
			t.Fatalf("Subscribe() = %v, want nil", err)
		}
		c.publish(b, "a", m)
		s.wait("a", i+1)
		if err := b.Unsubscribe(t.Context(), "a"); err != nil {
			t.Fatalf("Unsubscribe() = %v, want nil", err)
		}
	}
	s.want("a", numbers("", 20)...)
	c.publish(b, "kept", `1`)
	s.want("kept", `1`)
}

func testManyChannels(t *testing.T, c *cluster) {
	b, s := c.node()
	const workers, n = 8, 25
	var running sync.WaitGroup
	for w := range workers {
		running.Go(func() {
			for i := range n {
				name := fmt.Sprintf("%d/%d", w, i)
				if err := b.Subscribe(t.Context(), name); err != nil {
					t.Errorf("Subscribe(%q) = %v, want nil", name, err)
					return
				}
				c.publish(b, name, `1`)
				if i%2 == 0 {
					continue
				}
				if err := b.Unsubscribe(t.Context(), name); err != nil {
					t.Errorf("Unsubscribe(%q) = %v, want nil", name, err)
				}
			}
		})
	}
	running.Wait()
	for w := range workers {
		for i := 0; i < n; i += 2 {
			name := fmt.Sprintf("%d/%d", w, i)
			c.publish(b, name, `2`)
			s.want(name, `1`, `2`)
		}
	}
}

// testTransmit uses the broker's Transmit, or Publish if it has none.
func testTransmit(t *testing.T, c *cluster) {
	b, s := c.node("a")
	messages := numbers("", 100)
	for _, m := range messages {
		if err := channels.Transmit(b, "a", protocol.Data(m)); err != nil {
			t.Fatalf("Transmit() = %v, want nil", err)
		}
	}
	s.want("a", messages...)
	if err := b.Close(); err != nil {
		t.Errorf("Close() = %v, want nil", err)
	}
	if err := channels.Transmit(b, "a", protocol.Null); !errors.Is(err, channels.ErrClosed) {
		t.Errorf("Transmit() after Close = %v, want %v", err, channels.ErrClosed)
	}
}
