package main

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// closurePatience bounds the wait for the closure events of connections that
// have ended.
const closurePatience = 3 * time.Second

// settle ends a step: when it returns, the server has done with it, as far as
// it can without waiting for a timer, and the mark of the step is recorded.
func (p *Player) settle(step int) error {
	var err error
	if p.lead == nil {
		err = p.barrier()
	} else if step < len(p.lead.Marks) {
		err = p.follow(step)
	}
	if err != nil {
		return err
	}
	state, err := p.server.Log()
	if err != nil {
		return p.gone(err)
	}
	mark := Mark{Log: len(state.Log)}
	for _, c := range p.clients {
		mark.Seen = append(mark.Seen, c.count())
	}
	p.rec.Marks = append(p.rec.Marks, mark)
	return nil
}

// barrier waits until the reference has worked off all that was sent. Node
// answers a WebSocket ping in the turn of its event loop in which it arrives;
// the turn before has run everything that earlier messages started, timers
// apart. So two pings there and back on every connection are enough.
func (p *Player) barrier() error {
	for _, c := range p.clients {
		if c.asked && len(c.held) == 0 {
			if err := p.reply(c); err != nil {
				return err
			}
		}
	}
	ended := p.countEnded()
	p.pingAll()
	if n := p.countEnded(); n > 0 {
		if err := p.awaitClosures(n); err != nil {
			return err
		}
		if n > ended {
			p.pingAll()
		}
	}
	return nil
}

func (p *Player) pingAll() {
	for range 2 {
		for _, c := range p.clients {
			if !c.pingable() {
				continue
			}
			n := c.ping()
			p.await(p.patience(), func() bool {
				return c.check(func() bool { return c.pongs >= n || c.ended || c.closed })
			})
		}
	}
}

// countEnded is the number of WebSocket connections that have ended.
func (p *Player) countEnded() int {
	n := 0
	for _, c := range p.clients {
		if c.check(func() bool { return c.upgraded && c.ended }) {
			n++
		}
	}
	return n
}

func (p *Player) awaitClosures(n int) error {
	var err error
	p.await(closurePatience, func() bool {
		var state LogState
		state, err = p.server.Log()
		return err != nil || countIn(`["closure",`, logTexts(state)) >= n
	})
	if err != nil {
		return p.gone(err)
	}
	return nil
}

// follow waits until this server has shown as much as the reference had at
// the same step.
func (p *Player) follow(step int) error {
	mark := p.lead.Marks[step]
	var failure error
	ok := p.await(p.patience(), func() bool {
		for i, c := range p.clients {
			if i < len(mark.Seen) && c.count() < mark.Seen[i] {
				return false
			}
		}
		state, err := p.server.Log()
		failure = err
		return err != nil || len(state.Log) >= mark.Log
	})
	if failure != nil {
		return p.gone(failure)
	}
	if !ok && !p.lost {
		p.lost = true
		p.rec.Late = "the end"
		if step < len(p.script.Steps) {
			p.rec.Late = p.script.Steps[step].String()
		}
	}
	return nil
}

// patience is how long a condition is waited for.
func (p *Player) patience() time.Duration {
	switch {
	case p.lead == nil:
		return leadPatience
	case p.lost:
		return lostPatience
	case p.script.Difference != "":
		return differencePatience
	}
	return followPatience
}

// await polls a condition until it holds or the time is over.
func (p *Player) await(patience time.Duration, condition func() bool) bool {
	deadline := time.Now().Add(patience)
	pause := 200 * time.Microsecond
	for !condition() {
		if time.Now().After(deadline) {
			return false
		}
		select {
		case <-p.wake:
		case <-time.After(pause):
		}
		pause = min(2*pause, 10*time.Millisecond)
	}
	return true
}

// until waits for something that the transcript names. A reference that does
// not show it makes the transcript unplayable; another server has differed.
func (p *Player) until(what string, condition func() bool) error {
	if p.await(p.patience(), condition) {
		return nil
	}
	return p.problem(what)
}

func (p *Player) problem(what string) error {
	if p.lead == nil {
		return fmt.Errorf("%w: waited for %s in vain; seen:\n%s", errPlay, what, p.rec.preview(p))
	}
	p.lost = true
	return nil
}

// gone turns the failure of a request to the app into what it means: a server
// that follows has ended, which is a difference, not an error of the run.
func (p *Player) gone(err error) error {
	if p.lead == nil {
		return err
	}
	p.lost = true
	p.rec.Gone = true
	return nil
}

// untilSeen waits until a client has seen a text, a number of times if that is
// given as "xN TEXT"; "ping" is a protocol ping.
func (p *Player) untilSeen(c *Client, args string) error {
	want := 1
	if first, rest, ok := strings.Cut(args, " "); ok && strings.HasPrefix(first, "x") {
		if n, err := strconv.Atoi(first[1:]); err == nil {
			want, args = n, rest
		}
	}
	return p.until(args, func() bool {
		if args == "ping" {
			return c.check(func() bool { return c.pings >= want })
		}
		var texts []string
		for _, e := range c.seen() {
			texts = append(texts, e.Kind+" "+e.Text)
		}
		return countIn(args, texts) >= want
	})
}

// countIn counts a text in several, overlaps excluded.
func countIn(text string, texts []string) int {
	n := 0
	for _, t := range texts {
		n += strings.Count(t, text)
	}
	return n
}

func logTexts(state LogState) []string {
	texts := make([]string, len(state.Log))
	for i, entry := range state.Log {
		texts[i] = string(entry)
	}
	return texts
}

// setToken is the token of a #setAuthToken message, or empty. The message may
// be an element of a batch.
func setToken(message string) string {
	type packet struct {
		Event string
		Data  struct{ Token string }
	}
	var batch []json.RawMessage
	if json.Unmarshal([]byte(message), &batch) != nil {
		batch = []json.RawMessage{json.RawMessage(message)}
	}
	token := ""
	for _, element := range batch {
		var p packet
		if json.Unmarshal(element, &p) == nil && p.Event == "#setAuthToken" {
			token = p.Data.Token
		}
	}
	return token
}
