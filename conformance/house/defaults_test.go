package house_test

import (
	"go/ast"
	"go/token"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// saidDefault is how the comment of an option says what zero stands for.
var saidDefault = regexp.MustCompile(`(?:0|[Zz]ero)(?: or negative)? means ([\d.,]*\d) ?(ms|s|hours|KiB|MiB)?\b`)

// defaultNames are the constants of options that are not named after them.
var defaultNames = map[string]string{
	"AuthDefaultExpiry": "AuthExpiry", "PingInterval": "Ping",
}

// What the comment of an option says of its default is what the constant says.
func TestDefaults_AreTheComments(t *testing.T) {
	checked := 0
	for _, p := range tree(t) {
		defaults := map[string]float64{} // by name, without "default"
		for _, f := range p.sources() {
			ast.Inspect(f.syntax, func(n ast.Node) bool {
				if v, ok := n.(*ast.ValueSpec); ok && len(v.Values) == 1 {
					if name, ok := cutDefault(v.Names[0].Name); ok {
						defaults[name] = evaluate(v.Values[0])
					}
				}
				return true
			})
		}
		for _, f := range p.sources() {
			ast.Inspect(f.syntax, func(n ast.Node) bool {
				field, ok := n.(*ast.Field)
				if !ok || field.Doc == nil || len(field.Names) != 1 {
					return true
				}
				said := saidDefault.FindAllStringSubmatch(strings.ReplaceAll(field.Doc.Text(), "\n", " "), -1)
				name := field.Names[0].Name
				if other := defaultNames[name]; other != "" {
					name = other
				}
				want, ok := defaults[name]
				if !ok || len(said) != 1 { // the comment is of several options
					return true
				}
				checked++
				if got := amount(said[0][1], said[0][2]); got != want {
					t.Errorf("%s: %s is said to be %q, want %v", f.name, name, said[0][0], want)
				}
				return true
			})
		}
	}
	if checked < 30 {
		t.Errorf("checked %d defaults, want 30 at least", checked)
	}
}

// cutDefault cuts the beginning of a default's name off.
func cutDefault(name string) (rest string, ok bool) {
	if rest, ok = strings.CutPrefix(name, "Default"); ok {
		return rest, true
	}
	return strings.CutPrefix(name, "default")
}

// amount is what a text such as "16" and "MiB" says, times in nanoseconds.
func amount(number, unit string) float64 {
	n, _ := strconv.ParseFloat(strings.ReplaceAll(number, ",", ""), 64)
	return n * map[string]float64{
		"": 1, "KiB": 1 << 10, "MiB": 1 << 20,
		"ms": float64(time.Millisecond), "s": float64(time.Second), "hours": float64(time.Hour),
	}[unit]
}

// evaluate is the value of a constant such as 5 * time.Second or 16 << 20; 0 of any
// other.
func evaluate(e ast.Expr) float64 {
	switch e := e.(type) {
	case *ast.BasicLit:
		n, _ := strconv.ParseFloat(strings.ReplaceAll(e.Value, "_", ""), 64)
		return n
	case *ast.SelectorExpr:
		return map[string]float64{
			"Millisecond": float64(time.Millisecond), "Second": float64(time.Second), "Hour": float64(time.Hour),
		}[e.Sel.Name]
	case *ast.BinaryExpr:
		x, y := evaluate(e.X), evaluate(e.Y)
		switch e.Op {
		case token.MUL:
			return x * y
		case token.SHL:
			return float64(int64(x) << int64(y))
		}
	}
	return 0
}
