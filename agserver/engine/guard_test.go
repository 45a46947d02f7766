package engine_test

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"github.com/socketcluster-go/socketcluster/agserver/engine"
)

// A stuck is a Handler whose Message runs do under the guard. It waits for the
// goroutines that have lost their loop, as a Handler has to.
type stuck struct {
	handler
	t     testing.TB
	first func(c *engine.Conn, text string) // before the guard
	do    func(c *engine.Conn, text string) // may block
	told  *record
	lost  sync.WaitGroup
}

// newStuck returns one with an engine of one loop.
func newStuck(t testing.TB, portable bool, do func(c *engine.Conn, text string)) (*stuck, *host) {
	return newStuckThat(t, portable, func(*engine.Conn, string) {}, do)
}

// newStuckThat returns one that does something with each message before it enters
// the guard, too.
func newStuckThat(t testing.TB, portable bool, first, do func(c *engine.Conn, text string)) (*stuck, *host) {
	h := &stuck{t: t, first: first, do: do, told: newRecord()}
	h.message = h.guarded
	h.closed = func(_ *engine.Conn, code int, _ string, _ error) { h.told.add("closed %d", code) }
	t.Cleanup(h.lost.Wait)
	return h, serve(t, h, engine.Config{Loops: 1, Portable: portable}, nil)
}

// Relieve implements engine.Relief.
func (h *stuck) Relieve() {
	h.told.add("relieved")
	h.lost.Add(1)
}

func (h *stuck) guarded(c *engine.Conn, op engine.OpCode, p []byte) {
	g := c.Guard()
	if g == nil {
		h.t.Errorf("Guard() = nil at %q", p)
		return
	}
	g.Relief = h
	text, done := string(p), false
	h.first(c, text)
	defer func() {
		if !done {
			if held, _ := g.Leave(); !held {
				h.lost.Done()
			}
		}
	}()
	g.Enter()
	h.do(c, text)
	held, _ := g.Leave()
	done = true
	h.told.add("%s held=%v", text, held)
	if text != string(p) {
		h.t.Errorf("the message %q became %q while it was handled", text, p)
	}
	if !held {
		h.lost.Done()
	}
}

// texts are messages in one write.
func texts(list ...string) []byte {
	var b []byte
	for _, s := range list {
		b = append(b, masked(ws.OpText, s)...)
	}
	return b
}

func echo(c *engine.Conn, text string) { c.Send(engine.OpText, []byte(text)) }

func TestGuard_QuickCodeKeepsTheLoop(t *testing.T) {
	backends(t, func(t *testing.T, portable bool) {
		h, s := newStuck(t, portable, echo)
		p := s.dial()
		p.write(texts("1", "2"))
		p.want("1")
		p.want("2")
		h.told.wait(t, "1 held=true; 2 held=true")
	})
}

// What came in one piece with a message that is stuck is handled meanwhile, and
// so is what comes later.
func TestGuard_StuckCodeLosesTheLoop(t *testing.T) {
	backends(t, func(t *testing.T, portable bool) {
		release := make(chan struct{})
		h, s := newStuck(t, portable, func(c *engine.Conn, text string) {
			if text == "stuck" {
				<-release
			}
			echo(c, text)
		})
		p, other := s.dial(), s.dial()
		p.write(append(texts("1", "stuck", "2", "3"), masked(ws.OpText, "4")[:3]...)) // torn, too
		for _, text := range []string{"1", "2", "3"} {
			p.want(text)
		}
		other.text("other")
		other.want("other")
		p.write(masked(ws.OpText, "4")[3:])
		p.want("4")
		close(release)
		p.want("stuck")
		h.told.wait(t, "1 held=true; relieved; 2 held=true; 3 held=true; other held=true; 4 held=true; stuck held=false")
	})
}

