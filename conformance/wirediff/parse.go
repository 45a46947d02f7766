package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
)

// baseOptions are the options of every group. They are equal for both servers
// where the defaults differ, and keep timers out of transcripts that do not
// ask for them.
var baseOptions = map[string]json.RawMessage{
	"authKey":            json.RawMessage(`"a key that only the comparison knows"`),
	"pingInterval":       json.RawMessage(`60000`),
	"pingTimeout":        json.RawMessage(`90000`),
	"socketChannelLimit": json.RawMessage(`1000`),
}

var (
	clientStep = regexp.MustCompile(`^([a-z][a-z0-9]*) (\S+)(?: (.*))?$`)
	playSteps  = []string{"wait", "log", "get"}
	verbs      = []string{
		"open", ">>open", "join", "shake", "tcp", "reply", "until", "ended", "close", "fin", "reset", "mute", "keep",
		">", ">q", ">b", ">f", ">r", ">p", ">z", ">>", ">>q", ">>b", ">>f", ">>r", ">>z",
	}
)

// ParseFiles reads the named transcript files of fsys.
func ParseFiles(fsys fs.FS, names []string) ([]*Group, error) {
	var groups []*Group
	for _, name := range names {
		text, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, err
		}
		more, err := Parse(name, string(text))
		if err != nil {
			return nil, err
		}
		groups = append(groups, more...)
	}
	return groups, nil
}

// Parse reads one transcript file. An error names the file and the line.
func Parse(file, text string) ([]*Group, error) {
	p := &parser{file: file}
	lines := bufio.NewScanner(strings.NewReader(text))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		p.line++
		if err := p.parseLine(lines.Text()); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", file, p.line, err)
		}
	}
	return p.groups, lines.Err()
}

// parser is the state of reading one file.
type parser struct {
	file       string
	line       int
	groups     []*Group
	transcript *Transcript
	groupLets  []let
	expecting  bool
}

func (p *parser) parseLine(line string) error {
	if p.expecting && (strings.HasPrefix(line, "- ") || strings.HasPrefix(line, "+ ")) {
		p.transcript.Expected = append(p.transcript.Expected, line)
		return nil
	}
	p.expecting = false
	word, rest, _ := strings.Cut(line, " ")
	switch {
	case strings.TrimSpace(line) == "" || strings.HasPrefix(line, "#"):
		return nil
	case word == "group":
		return p.startGroup(rest)
	case len(p.groups) == 0:
		return fmt.Errorf("%q stands before the first group", line)
	case word == "let":
		return p.addLet(rest)
	case word == "===":
		p.startTranscript(rest)
		return nil
	case p.transcript == nil:
		return fmt.Errorf("%q stands before the first transcript", line)
	case word == ":":
		return p.setFlag(rest)
	case word == "expect":
		p.transcript.Difference = strings.TrimSpace(rest)
		p.expecting = true
		return nil
	}
	return p.addStep(line)
}

func (p *parser) startGroup(rest string) error {
	name, options, _ := strings.Cut(rest, " ")
	group := &Group{Name: path.Base(p.file) + "/" + name, Options: maps.Clone(baseOptions)}
	if strings.TrimSpace(options) != "" {
		if err := json.Unmarshal([]byte(options), &group.Options); err != nil {
			return fmt.Errorf("options of the group: %w", err)
		}
	}
	p.groups = append(p.groups, group)
	p.transcript = nil
	p.groupLets = nil
	return nil
}

func (p *parser) startTranscript(title string) {
	p.transcript = &Transcript{Title: title, File: p.file, Line: p.line, lets: slices.Clone(p.groupLets)}
	group := p.groups[len(p.groups)-1]
	group.Transcripts = append(group.Transcripts, p.transcript)
}

func (p *parser) addLet(rest string) error {
	name, value, ok := strings.Cut(rest, " = ")
	if !ok {
		return fmt.Errorf("let %q has no value", rest)
	}
	if p.transcript == nil {
		p.groupLets = append(p.groupLets, let{name, value})
	} else {
		p.transcript.lets = append(p.transcript.lets, let{name, value})
	}
	return nil
}

func (p *parser) setFlag(flag string) error {
	switch flag {
	case "fresh":
		p.transcript.Fresh = true
	case "any pings":
		p.transcript.AnyPings = true
	default:
		return fmt.Errorf("unknown flag %q", flag)
	}
	return nil
}

func (p *parser) addStep(line string) error {
	step := Step{Line: p.line}
	word, rest, _ := strings.Cut(line, " ")
	if slices.Contains(playSteps, word) {
		step.Verb, step.Args = word, rest
	} else {
		m := clientStep.FindStringSubmatch(line)
		if m == nil || !slices.Contains(verbs, m[2]) {
			return fmt.Errorf("cannot read the step %q", line)
		}
		step.Client, step.Verb, step.Args = m[1], m[2], m[3]
	}
	p.transcript.Steps = append(p.transcript.Steps, step)
	return nil
}
