package main

import (
	"fmt"
	"os"
	"regexp"
	"strings"
)

// differenceRow finds the id of a row of the table in docs/differences.md.
var differenceRow = regexp.MustCompile(`(?m)^\| ([a-z0-9-]+) \| (.*) \|$`)

// A Difference is a row of the table: what differs on purpose, and why.
type Difference struct {
	ID    string
	Cells []string // the reference, here, why
}

// ReadDifferences reads the table of a Markdown file.
func ReadDifferences(file string) ([]Difference, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var rows []Difference
	for _, m := range differenceRow.FindAllStringSubmatch(string(text), -1) {
		if m[1] == "id" {
			continue
		}
		row := Difference{ID: m[1], Cells: strings.Split(m[2], " | ")}
		if len(row.Cells) != 3 {
			return nil, fmt.Errorf("%s: the row %s has %d cells, want 4", file, row.ID, len(row.Cells)+1)
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// notShown marks in the last cell a difference that no transcript can show.
const notShown = "Not shown"

// CheckDifferences reports ids that transcripts expect without a row, and rows
// that no transcript shows though they do not say why.
func CheckDifferences(rows []Difference, groups []*Group) []string {
	shown := make(map[string]bool)
	known := make(map[string]bool)
	for _, row := range rows {
		known[row.ID] = true
	}
	var problems []string
	for _, g := range groups {
		for _, t := range g.Transcripts {
			for _, id := range t.differences() {
				shown[id] = true
				if !known[id] {
					problems = append(problems, fmt.Sprintf("%s:%d: %q expects %s, which has no row", t.File, t.Line, t.Title, id))
				}
			}
		}
	}
	for _, row := range rows {
		if !shown[row.ID] && !strings.Contains(row.Cells[2], notShown) {
			problems = append(problems, fmt.Sprintf("no transcript shows the difference %s", row.ID))
		}
	}
	return problems
}

// differences are the ids that the transcript shows.
func (t *Transcript) differences() []string {
	return strings.FieldsFunc(t.Difference, func(r rune) bool { return r == ',' || r == ' ' })
}