// Code that says that it will wait loses the loop at once, and once.
func TestGuard_Yield(t *testing.T) {
	backends(t, func(t *testing.T, portable bool) {
		release := make(chan struct{})
		h, s := newStuck(t, portable, func(c *engine.Conn, text string) {
			if text == "yields" {
				g := c.Guard() // it is the goroutine's: later on the loop has another one
				g.Yield()
				g.Yield()
				<-release
			}
			echo(c, text)
		})
		p := s.dial()
		p.write(texts("1", "yields", "2"))
		p.want("1")
		p.want("2")
		close(release)
		p.want("yields")
		h.told.wait(t, "1 held=true; relieved; 2 held=true; yields held=false")
	})
}

// A call that ends while its loop is being taken goes on once that is done.
func TestGuard_LeaveWaitsForRelieve(t *testing.T) {
	backends(t, func(t *testing.T, portable bool) {
		h := &slowRelief{relieving: make(chan struct{}), lost: make(chan bool)}
		h.message = func(c *engine.Conn, _ engine.OpCode, _ []byte) {
			g := c.Guard()
			g.Relief = h
			g.Enter()
			<-h.relieving
			held, _ := g.Leave()
			h.lost <- !held && h.relieved.Load()
		}
		s := serve(t, h, engine.Config{Loops: 1, Portable: portable}, nil)
		s.dial().text("stuck")
		if !<-h.lost {
			t.Error("Leave() returned before Relieve() had, or with the loop")
		}
	})
}

// slowRelief is a Handler whose Relieve takes its time.
type slowRelief struct {
	handler
	relieving chan struct{}
	relieved  atomic.Bool
	lost      chan bool
}

// Relieve implements engine.Relief.
func (h *slowRelief) Relieve() {
	close(h.relieving)
	time.Sleep(10 * time.Millisecond) // only a Leave that does not wait is quicker
	h.relieved.Store(true)
}

// What other sockets had sent when a message got stuck is handled, too.
func TestGuard_TheRestOfTheEvents(t *testing.T) {
	backends(t, func(t *testing.T, portable bool) {
		const n = 20
		var gate, release sync.WaitGroup
		gate.Add(1)
		release.Add(1)
		entered := make(chan struct{})
		_, s := newStuck(t, portable, func(c *engine.Conn, text string) {
			switch text {
			case "gate":
				close(entered)
				gate.Wait()
			case "stuck":
				release.Wait()
			}
			echo(c, text)
		})
		var peers []*peer
		for range n {
			peers = append(peers, s.dial())
		}
		s.dial().text("gate")
		<-entered
		for i, p := range peers { // they are ready all at once
			p.text([]string{"stuck", "fine"}[min(i%4, 1)])
		}
		gate.Done()
		for i, p := range peers {
			if i%4 > 0 {
				p.want("fine")
			}
		}
		release.Done()
		for i, p := range peers {
			if i%4 == 0 {
				p.want("stuck")
			}
		}
	})
}

// What was asked of the loop behind the message that got stuck takes effect, when
// that message was handled because of the inbox, too.
func TestGuard_TheRestOfTheInbox(t *testing.T) {
	backends(t, func(t *testing.T, portable bool) {
		release := make(chan struct{})
		paused := make(chan *engine.Conn, 1)
		_, s := newStuck(t, portable, func(c *engine.Conn, text string) {
			switch text {
			case "pause":
				c.Pause()
				paused <- c
				return
			case "go":
				(<-paused).Resume()
				echo(c, "1")
				echo(c, "2")
			case "stuck":
				<-release
			}
			echo(c, text)
		})
		p, other := s.dial(), s.dial()
		p.write(texts("pause", "stuck", "3", "4"))
		other.text("go")
		for _, text := range []string{"1", "2", "go"} {
			other.want(text)
		}
		p.want("3")
		p.want("4")
		close(release)
		p.want("stuck")
	})
}

// A message that did not come in one piece stays what it is while it is handled,
// whatever comes after it.
func TestGuard_CollectedMessageStays(t *testing.T) {
	backends(t, func(t *testing.T, portable bool) {
		release := make(chan struct{})
		long := strings.Repeat("long ", 5000)
		_, s := newStuck(t, portable, func(c *engine.Conn, text string) {
			if text == long {
				<-release
			}
			echo(c, text)
		})
		p := s.dial()
		torn := func(text string) {
			b := masked(ws.OpText, text)
			p.write(append(texts("first"), b[:100]...))
			p.want("first") // so that the rest comes by itself
			p.write(b[100:])
		}
		torn(long)
		for i := range 20 {
			text := strings.Repeat(fmt.Sprint(i%10), 20_000)
			torn(text)
			p.want(text)
		}
		close(release)
		p.want(long)
	})
}

