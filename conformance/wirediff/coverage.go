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
func reportCoverage(w io.Writer, dir string) error {
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
		sources[name].report(w, name)
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

func (s *sourceCoverage) report(w io.Writer, name string) {
	var missed []v8Range
	for block := range s.blocks {
		if !slices.Contains(s.hit[block.Start:min(block.End, len(s.hit))], true) {
			missed = append(missed, block)
		}
	}
	slices.SortFunc(missed, func(a, b v8Range) int { return a.Start - b.Start })
	total := len(s.blocks)
	fmt.Fprintf(w, "%s: %d of %d blocks reached (%.1f%%)\n",
		name, total-len(missed), total, 100*float64(total-len(missed))/float64(max(1, total)))
	for _, block := range missed {
		line := 1 + strings.Count(string(s.text[:block.Start]), "\n")
		text := strings.Join(strings.Fields(string(s.text[block.Start:min(block.End, len(s.text))])), " ")
		if len(text) > 100 {
			text = text[:100] + "…"
		}
		fmt.Fprintf(w, "  line %d: %s\n", line, text)
	}
}
