package main

import (
	"bytes"
	"compress/flate"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/socketcluster-go/socketcluster/conformance/npm"
)

// Nothing is expected to come near these.
var testPatience = patience{progress: 30 * time.Second, moment: 5 * time.Second}

// judged plays the short form of all cases and fails for what is not explained.
func judged(t *testing.T, s *Subject, wait patience) *outcome {
	t.Helper()
	t.Cleanup(func() {
		if err := s.stop(); err != nil {
			t.Errorf("%s: %v", s.Name, err)
		}
	})
	o := playAll(makeCases(true), s, 8, wait)
	t.Logf("%s: %s", s.Name, o.summary())
	for _, bad := range o.unexplained() {
		t.Errorf("%s: %s", s.Name, bad)
	}
	return o
}

func TestCases_Engine(t *testing.T) {
	for _, name := range []string{"loops", "portable", "tls"} {
		t.Run(name, func(t *testing.T) {
			s, err := startSubject(name)
			if err != nil {
				t.Fatal(err)
			}
			o := judged(t, s, testPatience)
			for _, id := range o.order {
				if d := deviationOf(id, s); d != nil {
					t.Errorf("%s deviates: %s", id, d.why)
				}
			}
		})
	}
}

// The reference passes too, but for what the list explains; and nothing stands in
// the list that it does not need.
func TestCases_Reference(t *testing.T) {
	s, err := nodeSubject(npm.Install(t, "../reference"))
	if err != nil {
		t.Fatal(err)
	}
	o := judged(t, s, patience{progress: testPatience.progress, moment: time.Second})
	for _, d := range deviations {
		for _, id := range d.cases {
			if got := o.results[id]; got == nil || got.Verdict != d.verdict {
				t.Errorf("case %s with %s: not %s, as the list has it", id, d.subject, d.verdict)
			}
		}
	}
}

// Every case of the suite is there, once.
func TestCases_Numbers(t *testing.T) {
	want := map[string]int{
		"1.1": 8, "1.2": 8, "2": 11, "3": 7, "4.1": 5, "4.2": 5, "5": 20,
		"6.1": 3, "6.2": 4, "6.3": 2, "6.4": 4, "6.5": 5, "6.6": 11, "6.7": 4, "6.8": 2, "6.9": 4, "6.10": 3, "6.11": 5, "6.12": 8,
		"6.13": 5, "6.14": 10, "6.15": 1, "6.16": 3, "6.17": 5, "6.18": 5, "6.19": 5, "6.20": 7, "6.21": 8, "6.22": 34, "6.23": 7,
		"7.1": 6, "7.3": 6, "7.5": 1, "7.7": 13, "7.9": 9, "7.13": 2,
		"9.1": 6, "9.2": 6, "9.3": 9, "9.4": 9, "9.5": 6, "9.6": 6, "9.7": 6, "9.8": 6, "10.1": 1,
		"12.1": 18, "12.2": 18, "12.3": 18, "12.4": 18, "12.5": 18,
		"13.1": 18, "13.2": 18, "13.3": 18, "13.4": 18, "13.5": 18, "13.6": 18, "13.7": 18,
	}
	got, seen := map[string]int{}, map[string]bool{}
	for _, c := range makeCases(false) {
		if seen[c.ID] {
			t.Errorf("case %s is there twice", c.ID)
		}
		seen[c.ID] = true
		got[c.ID[:strings.LastIndex(c.ID, ".")]]++
		if c.Sends == "" || c.Expects == "" || chapters[c.chapter()] == "" {
			t.Errorf("case %s does not say what it is", c.ID)
		}
	}
	if !maps.Equal(got, want) {
		t.Errorf("cases by section = %v, want %v", got, want)
	}
}

func TestFarthest(t *testing.T) {
	for _, distance := range []int{128, 300, 513, 4000, windowSize} {
		var plain []byte
		r := random(uint64(distance))
		for range distance {
			plain = append(plain, byte(r.Uint32()))
		}
		plain = append(plain, plain[:100]...) // 100 bytes that stood distance bytes before
		for _, level := range []int{flate.BestSpeed, flate.BestCompression} {
			var packed bytes.Buffer
			w, err := flate.NewWriter(&packed, level)
			if err != nil {
				t.Fatal(err)
			}
			_, _ = w.Write(plain)
			_ = w.Close()
			got, err := farthest(packed.Bytes())
			if level == flate.BestSpeed && got == 0 {
				continue // it does not look that far
			}
			if err != nil || got > distance || got < distance-5 && distance < windowSize {
				t.Errorf("farthest() at level %d = %d, %v, want %d", level, got, err, distance)
			}
		}
	}
	for _, broken := range []string{"", "\x07", "\x05", "\x00\x01\x00", "\xff\xff"} {
		if got, err := farthest([]byte(broken)); err == nil {
			t.Errorf("farthest(%q) = %d, want an error", broken, got)
		}
	}
}

func TestCorpora_SlicesAreWhole(t *testing.T) {
	for _, c := range corpora() {
		if !slices.Equal(c.slice(3, 1000), c.slice(3, 1000)) || len(c.slice(7, 128<<10)) != 128<<10 {
			t.Errorf("%s: slices are not what was asked for", c.name)
		}
		if other := c.slice(4, 1000); slices.Equal(c.slice(3, 1000), other) {
			t.Errorf("%s: every slice is the same", c.name)
		}
	}
}
