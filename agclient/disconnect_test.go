package agclient_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/socketcluster-go/socketcluster/agclient"
	"github.com/socketcluster-go/socketcluster/protocol"
)

func TestClient_Disconnect(t *testing.T) {
	t.Run("OK", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			c, p := f.connected(agclient.Options{})
			all := c.Events().All.Consume()
			closed := c.Events().Close.Consume()
			if err := c.Disconnect(0, ""); err != nil {
				t.Fatal(err)
			}
			if got := c.State(); got != agclient.Closed {
				t.Errorf("State() = %v, want closed", got)
			}
			p.expectClose(1000, "")
			if ev, _ := closed.TryNext(); ev != (agclient.CloseEvent{Code: 1000}) {
				t.Errorf("Close = %+v, want 1000", ev)
			}
			if got, want := names(all), []string{"disconnect", "close"}; !slices.Equal(got, want) {
				t.Errorf("events = %v, want %v", got, want)
			}
			if _, pending := c.PendingReconnect(); pending {
				t.Error("a reconnect is pending after 1000")
			}
		})
	})

	t.Run("NothingIsHeardAfterwards", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			c, p := f.connected(agclient.Options{})
			data := c.Receiver("x").Consume()
			c.Disconnect(0, "")
			all := c.Events().All.Consume()
			p.expectClose(1000, "")
			p.write(`{"event":"x","data":1}`)
			p.write("") // a ping
			synctest.Wait()
			if got := names(all); len(got) != 0 || data.Backpressure() != 0 {
				t.Errorf("events = %v, %d messages, want none", got, data.Backpressure())
			}
		})
	})

	t.Run("CodeAndReason", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			c, p := f.connected(agclient.Options{})
			failed := c.Events().Error.Consume()
			c.Disconnect(4600, "bye")
			p.expectClose(4600, "bye")
			e, _ := failed.TryNext()
			want := "SocketProtocolError: Socket connection closed with status code 4600 and reason: bye"
			if e.Error.Error() != want {
				t.Errorf("Error = %v, want %v", e.Error, want)
			}
		})
	})

	t.Run("WhileConnecting", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			c := f.client(agclient.Options{})
			all := c.Events().All.Consume()
			c.Connect()
			p := f.accept()
			p.next()
			c.Disconnect(1000, "never mind")
			p.expectClose(1000, "never mind")
			if got, want := names(all), []string{"connecting", "connectAbort", "close"}; !slices.Equal(got, want) {
				t.Errorf("events = %v, want %v", got, want)
			}
		})
	})

	t.Run("WhileDialling", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			c := f.client(agclient.Options{})
			c.Connect()
			conn := <-f.conns
			defer conn.Close()
			c.Disconnect(0, "")
			if _, err := http.ReadRequest(newReader(conn)); err == nil {
				t.Log("the request was sent before the end")
			}
			if _, err := conn.Read(make([]byte, 1)); err == nil {
				t.Error("Read() = nil, want the end of the connection")
			}
		})
	})

	t.Run("Invalid", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			c, p := f.connected(agclient.Options{})
			for _, code := range []protocol.CloseCode{-1, 1, 999, 1005, 1006, 5000} {
				if err := c.Disconnect(code, ""); !errors.Is(err, agclient.ErrInvalidClose) {
					t.Errorf("Disconnect(%d) = %v, want ErrInvalidClose", code, err)
				}
			}
			if err := c.Reconnect(1000, strings.Repeat("x", 124)); !errors.Is(err, agclient.ErrInvalidClose) {
				t.Errorf("Reconnect(long reason) = %v, want ErrInvalidClose", err)
			}
			synctest.Wait()
			p.nothing()
		})
	})

	t.Run("ServerNeverAnswers", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			c, p := f.connected(agclient.Options{CloseTimeout: 2 * time.Second})
			start := time.Now()
			c.Close()
			if got := time.Since(start); got != 2*time.Second {
				t.Errorf("Close() took %v, want 2s", got)
			}
			p.expectClose(1000, "")
			p.expectGone()
		})
	})

	t.Run("NothingIsWaitedFor", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			c, _ := f.connected(agclient.Options{CloseTimeout: -1})
			start := time.Now()
			c.Close()
			if got := time.Since(start); got != 0 {
				t.Errorf("Close() took %v, want no time", got)
			}
		})
	})

	t.Run("ManyAtOnce", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			c := f.client(agclient.Options{CloseTimeout: time.Minute})
			var peers []*peer
			for range 6 {
				c.Connect()
				p := f.accept()
				p.handshake(`{"id":"x","pingTimeout":1000}`)
				c.Disconnect(0, "")
				p.expectClose(1000, "")
				peers = append(peers, p)
			}
			peers[0].expectGone() // cut: only four may take their time
			peers[1].expectGone()
			synctest.Wait()
			peers[2].nothing()
		})
	})
}

