package main

import "strings"

// A deviation explains why cases are not passed to the letter.
type deviation struct {
	cases   []string // their numbers
	subject string   // the beginning of a subject's name
	verdict Verdict
	why     string
}

// deviations are all that there are. An entry that no case needs is an error.
var deviations = []deviation{
	{
		cases: []string{"6.4.1", "6.4.2", "6.4.3", "6.4.4"}, subject: "ws", verdict: nonStrict,
		why: "ws looks at a text when the message is complete. The engine checks what has come, and refuses it with the first byte that cannot be right.",
	},
}

// deviationOf is the explanation of a case; nil = there is none.
func deviationOf(id string, s *Subject) *deviation {
	for i := range deviations {
		d := &deviations[i]
		if !strings.HasPrefix(s.Name, d.subject) {
			continue
		}
		for _, known := range d.cases {
			if known == id {
				return d
			}
		}
	}
	return nil
}
