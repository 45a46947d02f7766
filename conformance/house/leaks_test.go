package house_test

import (
	"go/ast"
	"slices"
	"testing"
)

// leakCheck is what looks for goroutines at the end of a package's tests.
const leakCheck = "go.uber.org/goleak"

// A package that starts goroutines, in its sources or its tests, looks for those
// that its tests leave behind.
func TestLeaks_AreLookedFor(t *testing.T) {
	for _, p := range tree(t) {
		starts, checks, hasTests := "", false, false
		for _, f := range p.files {
			hasTests = hasTests || f.isTest
			checks = checks || slices.Contains(f.imports(), leakCheck)
			if startsGoroutine(f.syntax) {
				starts = f.name
			}
		}
		if starts != "" && hasTests && !checks {
			t.Errorf("%s starts a goroutine: the tests of %s need a TestMain with %s", starts, p.dir, leakCheck)
		}
	}
}

// startsGoroutine reports whether a file has a go statement, or a call like
// wg.Go(func…).
func startsGoroutine(f *ast.File) (starts bool) {
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			starts = true
		case *ast.CallExpr:
			if sel, ok := n.Fun.(*ast.SelectorExpr); ok && sel.Sel.Name == "Go" && len(n.Args) == 1 {
				starts = true
			}
		}
		return !starts
	})
	return starts
}
