package main

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"
)

// The patience of a play. A server that lost its way once in a transcript is
// not waited for long in the rest of it.
const (
	leadPatience   = 15 * time.Second
	followPatience = 6 * time.Second
	lostPatience   = 150 * time.Millisecond
	// differencePatience is for transcripts in which less is expected to come.
	differencePatience = 2 * time.Second
	// pingPatience is longer than the ping intervals of the transcripts.
	pingPatience = time.Second
	// grace is how long the end of a play waits for something that should not
	// come any more.
	grace = 15 * time.Millisecond
)

// errPlay marks a transcript that cannot be played on the reference.
var errPlay = errors.New("cannot be played")

// A Player plays one transcript on one server. If it has a recording to
// follow, it goes on to the next step when it has seen as much as that one had
// then; otherwise it leads and settles every step by barriers.
type Player struct {
	server *Server
	script *Transcript
	lead   *Recording // nil: this play leads

	vars    *variables
	clients []*Client
	rec     *Recording
	lost    bool
	wake    chan struct{}
}

// Play plays the transcript and returns what was seen. The error is about the
// transcript or the program, not about the behaviour of a server that follows.
func Play(server *Server, script *Transcript, groupKey string, lead *Recording) (*Recording, error) {
	p := &Player{
		server: server, script: script, lead: lead,
		vars: newVariables(groupKey),
		rec:  &Recording{},
		wake: make(chan struct{}, 1),
	}
	defer func() {
		for _, c := range p.clients {
			c.stop()
		}
	}()
	err := p.play()
	p.rec.collect(p)
	if err != nil {
		err = fmt.Errorf("%s:%d: %w", script.File, script.Line, err)
	}
	return p.rec, err
}

func (p *Player) play() error {
	if err := p.server.Reset(); err != nil {
		return err
	}
	for _, l := range p.script.lets {
		if err := p.vars.define(l); err != nil {
			return err
		}
	}
	for i, step := range p.script.Steps {
		if err := p.step(step); err != nil {
			return fmt.Errorf("line %d, %q: %w", step.Line, step, err)
		}
		if err := p.settle(i); err != nil {
			return fmt.Errorf("line %d, %q: %w", step.Line, step, err)
		}
	}
	return p.finish()
}

// finish closes what is still open, one client after the other.
func (p *Player) finish() error {
	for i, c := range p.clients {
		if !c.isEnded() {
			if c.check(func() bool { return c.upgraded }) {
				p.avoidPing(c)
				p.close(c, 1000, "")
			} else {
				c.stop()
			}
		}
		if err := p.settle(len(p.script.Steps) + i); err != nil {
			return err
		}
	}
	time.Sleep(grace)
	state, err := p.server.Log()
	if err != nil {
		return p.gone(err)
	}
	p.rec.Log = state
	return nil
}

// avoidPing waits for a protocol ping, where those come often: the next one is
// then some time away. The reference takes a ping that falls into a closing
// handshake for a failure of the connection.
func (p *Player) avoidPing(c *Client) {
	if !p.script.AnyPings {
		return
	}
	pings := func() (n int) {
		c.check(func() bool { n = c.pings; return true })
		return n
	}
	before := pings()
	p.await(pingPatience, func() bool { return pings() > before || c.isEnded() })
}

func (p *Player) step(s Step) error {
	args, err := p.vars.expand(s.Args)
	if err != nil {
		return err
	}
	if s.Client == "" {
		return p.playStep(s.Verb, args)
	}
	c, err := p.client(s)
	if err != nil {
		return err
	}
	return p.clientStep(c, s.Verb, args)
}

func (p *Player) playStep(verb, args string) error {
	switch verb {
	case "wait":
		ms, err := strconv.Atoi(args)
		if err != nil {
			return err
		}
		time.Sleep(time.Duration(ms) * time.Millisecond)
		return nil
	case "get":
		status, body, err := p.server.get(args)
		p.rec.add("get", fmt.Sprintf("%s | %q", status, body))
		return err
	}
	return p.until("log "+args, func() bool {
		state, err := p.server.Log()
		return err == nil && countIn(args, logTexts(state)) > 0
	})
}

