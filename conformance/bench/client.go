package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// errClosed: the client itself was closed.
var errClosed = net.ErrClosed

// A client is a socket of a crowd. It is used by one goroutine at a time, but for
// close.
type client struct {
	conn net.Conn
	r    *bufio.Reader
	cid  int
}

// dialTimeout bounds the time until a client is ready.
const dialTimeout = time.Minute

// dial opens a socket and shakes hands.
func dial(ctx context.Context, rawURL string) (*client, error) {
	u, err := url.Parse(rawURL)
	if err != nil {
		return nil, err
	}
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", u.Host)
	if err != nil {
		return nil, err
	}
	c := &client{conn: conn, r: bufio.NewReaderSize(conn, 4<<10), cid: 1}
	conn.SetDeadline(time.Now().Add(dialTimeout))
	if err := c.upgrade(u); err != nil {
		conn.Close()
		return nil, err
	}
	return c, nil
}

func (c *client) upgrade(u *url.URL) error {
	request := "GET " + u.RequestURI() + " HTTP/1.1\r\nHost: " + u.Host + "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: Y3Jvd2QgY3Jvd2QgY3Jvdw==\r\n\r\n"
	if _, err := io.WriteString(c.conn, request); err != nil {
		return err
	}
	response, err := http.ReadResponse(c.r, nil)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusSwitchingProtocols {
		return fmt.Errorf("upgrade: %s", response.Status)
	}
	_, err = c.call(`{"event":"#handshake","data":{"authToken":null},"cid":1}`)
	return err
}

// call sends a message and returns the answer.
func (c *client) call(text string) (string, error) {
	if _, err := c.conn.Write(appendMasked(nil, text)); err != nil {
		return "", err
	}
	return c.answer()
}

// answer returns the next message, which may not be an error.
func (c *client) answer() (string, error) {
	for {
		n, err := c.frame()
		if err != nil {
			return "", err
		}
		text := make([]byte, n)
		if _, err := io.ReadFull(c.r, text); err != nil {
			return "", err
		}
		switch {
		case n == 0:
			if err := c.pong(); err != nil {
				return "", err
			}
		case strings.Contains(string(text), `"error"`):
			return "", errors.New(string(text))
		default:
			return string(text), nil
		}
	}
}

// subscribe subscribes to channels in one message.
func (c *client) subscribe(names []string) error {
	var b strings.Builder
	for i, name := range names {
		c.cid++
		fmt.Fprintf(&b, `%c{"event":"#subscribe","data":{"channel":"%s"},"cid":%d}`, "[,"[min(i, 1)], name, c.cid)
	}
	b.WriteByte(']')
	if _, err := c.conn.Write(appendMasked(nil, b.String())); err != nil {
		return err
	}
	for range names {
		if _, err := c.answer(); err != nil {
			return err
		}
	}
	return nil
}

// count counts the messages that come, until the socket is closed.
func (c *client) count(n *atomic.Int64) error {
	c.conn.SetDeadline(time.Time{})
	for {
		size, err := c.frame()
		if err != nil {
			return err
		}
		if size == 0 {
			if err := c.pong(); err != nil {
				return err
			}
			continue
		}
		if _, err := c.r.Discard(size); err != nil {
			return err
		}
		n.Add(1)
	}
}

// pong answers the protocol's ping, which is an empty message.
func (c *client) pong() error {
	_, err := c.conn.Write(appendMasked(nil, ""))
	return err
}

// frame reads the head of a text frame and returns the size of its payload.
func (c *client) frame() (int, error) {
	var head [8]byte
	if _, err := io.ReadFull(c.r, head[:2]); err != nil {
		return 0, err
	}
	if head[0] != 0x81 {
		return 0, fmt.Errorf("received a frame that begins with %#x", head[0])
	}
	n := uint64(head[1])
	wide := map[uint64]int{126: 2, 127: 8}[n]
	if wide > 0 {
		if _, err := io.ReadFull(c.r, head[8-wide:]); err != nil {
			return 0, err
		}
		clear(head[:8-wide])
		n = binary.BigEndian.Uint64(head[:])
	}
	return int(n), nil
}

// appendMasked appends a text message as a client sends it.
func appendMasked(dst []byte, text string) []byte {
	dst = append(dst, 0x81)
	switch n := len(text); {
	case n < 126:
		dst = append(dst, 0x80|byte(n))
	case n < 1<<16:
		dst = binary.BigEndian.AppendUint16(append(dst, 0x80|126), uint16(n))
	default:
		dst = binary.BigEndian.AppendUint64(append(dst, 0x80|127), uint64(n))
	}
	mask := [4]byte{0x37, 0xfa, 0x21, 0x3d}
	dst = append(dst, mask[:]...)
	for i := range len(text) {
		dst = append(dst, text[i]^mask[i%4])
	}
	return dst
}

// connectAll opens n sockets and has each prepared. What was opened is returned
// in any case.
func connectAll(ctx context.Context, url string, n int, prepare func(c *client, i int) error) ([]*client, error) {
	var (
		mu      sync.Mutex
		clients []*client
		failed  error
		next    atomic.Int64
		workers sync.WaitGroup
	)
	for range min(n, connectAtOnce) {
		workers.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				c, err := dial(ctx, url)
				if err == nil {
					err = prepare(c, i)
				}
				mu.Lock()
				if c != nil {
					clients = append(clients, c)
				}
				failed = errors.Join(failed, err)
				stop := failed != nil
				mu.Unlock()
				if stop {
					return
				}
			}
		})
	}
	workers.Wait()
	return clients, failed
}

func closeAll(clients []*client) {
	for _, c := range clients {
		c.conn.Close()
	}
}
