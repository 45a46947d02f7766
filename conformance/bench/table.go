package main

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// The servers that ratios are made of.
const (
	referenceName = "reference"
	loopName      = "bare loop"
	oursName      = "ours"
)

// medians of results, by name and server.
type medians map[string]map[string][]result

func group(results []result) medians {
	m := medians{}
	for _, r := range results {
		name, _ := r["name"].(string)
		server, _ := r["server"].(string)
		if m[name] == nil {
			m[name] = map[string][]result{}
		}
		m[name][server] = append(m[name][server], r)
	}
	return m
}

// of returns the median of a figure.
func (m medians) of(name, server string, f figure) (float64, bool) {
	var values []float64
	for _, r := range m[name][server] {
		if n, ok := r.number(f.field); ok {
			values = append(values, n*f.scale)
		}
	}
	if values == nil {
		return 0, false
	}
	slices.Sort(values)
	middle := len(values) / 2
	if len(values)%2 == 0 {
		return (values[middle-1] + values[middle]) / 2, true
	}
	return values[middle], true
}

// A table is text in columns; the first row is the head.
type table [][]string

// compare makes the table of the rows that were measured.
func compare(results []result) table {
	m := group(results)
	peers := m.peers()
	head := []string{"load", "figure", "reference", "bare loop", "ours", "asked", "of the reference (asked)", "of the loop (asked)", "met"}
	t := table{append(head, peers...)}
	for _, r := range rows {
		title := r.title
		for _, f := range r.figures {
			ours, ok := m.of(r.name, oursName, f)
			if !ok {
				continue
			}
			reference, _ := m.of(r.name, referenceName, f)
			loop, _ := m.of(r.name, loopName, f)
			line := []string{
				title, f.label, m.cell(r.name, referenceName, f), m.cell(r.name, loopName, f), m.cell(r.name, oursName, f), f.wanted(),
				share(ours, reference, f.asked, f.reference), share(ours, loop, f.asked, f.loop), f.met(ours, reference, loop),
			}
			for _, peer := range peers {
				line = append(line, m.cell(r.name, peer, f))
			}
			t = append(t, line)
			title = ""
		}
	}
	return t
}

// peers are the servers beside these.
func (m medians) peers() []string {
	var names []string
	for _, servers := range m {
		for name := range servers {
			if name != referenceName && name != loopName && name != oursName && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	return names
}

// met says by which of three yardsticks what is asked for has been reached: in
// absolute figures, as a share of what the reference needs, or of what the bare
// loop needs, both in the same sitting. A machine that is slower than that of the
// goals can meet the first by luck only.
func (f figure) met(ours, reference, loop float64) string {
	if f.asked == 0 {
		return ""
	}
	yardsticks := []struct {
		name       string
		have, want float64
	}{
		{"figure", ours, f.asked},
		{"ratio", quotient(ours, reference), quotient(f.asked, f.reference)},
		{"loop", quotient(ours, loop), quotient(f.asked, f.loop)},
	}
	var held []string
	all := true
	for _, y := range yardsticks {
		switch {
		case y.have == 0 || y.want == 0: // nothing to compare with
		case y.have == y.want, f.more == (y.have > y.want):
			held = append(held, y.name)
		default:
			all = false
		}
	}
	switch {
	case all:
		return "yes"
	case held == nil:
		return "no"
	}
	return strings.Join(held, ", ")
}

// quotient is 0 where there is none.
func quotient(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}

// share writes a quotient and in brackets the one that is asked for.
func share(have, of, asked, askedOf float64) string {
	text := ratio(have, of)
	if wanted := ratio(asked, askedOf); text != "" && wanted != "" {
		text += " (" + wanted + ")"
	}
	return text
}

// cell writes the median of a figure, if there is one.
func (m medians) cell(name, server string, f figure) string {
	n, ok := m.of(name, server, f)
	if !ok {
		return ""
	}
	return f.show(n)
}

// wanted writes what is asked for, if anything is.
func (f figure) wanted() string {
	if f.asked == 0 {
		return ""
	}
	return f.show(f.asked)
}

// show writes a number with its unit.
func (f figure) show(n float64) string {
	if f.unit == "%" {
		return number(n) + " %"
	}
	return strings.TrimSpace(number(n) + strings.Replace(" "+f.unit, " /", "/", 1))
}

// number writes three significant digits, and thousands apart.
func number(n float64) string {
	if n < 1000 {
		return strconv.FormatFloat(n, 'g', 3, 64)
	}
	if n >= 100e3 {
		n, _ = strconv.ParseFloat(strconv.FormatFloat(n, 'g', 3, 64), 64) // of its own making
	}
	return thousands(strconv.FormatFloat(n, 'f', 0, 64))
}

// thousands sets them apart in a whole number.
func thousands(digits string) string {
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

func ratio(a, b float64) string {
	if a == 0 || b == 0 {
		return ""
	}
	if a >= 100*b {
		return number(a / b)
	}
	return strconv.FormatFloat(a/b, 'g', 2, 64)
}

// markdown writes the table as Markdown.
func (t table) markdown(w io.Writer) {
	for i, line := range t {
		fmt.Fprintf(w, "| %s |\n", strings.Join(line, " | "))
		if i == 0 {
			fmt.Fprintf(w, "|---|---|%s\n", strings.Repeat("---:|", len(line)-2))
		}
	}
}

// text writes the table in columns.
func (t table) text(w io.Writer) {
	if len(t) == 0 {
		return
	}
	widths := make([]int, len(t[0]))
	for _, line := range t {
		for i, cell := range line {
			widths[i] = max(widths[i], len([]rune(cell)))
		}
	}
	for _, line := range t {
		var b strings.Builder
		for i, cell := range line {
			pad := strings.Repeat(" ", widths[i]-len([]rune(cell)))
			if i < 2 {
				b.WriteString(cell + pad + "  ")
			} else {
				b.WriteString(pad + cell + "  ")
			}
		}
		fmt.Fprintln(w, strings.TrimRight(b.String(), " "))
	}
}
