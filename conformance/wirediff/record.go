package main

import (
	"fmt"
	"regexp"
	"strings"
)

// A Mark is how much had been seen at the end of a step.
type Mark struct {
	Seen []int // events per client, in the order of their first steps
	Log  int   // entries of the event log
}

// A Recording is all that was seen in one play of a transcript.
type Recording struct {
	Marks   []Mark
	Clients []ClientRecord
	Other   []Event // answers to plain requests
	Log     LogState
	Gone    bool // the program has ended
	// Late is the first step after which less was seen than in the play that
	// was followed; empty if there was none.
	Late string

	vars *variables
}

// A ClientRecord is what one client saw.
type ClientRecord struct {
	Name   string
	Events []Event
	Pinged bool // protocol pings came that are not among the events
}

func (r *Recording) add(kind, text string) {
	r.Other = append(r.Other, Event{kind, text})
}

// collect takes over what the clients saw.
func (r *Recording) collect(p *Player) {
	r.vars = p.vars
	r.Clients = nil
	for _, c := range p.clients {
		c.mu.Lock()
		record := ClientRecord{Name: c.name, Pinged: c.pings > 0}
		c.mu.Unlock()
		record.Events = c.seen()
		r.Clients = append(r.Clients, record)
	}
}

// preview is the state of a play that is not over.
func (r *Recording) preview(p *Player) string {
	r.collect(p)
	r.Log, _ = p.server.Log()
	return strings.Join(r.Lines(), "\n")
}

// Lines writes the recording in the form in which two are compared: one line
// for each thing seen, with what is undetermined replaced.
func (r *Recording) Lines() []string {
	n := newNormaliser(r)
	var lines []string
	for _, c := range r.Clients {
		for _, e := range c.Events {
			line := c.Name + " < " + e.Kind
			if e.Text != "" || e.Kind != seenEnd {
				line += " " + n.text(e.Text)
			}
			lines = append(lines, strings.TrimRight(line, " "))
		}
		if c.Pinged {
			lines = append(lines, c.Name+" < pings")
		}
	}
	for _, e := range r.Other {
		lines = append(lines, e.Kind+" "+e.Text)
	}
	for _, entry := range r.Log.Log {
		lines = append(lines, "log "+n.text(string(entry)))
	}
	lines = append(lines, fmt.Sprintf("open sockets %d, pending %d", r.Log.Clients, r.Log.Pending))
	if r.Gone {
		lines = append(lines, "the program has ended")
	}
	return lines
}

// idPlaces are where a server tells a client its socket id: in the answers to
// #handshake and whoami, and in some error messages.
var idPlaces = regexp.MustCompile(`"id" ?: ?"([\w-]{20})"|Socket ([\w-]{20}) tried`)

// idOf is the socket id that the client was told, or empty.
func (c ClientRecord) idOf() string {
	for _, e := range c.Events {
		if m := idPlaces.FindStringSubmatch(e.Text); m != nil {
			return m[1] + m[2]
		}
	}
	return ""
}
