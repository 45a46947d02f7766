package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// The kinds of events that a client sees.
const (
	seenHTTP   = "http"
	seenText   = "text"
	seenBinary = "binary"
	seenClose  = "close"
	seenEnd    = "end" // the server ended the TCP connection
	seenOther  = "frame"
)

// barrierMark begins the payload of the WebSocket pings that tell when a
// server has worked off what was sent before; their pongs are no events.
const barrierMark = "barrier:"

// writeTimeout bounds a write to a server that no longer reads.
const writeTimeout = 5 * time.Second

// An Event is something that a client saw.
type Event struct {
	Kind string
	Text string
}

// A Client is one connection of a transcript. One goroutine reads it, from
// connect until the connection ends; stop waits for it.
type Client struct {
	name     string
	conn     net.Conn
	wake     func() // called after every change; must not block
	anyPings bool
	done     chan struct{}

	// Owned by the player.
	held     []byte // bytes that go out with the next send
	midFrame bool   // the bytes sent last are not a whole frame
	asked    bool   // an upgrade request was sent
	closing  bool   // a close frame was sent
	barriers int

	// Guarded by mu.
	mu       sync.Mutex
	events   []Event
	upgraded bool
	replied  bool
	ended    bool
	closed   bool // a close frame was received
	muted    bool // received close frames are not answered
	pongs    int  // the number of the last barrier that was answered
	pings    int  // protocol pings that are not events, see anyPings
	inflater *inflater
	writeMu  sync.Mutex
}

func connect(name, addr string, anyPings bool, wake func()) (*Client, error) {
	conn, err := net.DialTimeout("tcp", addr, writeTimeout)
	if err != nil {
		return nil, err
	}
	c := &Client{name: name, conn: conn, anyPings: anyPings, wake: wake, done: make(chan struct{})}
	go c.read()
	return c, nil
}

// stop cuts the connection and waits for the reader.
func (c *Client) stop() {
	c.conn.Close()
	<-c.done
}

// send writes bytes behind those that were held back, all at once.
func (c *Client) send(b []byte) {
	b = append(c.held, b...)
	c.held = nil
	c.write(b)
}

// write sends bytes. What a broken connection no longer takes is lost, as it
// would be for any client.
func (c *Client) write(b []byte) {
	c.writeMu.Lock()
	defer c.writeMu.Unlock()
	c.conn.SetWriteDeadline(time.Now().Add(writeTimeout))
	c.conn.Write(b)
}

// ping sends the next barrier and returns its number.
func (c *Client) ping() int {
	c.barriers++
	payload := fmt.Sprintf("%s%d", barrierMark, c.barriers)
	c.write(Frame{Fin: true, Op: opPing, Length: -1, Payload: []byte(payload)}.Append(nil))
	return c.barriers
}

// pingable says whether a barrier can work: the connection is upgraded, alive
// and between two frames.
func (c *Client) pingable() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.upgraded && !c.ended && !c.closed && !c.midFrame && !c.closing && len(c.held) == 0
}

// check reports a condition on the client's state.
func (c *Client) check(condition func() bool) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return condition()
}

func (c *Client) isEnded() bool { return c.check(func() bool { return c.ended }) }

// count is the number of events so far.
func (c *Client) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.events)
}

// seen returns the events so far.
func (c *Client) seen() []Event {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.events)
}

func (c *Client) mute() {
	c.mu.Lock()
	c.muted = true
	c.mu.Unlock()
}

func (c *Client) add(kind, text string) {
	c.mu.Lock()
	c.events = append(c.events, Event{kind, text})
	c.mu.Unlock()
	c.wake()
}

// read takes the answer to the request and then, if it was an upgrade, the
// frames, until the connection ends.
func (c *Client) read() {
	defer close(c.done)
	r := bufio.NewReaderSize(c.conn, 64<<10)
	if c.readReply(r) {
		for c.readEvent(r) {
		}
	} else {
		io.Copy(io.Discard, r)
	}
	c.conn.Close()
	c.mu.Lock()
	c.ended = true
	c.events = append(c.events, Event{Kind: seenEnd})
	c.mu.Unlock()
	c.wake()
}