// client returns the client of a step; open and tcp make it.
func (p *Player) client(s Step) (*Client, error) {
	for _, c := range p.clients {
		if c.name == s.Client {
			return c, nil
		}
	}
	switch s.Verb {
	case "open", "join", "tcp", ">>open":
	default:
		return nil, fmt.Errorf("%w: client %q is not open", errPlay, s.Client)
	}
	c, err := connect(s.Client, p.server.Addr, p.script.AnyPings, func() {
		select {
		case p.wake <- struct{}{}:
		default:
		}
	})
	if err == nil {
		p.clients = append(p.clients, c)
	}
	return c, err
}

func (p *Player) clientStep(c *Client, verb, args string) error {
	switch verb {
	case "tcp":
		return nil
	case "open":
		p.open(c, args)
	case ">>open":
		c.asked = true
		c.held = append(c.held, upgradeRequest(args)...)
	case "join":
		p.open(c, "")
		if err := p.reply(c); err != nil {
			return err
		}
		c.send(textFrame(handshake(args)).Append(nil))
	case "shake":
		c.send(textFrame(handshake(args)).Append(nil))
	case "reply":
		return p.reply(c)
	case "until":
		return p.untilSeen(c, args)
	case "ended":
		return p.until("the end", c.isEnded)
	case "close":
		code, reason, _ := strings.Cut(args, " ")
		n, err := strconv.ParseUint("0"+code, 10, 16)
		if err != nil {
			return err
		}
		p.close(c, uint16(n), reason)
	case "fin":
		c.conn.(*net.TCPConn).CloseWrite()
		return p.until("the end", c.isEnded)
	case "reset":
		c.conn.(*net.TCPConn).SetLinger(0)
		c.stop()
	case "mute":
		c.mute()
	case "keep":
		return p.keepToken(c, args)
	default:
		return p.sendStep(c, verb, args)
	}
	return nil
}

func (p *Player) open(c *Client, args string) {
	c.asked = true
	c.send([]byte(upgradeRequest(args)))
}

// reply waits for the answer to an HTTP request, or the end.
func (p *Player) reply(c *Client) error {
	return p.until("a reply", func() bool {
		return c.check(func() bool { return c.replied || c.ended })
	})
}

// handshake is the usual first message, with a token or without.
func handshake(token string) string {
	if token == "" {
		return `{"event":"#handshake","data":{"authToken":null},"cid":1}`
	}
	return `{"event":"#handshake","data":{"authToken":"` + token + `"},"cid":1}`
}

// sendStep sends what a step with ">" describes, or with ">>" holds it back
// for the next one.
func (p *Player) sendStep(c *Client, verb, args string) error {
	kind := strings.TrimLeft(verb, ">")
	b, err := encodeStep(kind, args)
	if err != nil {
		return err
	}
	if strings.HasPrefix(verb, ">>") {
		c.held = append(c.held, b...)
		return nil
	}
	c.midFrame = kind == "p"
	c.send(b)
	return nil
}

func encodeStep(kind, args string) ([]byte, error) {
	switch kind {
	case "":
		return textFrame(args).Append(nil), nil
	case "z":
		return Frame{Fin: true, RSV: 4, Op: opText, Length: -1, Payload: deflate(args)}.Append(nil), nil
	case "f":
		f, err := parseFrame(args)
		return f.Append(nil), err
	}
	text, err := strconv.Unquote(args)
	if err != nil {
		return nil, fmt.Errorf("%s is no quoted string", args)
	}
	switch kind {
	case "q":
		return textFrame(text).Append(nil), nil
	case "b":
		return Frame{Fin: true, Op: opBinary, Length: -1, Payload: []byte(text)}.Append(nil), nil
	}
	return []byte(text), nil // r and p: bytes as they are
}

// close does the closing handshake from the client's side.
func (p *Player) close(c *Client, code uint16, reason string) {
	c.send(Frame{Fin: true, Op: opClose, Length: -1, Payload: closePayload(code, reason)}.Append(nil))
	c.closing = true
	if err := p.until("the end", c.isEnded); err != nil {
		c.stop()
	}
}

// keepToken stores the token that the server set last under a name.
func (p *Player) keepToken(c *Client, name string) error {
	for _, e := range c.seen() {
		if token := setToken(e.Text); token != "" {
			p.vars.values[name] = token
		}
	}
	if p.vars.values[name] == "" {
		p.vars.values[name] = "no token was set"
		return p.problem("a token")
	}
	return nil
}