func TestClient_Reconnect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		c, p := f.connected(agclient.Options{})
		disconnected := c.Events().Disconnect.Consume()
		c.Reconnect(0, "About to reconnect")
		p.expectClose(1000, "About to reconnect")
		f.accept().handshake(`{"id":"second","pingTimeout":1000}`)
		synctest.Wait()
		if got := c.ID(); got != "second" {
			t.Errorf("ID() = %q, want second", got)
		}
		ev, _ := disconnected.TryNext()
		if ev.Code != 1000 || ev.Reason != "About to reconnect" {
			t.Errorf("Disconnect = %+v", ev)
		}
	})
}

func TestClient_Close(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		c, p := f.connected(agclient.Options{})
		go func() {
			p.answer("#subscribe", `null`)
			p.expectClose(1000, "")
			p.conn.Close()
		}()
		events := c.Events().All.All(t.Context())
		data := c.Receiver("x").All(t.Context())
		messages := c.Subscribe("x").Output().All(t.Context())
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
		for range events {
		}
		for range data {
		}
		for range messages {
		}
		if err := c.Connect(); !errors.Is(err, agclient.ErrClosed) {
			t.Errorf("Connect() = %v, want ErrClosed", err)
		}
		if err := c.Transmit("x", nil); !errors.Is(err, agclient.ErrClosed) {
			t.Errorf("Transmit() = %v, want ErrClosed", err)
		}
		if err := c.Invoke(t.Context(), "x", nil, nil); !errors.Is(err, agclient.ErrClosed) {
			t.Errorf("Invoke() = %v, want ErrClosed", err)
		}
		if err := c.Send("x"); !errors.Is(err, agclient.ErrClosed) {
			t.Errorf("Send() = %v, want ErrClosed", err)
		}
		if err := c.Close(); err != nil {
			t.Errorf("Close() again = %v, want nil", err)
		}
	})
}

// An end that the writer notices first is reported once, with its error, and
// what is sent in between is lost without one.
func TestClient_WriteFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := errors.New("broken pipe")
		f := newFake(t)
		var conn *brokenConn
		c, err := agclient.New(fakeURL, &agclient.Options{
			ReconnectDisabled: true,
			NetDial: func(ctx context.Context, network, addr string) (net.Conn, error) {
				nc, err := f.dial(ctx, network, addr)
				conn = &brokenConn{Conn: nc}
				return conn, err
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		disconnected := c.Events().Disconnect.Consume()
		c.Connect()
		f.accept().handshake(`{"id":"x","pingTimeout":1000}`)
		synctest.Wait()
		conn.fail.Store(&broken)
		for range 3 {
			if err := c.Transmit("x", nil); err != nil {
				t.Errorf("Transmit() = %v", err)
			}
		}
		ev, _ := disconnected.Next(t.Context())
		if ev.Code != 1006 || !errors.Is(ev.Cause, broken) {
			t.Errorf("Disconnect = %+v, want 1006 because of the write", ev)
		}
	})
}

