package report

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strconv"
	"strings"
)

//go:embed page.html
var pageText string

// page is what the template gets.
type page struct {
	Title    string
	Machines []string
	When     string
	Servers  []legend
	Sections []part
	Runs     int
}

// legend is a server with its colour.
type legend struct {
	Name, Class string
}

// part is a section that has something to show.
type part struct {
	ID, Title, Text string
	Plots           []plot
	Bars            []bars
	Columns         []string
	Rows            []row
}

// row is a line of a table.
type row struct {
	Class, Name, X string
	Cells          []string
	Runs           int
	Faults         string // empty: none
}

// colours is how many the page knows; more servers begin again.
const colours = 6

// Write writes the page. title stands at its top.
func Write(w io.Writer, title string, runs []Run) error {
	if len(runs) == 0 {
		return ErrNoRuns
	}
	t, err := template.New("page").Parse(pageText)
	if err != nil {
		return err
	}
	p := page{Title: title, Runs: len(runs), When: period(runs), Machines: machines(runs)}
	classes := map[string]string{}
	for i := range runs {
		if name := runs[i].Server; classes[name] == "" {
			classes[name] = "s" + strconv.Itoa(len(p.Servers)%colours)
			p.Servers = append(p.Servers, legend{name, classes[name]})
		}
	}
	for i := range sections {
		if one, ok := sections[i].lay(runs, classes); ok {
			p.Sections = append(p.Sections, one)
		}
	}
	return t.Execute(w, p)
}

// lay makes the plots and the table of a section.
func (s *section) lay(runs []Run, classes map[string]string) (out part, ok bool) {
	axis, all := s.group(runs)
	if len(all) == 0 {
		return out, false
	}
	out = part{ID: s.id, Title: s.title, Text: s.text, Columns: []string{axis.name}}
	isCurve := slices.ContainsFunc(all, func(one series) bool { return len(one.points) > 1 })
	for i := range s.drawings {
		if isCurve {
			if p, ok := s.drawings[i].draw(axis, all, classes); ok {
				out.Plots = append(out.Plots, p)
			}
		} else if b, ok := s.drawings[i].drawBars(all, classes); ok {
			out.Bars = append(out.Bars, b)
		}
	}
	for _, f := range s.columns {
		out.Columns = append(out.Columns, f.name)
	}
	for _, one := range all {
		for _, pt := range one.points {
			out.Rows = append(out.Rows, s.row(one, pt, classes))
		}
	}
	return out, true
}

func (s *section) row(one series, pt point, classes map[string]string) row {
	r := row{Class: classes[one.server], Name: one.name, X: grouped(pt.x), Runs: len(pt.runs)}
	for _, f := range s.columns {
		text := "–"
		if v, ok := pt.median(f); ok {
			text = f.format(v)
		}
		r.Cells = append(r.Cells, text)
	}
	if n := pt.faults(); n > 0 {
		r.Faults = grouped(n)
	}
	return r
}

// machines names the machines on which the load was made.
func machines(runs []Run) []string {
	var names []string
	for i := range runs {
		m := &runs[i].Machine
		if m.Cores == 0 {
			continue
		}
		name := fmt.Sprintf("%s, %d cores, %s/%s", fallbackText(m.Processor, "unknown processor"), m.Cores, m.OS, m.Arch)
		if m.Kernel != "" {
			name += " " + m.Kernel
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

func fallbackText(text, other string) string {
	if text != "" {
		return text
	}
	return other
}

// period says when the runs took place.
func period(runs []Run) string {
	var times []string
	for i := range runs {
		if at := runs[i].At; at != "" {
			times = append(times, at)
		}
	}
	if len(times) == 0 {
		return ""
	}
	readable := strings.NewReplacer("T", " ", "Z", " UTC")
	first, last := readable.Replace(slices.Min(times)), readable.Replace(slices.Max(times))
	if first == last {
		return first
	}
	return first + " to " + last
}
