package main

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"runtime"
	"strings"
	"time"
)

//go:embed report.html
var reportText string

var reportTemplate = template.Must(template.New("report").Parse(reportText))

// The report's page, from the top to one subject's part in a case.
type (
	pageView struct {
		Short    bool
		Cases    int
		Go       string
		Subjects []subjectView
		Chapters []chapterView
	}
	subjectView struct {
		Name, About, Short, Took                 string
		Passed, NonStrict, Informational, Failed int
	}
	chapterView struct {
		Number, Title string
		Count         int
		Cases         []caseView
	}
	caseView struct {
		ID, Sends, Expects string
		Marks              []markView
		Plain              bool // every subject passed
		Results            []resultView
	}
	markView struct{ Subject, Verdict, Class string }
	// resultView is what became of the case with these subjects, which did the same.
	resultView struct {
		Subjects, Verdict, Class, Why, Deviation, Closing, Traffic string
		Lines                                                      []lineView
	}
	lineView struct{ Dir, Class, Text string }
)

// writeReport writes the page.
func writeReport(w io.Writer, cases []*Case, all []*outcome, short bool) error {
	page := pageView{Short: short, Cases: len(cases), Go: strings.TrimPrefix(runtime.Version(), "go")}
	for _, o := range all {
		n := o.counts()
		page.Subjects = append(page.Subjects, subjectView{
			Name: o.subject.Name, About: o.subject.About, Short: shortName(o.subject.Name), Took: o.took.Round(100 * time.Millisecond).String(),
			Passed: n[passed], NonStrict: n[nonStrict], Informational: n[informational], Failed: n[failed],
		})
	}
	for _, c := range cases {
		last := len(page.Chapters) - 1
		if last < 0 || page.Chapters[last].Number != c.chapter() {
			page.Chapters = append(page.Chapters, chapterView{Number: c.chapter(), Title: chapters[c.chapter()]})
			last++
		}
		chapter := &page.Chapters[last]
		chapter.Cases = append(chapter.Cases, viewCase(c, all))
		chapter.Count++
	}
	return reportTemplate.Execute(w, page)
}

// shortName is a subject's name at the head of a narrow column.
func shortName(name string) string { return strings.TrimPrefix(name, "Engine, ") }

func viewCase(c *Case, all []*outcome) caseView {
	v := caseView{ID: c.ID, Sends: c.Sends, Expects: c.Expects, Plain: true}
	for _, o := range all {
		r := o.results[c.ID]
		v.Plain = v.Plain && r.Verdict == passed
		v.Marks = append(v.Marks, markView{shortName(o.subject.Name), string(r.Verdict), classOf(r.Verdict)})
		result := viewResult(c, o, r)
		if i := same(v.Results, result); i >= 0 {
			v.Results[i].Subjects += " · " + result.Subjects
			v.Results[i].Traffic += "; " + result.Traffic
			continue
		}
		v.Results = append(v.Results, result)
	}
	return v
}

func viewResult(c *Case, o *outcome, r *Result) resultView {
	v := resultView{
		Subjects: o.subject.Name, Verdict: string(r.Verdict), Class: classOf(r.Verdict), Why: r.Why,
		Closing: closingText(r), Traffic: o.subject.Name + " " + r.took.Round(100*time.Microsecond).String(),
	}
	if d := deviationOf(c.ID, o.subject); d != nil && r.deviates() {
		v.Deviation = d.why
	}
	if c.offer != "" && r.plainBytes > 0 {
		v.Traffic += fmt.Sprintf(", %s of content in %s sent and %s received",
			kib(r.plainBytes), kib(r.sentBytes), kib(r.receivedBytes))
	}
	for _, l := range r.lines {
		v.Lines = append(v.Lines, lineView{l.dir, map[string]string{"→": "out", "←": "in"}[l.dir], l.text})
	}
	return v
}

// same finds the subject that did exactly this; -1 = none.
func same(seen []resultView, v resultView) int {
	for i, s := range seen {
		if s.Verdict == v.Verdict && s.Why == v.Why && s.Deviation == v.Deviation && s.Closing == v.Closing && equalLines(s.Lines, v.Lines) {
			return i
		}
	}
	return -1
}

// equalLines compares what was sent and what came, each in its order: how the two
// interleave is chance.
func equalLines(a, b []lineView) bool {
	return linesOf(a, "out") == linesOf(b, "out") && linesOf(a, "in") == linesOf(b, "in")
}

func linesOf(lines []lineView, class string) string {
	var b strings.Builder
	for _, l := range lines {
		if l.Class == class {
			b.WriteString(l.Text + "\n")
		}
	}
	return b.String()
}

func closingText(r *Result) string {
	who := "client"
	if r.serverClosed {
		who = "server"
	}
	if r.closeFrames == 0 {
		return "The " + who + " ended the connection; there was no close frame from the server."
	}
	return fmt.Sprintf("The %s closed first; the server's close frame had %s.", who, map[bool]string{true: "no code", false: "code " + codeText(r.code)}[r.code == noCode])
}

func classOf(v Verdict) string { return strings.ToLower(string(v)) }

// kib is a number of bytes for people.
func kib(n int64) string {
	if n < 10<<20 {
		return fmt.Sprintf("%d KiB", (n+1023)>>10)
	}
	return fmt.Sprintf("%d MiB", (n+1<<19)>>20)
}