func TestClient_Terminate(t *testing.T) {
	t.Run("OK", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			c, p := f.connected(agclient.Options{Reconnect: agclient.ReconnectOptions{InitialDelay: time.Second}})
			p.stall()
			c.Transmit("e", 1)
			called := future(func() error { return c.Invoke(t.Context(), "e", nil, nil) })
			synctest.Wait()
			disconnected := c.Events().Disconnect.Consume()
			c.Terminate()
			if ev, _ := disconnected.TryNext(); ev.Code != 1006 {
				t.Errorf("Disconnect = %+v, want 1006", ev)
			}
			if err := <-called; !errors.Is(err, protocol.ErrBadConnection) {
				t.Errorf("Invoke() = %v, want %v", err, protocol.ErrBadConnection)
			}
			synctest.Wait() // it is cut
			p.resume()
			p.expectGone()
			if delay, ok := c.PendingReconnect(); delay != time.Second || !ok {
				t.Errorf("PendingReconnect() = %v, %v, want 1s, true", delay, ok)
			}
			f.accept().handshake(`{"id":"x","pingTimeout":1000}`)
		})
	})
	t.Run("NextWaitsForTheCut", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			c, dialled := f.slowToClose()
			c.Connect()
			f.accept().handshake(`{"id":"x","pingTimeout":60000}`)
			synctest.Wait()
			began := time.Now()
			c.Terminate()
			c.Connect()
			f.accept().handshake(`{"id":"y","pingTimeout":60000}`)
			if d := (*dialled)[1].Sub(began); d < closingTakes {
				t.Errorf("dialled again after %v, want it once the connection before has gone, which takes %v", d, closingTakes)
			}
		})
	})
	// One that was closed in peace before may go meanwhile.
	t.Run("NextWaitsForNoOther", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			c, dialled := f.slowToClose()
			c.Connect()
			first := f.accept()
			first.handshake(`{"id":"x","pingTimeout":60000}`)
			synctest.Wait()
			c.Disconnect(0, "")
			first.expectClose(1000, "")
			c.Connect()
			f.accept().handshake(`{"id":"y","pingTimeout":60000}`)
			synctest.Wait()
			first.conn.Close()
			time.Sleep(closingTakes / 3) // it is gone in a while
			began := time.Now()
			c.Terminate()
			time.Sleep(closingTakes - 1)
			c.Connect()
			f.accept().handshake(`{"id":"z","pingTimeout":60000}`)
			if d := (*dialled)[2].Sub(began); d < closingTakes {
				t.Errorf("dialled again after %v, want it once the connection that was cut has gone, which takes %v", d, closingTakes)
			}
		})
	})
	t.Run("Closed", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			c := newFake(t).client(agclient.Options{})
			all := c.Events().All.Consume()
			c.Terminate()
			if got := names(all); len(got) != 0 || c.State() != agclient.Closed {
				t.Errorf("events = %v, state = %v, want none, closed", got, c.State())
			}
		})
	})
	t.Run("Connecting", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			c := f.client(agclient.Options{ReconnectDisabled: true})
			aborted := c.Events().ConnectAbort.Consume()
			c.Connect()
			p := f.accept()
			c.Terminate()
			if ev, _ := aborted.TryNext(); ev.Code != 1006 {
				t.Errorf("ConnectAbort = %+v, want 1006", ev)
			}
			for range p.in { // the handshake may have come
			}
		})
	})
}

// slowToClose returns a client whose connections are, and when it has dialled.
func (f *fake) slowToClose() (c *agclient.Client, dialled *[]time.Time) {
	f.t.Helper()
	dialled = new([]time.Time)
	c, err := agclient.New(fakeURL, &agclient.Options{NetDial: func(ctx context.Context, network, addr string) (net.Conn, error) {
		*dialled = append(*dialled, time.Now())
		nc, err := f.dial(ctx, network, addr)
		return slowToClose{nc}, err
	}})
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { c.Close() })
	return c, dialled
}

// slowToClose is a connection that takes its time to close.
type slowToClose struct{ net.Conn }

const closingTakes = 300 * time.Millisecond

func (c slowToClose) Close() error {
	time.Sleep(closingTakes)
	return c.Conn.Close()
}
