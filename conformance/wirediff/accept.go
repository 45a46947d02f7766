package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
)

// accept writes the differences of the given results into their transcripts,
// as the ones expected under an id of docs/differences.md. It replaces what a
// transcript expected before.
func accept(id string, results []Result) error {
	byFile := make(map[string][]Result)
	for _, r := range results {
		byFile[r.Transcript.File] = append(byFile[r.Transcript.File], r)
	}
	for file, results := range byFile {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		lines := strings.Split(string(text), "\n")
		// From the last to the first, so that the line numbers hold.
		slices.SortFunc(results, func(a, b Result) int { return b.Transcript.Line - a.Transcript.Line })
		for _, r := range results {
			if lines, err = expectIn(lines, r, id); err != nil {
				return fmt.Errorf("%s: %w", file, err)
			}
		}
		if err := os.WriteFile(file, []byte(strings.Join(lines, "\n")), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// expectIn returns the lines of a file with the expectation of one transcript.
func expectIn(lines []string, r Result, id string) ([]string, error) {
	start := r.Transcript.Line // the line behind the title
	if start > len(lines) || !strings.HasPrefix(lines[start-1], "=== ") {
		return nil, fmt.Errorf("line %d is no title any more", start)
	}
	end := start
	for end < len(lines) && !strings.HasPrefix(lines[end], "===") && !strings.HasPrefix(lines[end], "group ") {
		end++
	}
	body := slices.DeleteFunc(slices.Clone(lines[start:end]), func(line string) bool {
		return strings.HasPrefix(line, "expect ") || strings.HasPrefix(line, "- ") || strings.HasPrefix(line, "+ ")
	})
	for len(body) > 0 && strings.TrimSpace(body[len(body)-1]) == "" {
		body = body[:len(body)-1]
	}
	if len(r.Diff) > 0 {
		body = append(append(body, "expect "+id), r.Diff...)
	}
	if end < len(lines) {
		body = append(body, "")
	}
	return slices.Replace(slices.Clone(lines), start, end, body...), nil
}
