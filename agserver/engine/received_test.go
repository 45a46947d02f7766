package engine_test

import (
	"testing"

	"github.com/gobwas/ws"

	"github.com/socketcluster-go/socketcluster/agserver/engine"
)

// Every byte counts once, also those that are looked at again behind a pause or on
// another goroutine, and those of a message have been counted when it is handled.
func TestConn_BytesReceived(t *testing.T) {
	backends(t, func(t *testing.T, portable bool) {
		release := make(chan struct{})
		one := int64(len(masked(ws.OpText, "1")))
		conn := make(chan *engine.Conn, 1)
		_, s := newStuck(t, portable, func(c *engine.Conn, text string) {
			switch text {
			case "1":
				conn <- c
			case "p":
				c.Pause()
			case "s":
				<-release
				return
			}
			if got, least := c.BytesReceived(), int64(text[0]-'0')*one; text != "p" && got < least {
				t.Errorf("BytesReceived() at message %s = %d, want %d at least", text, got, least)
			}
			c.Send(engine.OpText, []byte(text))
		})
		p := s.dial()
		b := append(texts("1", "2", "p", "4", "s", "6"), masked(ws.OpText, "7")[:3]...)
		p.write(b)
		for _, text := range []string{"1", "2", "p"} {
			p.want(text)
		}
		c := <-conn
		if got, want := c.BytesReceived(), 3*one; got != want {
			t.Errorf("BytesReceived() in the pause = %d, want %d", got, want)
		}
		c.Resume()
		p.want("4")
		p.want("6") // the loop was taken at s
		p.write(masked(ws.OpText, "7")[3:])
		p.want("7")
		if got, want := c.BytesReceived(), 7*one; got != want {
			t.Errorf("BytesReceived() = %d, want %d", got, want)
		}
		close(release)
	})
}