// comparedHeaders are the headers of an answer that a client may rely on.
var comparedHeaders = []string{
	"Connection", "Content-Length", "Content-Type", "Sec-Websocket-Accept", "Sec-Websocket-Extensions",
	"Sec-Websocket-Protocol", "Sec-Websocket-Version", "Upgrade",
}

func (c *Client) readReply(r *bufio.Reader) (upgraded bool) {
	response, err := http.ReadResponse(r, nil)
	if err != nil {
		return false
	}
	upgraded = response.StatusCode == http.StatusSwitchingProtocols
	var body []byte
	if !upgraded {
		body, _ = io.ReadAll(response.Body)
	}
	text := []string{response.Status}
	if response.Close { // ReadResponse takes the header away
		text = append(text, "Connection: close")
	}
	for _, name := range comparedHeaders {
		for _, value := range response.Header[name] {
			text = append(text, name+": "+value)
		}
	}
	if len(body) > 0 {
		text = append(text, fmt.Sprintf("%q", body))
	}
	c.mu.Lock()
	c.replied = true
	c.upgraded = upgraded
	if extensions := response.Header.Get("Sec-WebSocket-Extensions"); extensions != "" {
		c.inflater = newInflater(extensions)
	}
	c.mu.Unlock()
	c.add(seenHTTP, strings.Join(text, " | "))
	return upgraded
}

// readEvent takes one frame; false at the end of the connection.
func (c *Client) readEvent(r *bufio.Reader) bool {
	f, err := readFrame(r)
	if err != nil {
		return false
	}
	switch {
	case f.Op == opPong && bytes.HasPrefix(f.Payload, []byte(barrierMark)):
		c.mu.Lock()
		fmt.Sscanf(string(f.Payload[len(barrierMark):]), "%d", &c.pongs)
		c.mu.Unlock()
		c.wake()
	case !f.Fin || f.RSV&3 != 0 || !f.Unmasked:
		c.add(seenOther, fmt.Sprintf("fin=%v rsv=%d op=%d masked=%v %q", f.Fin, f.RSV, f.Op, !f.Unmasked, f.Payload))
	case f.Op == opText || f.Op == opBinary:
		c.addMessage(f)
	case f.Op == opClose:
		c.answerClose(f)
	default:
		c.add(seenOther, fmt.Sprintf("op=%d %q", f.Op, f.Payload))
	}
	return true
}

func (c *Client) addMessage(f Frame) {
	kind, payload := seenText, f.Payload
	if f.Op == opBinary {
		kind = seenBinary
	}
	if f.RSV == 4 && c.inflater != nil {
		text, err := c.inflater.inflate(payload)
		if err != nil {
			c.add(seenOther, fmt.Sprintf("cannot be inflated: %v", err))
			return
		}
		kind, payload = "deflated "+kind, text
	} else if f.RSV != 0 {
		kind = fmt.Sprintf("rsv=%d %s", f.RSV, kind)
	}
	if c.anyPings && kind == seenText && (len(payload) == 0 || string(payload) == "#1") {
		c.mu.Lock()
		c.pings++
		c.mu.Unlock()
		c.wake()
		return
	}
	c.add(kind, string(payload))
}

// answerClose records a close frame and completes the closing handshake.
func (c *Client) answerClose(f Frame) {
	text := "without a code"
	if len(f.Payload) >= 2 {
		text = fmt.Sprintf("%d %q", binary.BigEndian.Uint16(f.Payload), f.Payload[2:])
	}
	c.mu.Lock()
	c.closed = true
	answer := !c.muted
	c.mu.Unlock()
	c.add(seenClose, text)
	if answer {
		c.write(Frame{Fin: true, Op: opClose, Length: -1, Payload: f.Payload[:min(2, len(f.Payload))]}.Append(nil))
	}
}

// closePayload is the payload of a close frame; code 0 is none at all.
func closePayload(code uint16, reason string) []byte {
	if code == 0 {
		return nil
	}
	return append(binary.BigEndian.AppendUint16(nil, code), reason...)
}
