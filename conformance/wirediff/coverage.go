package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// coveredFiles are the parts of the reference whose branches the transcripts
// should reach.
var coveredFiles = []string{"socketcluster-server/server.js", "socketcluster-server/serversocket.js"}

// v8Coverage is a file that Node writes with NODE_V8_COVERAGE.
type v8Coverage struct {
	Result []struct {
		URL       string `json:"url"`
		Functions []struct {
			Name   string    `json:"functionName"`
			Ranges []v8Range `json:"ranges"`
			Block  bool      `json:"isBlockCoverage"`
		} `json:"functions"`
	} `json:"result"`
}

// A v8Range is a function or a block of one and how often it ran.
type v8Range struct {
	Start int `json:"startOffset"`
	End   int `json:"endOffset"`
	Count int `json:"count"`
}

// A sourceCoverage adds up the runs of several processes for one file.
type sourceCoverage struct {
	text   []byte
	hit    []bool // per byte: some process ran it
	blocks map[v8Range]bool
}

// reportCoverage writes, for each file, the share of its blocks (functions and
// branches, as V8 tells them apart) that ran in any process, and the others.
// The processes have left their coverage in dir; unreachedFile lists what no
// client can reach.
func reportCoverage(w io.Writer, dir, unreachedFile string) error {
	excused, err := readUnreached(unreachedFile)
	if err != nil {
		return err
	}
	names, err := filepath.Glob(filepath.Join(dir, "coverage-*.json"))
	if err != nil {
		return err
	}
	sources := make(map[string]*sourceCoverage)
	for _, name := range names {
		if err := addCoverage(sources, name); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(sources)) {
		sources[name].report(w, name, excused)
	}
	return nil
}

func addCoverage(sources map[string]*sourceCoverage, name string) error {
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	var file v8Coverage
	if err := json.Unmarshal(text, &file); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	for _, script := range file.Result {
		for _, covered := range coveredFiles {
			if !strings.HasSuffix(script.URL, "/"+covered) {
				continue
			}
			source := sources[covered]
			if source == nil {
				if source, err = openSource(script.URL); err != nil {
					return err
				}
				sources[covered] = source
			}
			var ranges []v8Range
			for _, f := range script.Functions {
				ranges = append(ranges, f.Ranges...)
			}
			source.add(ranges)
		}
	}
	return nil
}

func openSource(address string) (*sourceCoverage, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(u.Path)
	return &sourceCoverage{text: text, hit: make([]bool, len(text)), blocks: make(map[v8Range]bool)}, err
}

// add takes the ranges of one process: an inner range overrides the outer ones.
func (s *sourceCoverage) add(ranges []v8Range) {
	slices.SortStableFunc(ranges, func(a, b v8Range) int {
		return (b.End - b.Start) - (a.End - a.Start)
	})
	hit := make([]bool, len(s.text))
	for _, r := range ranges {
		s.blocks[v8Range{Start: r.Start, End: r.End}] = true
		for i := r.Start; i < min(r.End, len(hit)); i++ {
			hit[i] = r.Count > 0
		}
	}
	for i, h := range hit {
		s.hit[i] = s.hit[i] || h
	}
}

// report writes the share of the file's blocks that were reached, of all and of
// those that a client can reach, and the others with the reason if there is one.
func (s *sourceCoverage) report(w io.Writer, name string, excused []unreached) {
	var missed []v8Range
	for block := range s.blocks {
		if !slices.Contains(s.hit[block.Start:min(block.End, len(s.hit))], true) {
			missed = append(missed, block)
		}
	}
	slices.SortFunc(missed, func(a, b v8Range) int { return a.Start - b.Start })
	var lines []string
	reasons := 0
	for _, block := range missed {
		line := 1 + strings.Count(string(s.text[:block.Start]), "\n")
		text := strings.Join(strings.Fields(string(s.text[block.Start:min(block.End, len(s.text))])), " ")
		reason := excuse(excused, name, line)
		if reason != "" {
			reasons++
			reason = "  # " + reason
		}
		lines = append(lines, fmt.Sprintf("  line %d: %s%s", line, cut(text, 60), reason))
	}
	total := len(s.blocks)
	reached := total - len(missed)
	fmt.Fprintf(w, "%s: %d of %d blocks reached (%s), of those that a client can reach %d of %d (%s)\n",
		name, reached, total, percent(reached, total), reached, total-reasons, percent(reached, total-reasons))
	for _, line := range lines {
		fmt.Fprintln(w, line)
	}
}

func percent(n, of int) string { return fmt.Sprintf("%.1f%%", 100*float64(n)/float64(max(1, of))) }

func cut(text string, length int) string {
	if len(text) <= length {
		return text
	}
	return strings.ToValidUTF8(text[:length], "") + "…"
}

// unreached are lines of the reference that no client can reach, and why.
type unreached struct {
	file        string
	first, last int
	reason      string
}

// readUnreached reads unreached.txt: file, line or range of lines, reason.
func readUnreached(file string) ([]unreached, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var all []unreached
	for line := range strings.Lines(string(text)) {
		fields := strings.SplitN(strings.TrimSpace(line), " ", 3)
		if len(fields) < 3 || fields[0] == "#" {
			continue
		}
		u := unreached{file: fields[0], reason: fields[2]}
		first, last, isRange := strings.Cut(fields[1], "-")
		if !isRange {
			last = first
		}
		if _, err := fmt.Sscan(first+" "+last, &u.first, &u.last); err != nil {
			return nil, fmt.Errorf("%s: %q: %w", file, line, err)
		}
		all = append(all, u)
	}
	return all, nil
}

// excuse is the reason for which a line cannot be reached; empty if it can.
func excuse(excused []unreached, name string, line int) string {
	for _, u := range excused {
		if strings.HasSuffix(name, "/"+u.file) && u.first <= line && line <= u.last {
			return u.reason
		}
	}
	return ""
}
