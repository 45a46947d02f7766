package agclient

import (
	"bufio"
	"bytes"
	"time"

	"github.com/gobwas/ws"
)

// Sleep lets the wall clock of a client's connection run on as if the machine
// had slept, which timers do not see.
func Sleep(c *Client, d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.life.conn.lastPing = c.life.conn.lastPing.Add(-d)
}

// Dispatcher returns a client that is open without a network, and what its
// reader does with a message.
func Dispatcher() (*Client, func(message []byte)) {
	c, err := New("ws://localhost", &Options{ReconnectDisabled: true})
	if err != nil {
		panic(err)
	}
	k := newConn(c)
	c.life.state, c.life.conn = Open, k
	return c, func(message []byte) { c.onMessage(k, message, false) }
}

// ReadMessages reads all messages of a stream of frames, the pings' answers left
// out, and returns them with the error at the end.
func ReadMessages(frames []byte, limit int64) (messages [][]byte, err error) {
	r := frameReader{r: bufio.NewReader(bytes.NewReader(frames)), limit: limit, ping: func([]byte) {}}
	for {
		message, _, err := r.next()
		if err != nil {
			return messages, err
		}
		messages = append(messages, message)
	}
}

// AppendFrame is what the client does to a message that it sends.
func AppendFrame(dst []byte, op ws.OpCode, payload []byte) []byte {
	return appendFrame(dst, op, payload)
}

// ClaimsOf reads the claims of a token.
func ClaimsOf(signed string) []byte { return claimsOf(signed) }
