package main

import (
	"bufio"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"syscall"
	"time"
)

// mostFrame bounds a frame of the server's; the largest message is 16 MiB.
const mostFrame = 32 << 20

// progressConn fails a read when nothing at all comes for a while.
type progressConn struct {
	net.Conn
	wait time.Duration
}

func (c progressConn) Read(b []byte) (int, error) {
	_ = c.SetReadDeadline(time.Now().Add(c.wait))
	return c.Conn.Read(b)
}

// open connects and makes the opening handshake.
func (p *player) open(s *Subject) error {
	nc, err := s.dial()
	if err != nil {
		return err
	}
	p.nc, p.r = nc, bufio.NewReaderSize(progressConn{nc, p.wait.progress}, 64<<10)
	err = p.upgrade(s.Addr)
	if err != nil {
		_ = nc.Close()
	}
	return err
}

func (p *player) upgrade(host string) error {
	nonce := make([]byte, 16)
	_, _ = rand.Read(nonce) // does not fail
	key := base64.StdEncoding.EncodeToString(nonce)
	request := "GET / HTTP/1.1\r\nHost: " + host + "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + key + "\r\n"
	if p.c.offer != "" {
		request += "Sec-WebSocket-Extensions: " + p.c.offer + "\r\n"
		p.result.note("→", "offer: "+p.c.offer)
	}
	if err := p.write([]byte(request + "\r\n")); err != nil {
		return err
	}
	answer, err := http.ReadResponse(p.r, nil)
	if err != nil {
		return err
	}
	_ = answer.Body.Close() // a 101 has none
	if answer.StatusCode != http.StatusSwitchingProtocols {
		return fmt.Errorf("the answer is %s", answer.Status)
	}
	digest := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	if got, want := answer.Header.Get("Sec-WebSocket-Accept"), base64.StdEncoding.EncodeToString(digest[:]); got != want {
		return fmt.Errorf("Sec-WebSocket-Accept is %q, want %q", got, want)
	}
	return p.extend(answer.Header.Get("Sec-WebSocket-Extensions"))
}

// extend takes up the extension that the server agreed to.
func (p *player) extend(answer string) error {
	if p.c.offer == "" && answer != "" {
		return fmt.Errorf("the extension %q was not offered", answer)
	}
	d, err := newDeflation(p.c.offer, answer)
	if err != nil {
		return err
	}
	if p.c.offer != "" {
		p.result.note("←", "agreed: "+answer)
		if d == nil {
			return errors.New("no offer was accepted")
		}
	}
	p.deflate = d
	return nil
}

// frame reads a frame.
func (p *player) frame() (frame, error) {
	var head [8]byte
	if _, err := io.ReadFull(p.r, head[:2]); err != nil {
		return frame{}, err
	}
	f := frame{op: head[0] & 0x0f, more: head[0]&0x80 == 0, rsv: head[0] >> 4 & 7, masked: head[1]&0x80 != 0}
	length, more := uint64(head[1]&0x7f), 0
	switch length {
	case 126:
		more = 2
	case 127:
		more = 8
	}
	if more > 0 {
		if _, err := io.ReadFull(p.r, head[8-more:]); err != nil {
			return frame{}, err
		}
		clear(head[:8-more])
		length = binary.BigEndian.Uint64(head[:])
	}
	if length > mostFrame {
		return frame{}, fmt.Errorf("a frame of %d bytes", length)
	}
	f.payload = make([]byte, length)
	_, err := io.ReadFull(p.r, f.payload)
	p.result.receivedBytes += int64(2 + more + len(f.payload))
	return f, err
}

// endText says how a connection ended, without its addresses.
func endText(err error) string {
	switch {
	case errors.Is(err, io.EOF):
		return "FIN"
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "in the middle of a frame"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "RST"
	}
	return err.Error()
}
