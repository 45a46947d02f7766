package main

import "encoding/json"

// A Group is a run of transcripts that are played on servers with the same
// options.
type Group struct {
	Name        string
	Options     map[string]json.RawMessage
	Transcripts []*Transcript
}

// A Transcript is what one or several clients do, step by step. It holds no
// answers: those of the reference are the expected ones.
type Transcript struct {
	Title string
	File  string
	Line  int
	Steps []Step

	// Fresh asks for a server process of its own, because the transcript
	// leaves traces that a reset does not remove.
	Fresh bool
	// AnyPings says that the number of protocol pings depends on the time;
	// only whether there were any is compared.
	AnyPings bool
	// Difference names the row of docs/differences.md that the transcript
	// shows, or several, with commas; it is empty if there is none.
	Difference string
	// Expected are the lines of that difference as Diff writes them: "- " in
	// front of a line of the reference, "+ " in front of one of the subject.
	Expected []string

	lets []let
}

// A Step is one line of a transcript.
type Step struct {
	Client string // the client that acts; empty for a step of the play itself
	Verb   string
	Args   string
	Line   int
}

// String is the step as it is written in the file.
func (s Step) String() string {
	text := s.Verb
	if s.Client != "" {
		text = s.Client + " " + text
	}
	if s.Args != "" {
		text += " " + s.Args
	}
	return text
}

// A let is a named value for the ${name} of the lines below it.
type let struct {
	name, value string
}