// Code that ends its goroutine takes neither the loop nor what waits along.
func TestGuard_Goexit(t *testing.T) {
	backends(t, func(t *testing.T, portable bool) {
		for name, linger := range map[string]time.Duration{"WithTheLoop": 0, "WithoutTheLoop": 20 * time.Millisecond} {
			t.Run(name, func(t *testing.T) {
				_, s := newStuck(t, portable, func(c *engine.Conn, text string) {
					if text == "leave" {
						time.Sleep(linger)
						runtime.Goexit()
					}
					echo(c, text)
				})
				p, other := s.dial(), s.dial()
				for range 3 {
					p.write(texts("1", "leave", "2"))
					p.want("1")
					p.want("2")
					other.text("other")
					other.want("other")
				}
			})
		}
	})
}

// The loop goes on with whatever else a connection may do meanwhile.
func TestGuard_ConnectionEndsMeanwhile(t *testing.T) {
	backends(t, func(t *testing.T, portable bool) {
		release := make(chan struct{})
		h, s := newStuck(t, portable, func(c *engine.Conn, text string) {
			if text == "stuck" {
				<-release
			}
			echo(c, text)
		})
		p := s.dial()
		p.write(append(texts("stuck"), closeFrame(4000, "")...))
		p.wantClose(4000, "")
		p.wantEOF()
		close(release)
		h.told.wait(t, "relieved; closed 4000; stuck held=false")
	})
}

// Close waits for the loops, and not for a Handler that is stuck.
func TestGuard_CloseWhileStuck(t *testing.T) {
	backends(t, func(t *testing.T, portable bool) {
		entered, release := make(chan struct{}), make(chan struct{})
		h, s := newStuck(t, portable, func(*engine.Conn, string) {
			close(entered)
			<-release
		})
		p := s.dial()
		p.text("stuck")
		<-entered
		if err := s.Close(); err != nil {
			t.Errorf("Close() = %v", err)
		}
		p.wantEOF()
		close(release)
		h.lost.Wait()
		h.told.wait(t, "relieved; closed 1006; stuck held=false")
	})
}

// Calls of any length, on and off the loop: nothing is lost, and everything that
// is handled on the loop is handled in order.
func TestGuard_ManyAtOnce(t *testing.T) {
	backends(t, func(t *testing.T, portable bool) {
		const peers, rounds = 16, 60
		var mu sync.Mutex
		started := make(map[*engine.Conn][]string)
		_, s := newStuckThat(t, portable, func(c *engine.Conn, text string) {
			mu.Lock()
			defer mu.Unlock()
			started[c] = append(started[c], text)
		}, func(c *engine.Conn, text string) {
			mu.Lock()
			n := len(started[c])
			mu.Unlock()
			if n%7 == 0 {
				time.Sleep(time.Duration(n%5) * time.Millisecond)
			}
			echo(c, text)
		})
		var wg sync.WaitGroup
		for range peers {
			p := s.dial()
			wg.Go(func() {
				for i := range rounds {
					p.write(texts(fmt.Sprint(i, "a"), fmt.Sprint(i, "b"), fmt.Sprint(i, "c")))
				}
			})
			wg.Go(func() {
				seen := make(map[string]bool)
				for range 3 * rounds {
					_, text := p.frame()
					seen[text] = true
				}
				if len(seen) != 3*rounds {
					t.Errorf("%d different answers, want %d", len(seen), 3*rounds)
				}
			})
		}
		wg.Wait()
		mu.Lock()
		defer mu.Unlock()
		for _, list := range started {
			for i, text := range list {
				if want := fmt.Sprint(i/3, string("abc"[i%3])); text != want {
					t.Fatalf("message %d is %q, want %q", i, text, want)
				}
			}
		}
	})
}
