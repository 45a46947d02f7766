package report_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/socketcluster-go/socketcluster/cmd/agload/internal/report"
)

var update = flag.Bool("update", false, "write testdata/outline.txt anew")

// makePage makes the page of the test data.
func makePage(t *testing.T) []byte {
	t.Helper()
	name := filepath.Join("testdata", "results.jsonl")
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	runs, err := report.Read(f, name)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := report.Write(&b, "Test & report", runs); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// outline is the structure of a page: elements by their nesting, with class, id
// and text, and without what is mere layout.
func outline(t *testing.T, page []byte) string {
	t.Helper()
	var out strings.Builder
	depth := 0
	walk(t, page, func(token xml.Token) {
		switch e := token.(type) {
		case xml.StartElement:
			fmt.Fprintf(&out, "\n%s%s", strings.Repeat(" ", depth), e.Name.Local)
			for _, a := range e.Attr {
				if n := a.Name.Local; n == "class" || n == "id" || n == "href" {
					fmt.Fprintf(&out, " %s=%s", n, a.Value)
				}
			}
			depth++
		case xml.EndElement:
			depth--
		case xml.CharData:
			if text := strings.Join(strings.Fields(string(e)), " "); text != "" && !strings.HasPrefix(text, ":root") {
				fmt.Fprintf(&out, " %q", text)
			}
		}
	})
	return strings.TrimSpace(out.String()) + "\n"
}

func walk(t *testing.T, page []byte, visit func(xml.Token)) {
	t.Helper()
	d := xml.NewDecoder(bytes.NewReader(page))
	d.Strict, d.AutoClose, d.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		visit(token)
	}
}

func TestWrite_Outline(t *testing.T) {
	got := outline(t, makePage(t))
	name := filepath.Join("testdata", "outline.txt")
	if *update {
		if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	gotLines, wantLines := strings.Split(got, "\n"), strings.Split(string(want), "\n")
	for i := range max(len(gotLines), len(wantLines)) {
		g, w := "", ""
		if i < len(gotLines) {
			g = gotLines[i]
		}
		if i < len(wantLines) {
			w = wantLines[i]
		}
		if g != w {
			t.Fatalf("line %d of the outline is\n%s, want\n%s\n(-update writes it anew)", i+1, g, w)
		}
	}
}

// The page stands alone, and what a server is called cannot break it.
func TestWrite_StandsAlone(t *testing.T) {
	page := string(makePage(t))
	for _, not := range []string{"<script", "http:", "https:", "<b>", "@import", "url(", "NaN", "Inf", "ZgotmplZ"} {
		if strings.Contains(page, not) {
			t.Errorf("the page has %q in it", not)
		}
	}
}

// Nothing is drawn outside its plot, and no two names lie on each other.
func TestWrite_Inside(t *testing.T) {
	var width, height float64
	places := map[string]bool{}
	n := 0
	walk(t, makePage(t), func(token xml.Token) {
		e, ok := token.(xml.StartElement)
		if !ok {
			return
		}
		at := map[string]float64{}
		for _, a := range e.Attr {
			var v float64
			if a.Name.Local == "viewBox" {
				fmt.Sscanf(a.Value, "0 0 %g %g", &width, &height)
				places = map[string]bool{}
			} else if _, err := fmt.Sscan(a.Value, &v); err == nil {
				at[a.Name.Local] = v
			}
		}
		for name, v := range at {
			limit := map[string]float64{"x": width, "x1": width, "x2": width, "cx": width, "y": height, "y1": height, "y2": height, "cy": height}[name]
			if limit == 0 {
				continue
			}
			n++
			if v < 0 || v > limit {
				t.Errorf("%s %s=%v lies outside of 0 to %v", e.Name.Local, name, v, limit)
			}
		}
		if place := fmt.Sprint(at["x"]+at["dx"], at["y"]+at["dy"]); e.Name.Local == "text" && at["y"] > 0 {
			if places[place] {
				t.Errorf("two texts lie at %s", place)
			}
			places[place] = true
		}
	})
	if n < 100 {
		t.Errorf("only %d coordinates were seen", n)
	}
}

func TestRead_Refusals(t *testing.T) {
	for text, want := range map[string]string{
		"":                           "no results",
		"\n\n":                       "no results",
		"{}\n":                       "line 1",
		"{\"mode\":\"rpc\"}\n{":      "line 2",
		"rpc 5\n":                    "line 1",
		`{"mode":"rpc","per_s":"x"}`: "line 1",
		"{\"mode\":\"" + strings.Repeat("x", 2<<20) + "\"}": "too long",
	} {
		if _, err := report.Read(strings.NewReader(text), "some.jsonl"); err == nil ||
			!strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "some.jsonl") {
			t.Errorf("Read(%.30q) = %v, want %q and the name of the file", text, err, want)
		}
	}
	if err := report.Write(io.Discard, "", nil); !errors.Is(err, report.ErrNoRuns) {
		t.Errorf("Write() of nothing = %v, want %v", err, report.ErrNoRuns)
	}
}

// Runs of clusters are told apart by their nodes and by locality.
func TestWrite_Clusters(t *testing.T) {
	lines := ""
	for nodes := 1; nodes <= 3; nodes++ {
		of := strings.TrimSuffix(strings.Repeat("{},", nodes), ",")
		lines += fmt.Sprintf(`{"mode":"pubsub","server":"NATS","nodes":[%s],"cpu_us_per_delivery":%d}`+"\n", of, 10*nodes)
	}
	lines += `{"mode":"pubsub","server":"NATS","nodes":[{},{},{}],"locality":1,"cpu_us_per_delivery":7}`
	runs, err := report.Read(strings.NewReader(lines), "clusters")
	if err != nil {
		t.Fatal(err)
	}
	var page bytes.Buffer
	if err := report.Write(&page, "Clusters", runs); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{">nodes<", ">NATS<", "NATS, locality 1"} {
		if !strings.Contains(page.String(), want) {
			t.Errorf("the page has no %q", want)
		}
	}
}
