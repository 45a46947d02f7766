package house_test

import (
	"go/ast"
	"testing"
)

// How large things may become before they are taken apart.
const (
	maxFileLines     = 450
	maxTestFileLines = 600 // the cases of one subject belong together
	maxFunctionLines = 60
)

// The exceptions, each with its reason.
var (
	largeFiles     = map[string]string{}
	largeFunctions = map[string]string{}
)

// A file holds one noun or one verb.
func TestSize_Files(t *testing.T) {
	found := map[string]bool{}
	for _, p := range tree(t) {
		for _, f := range p.files {
			limit := maxFileLines
			if f.isTest {
				limit = maxTestFileLines
			}
			if f.lines <= limit || ast.IsGenerated(f.syntax) {
				continue
			}
			found[f.name] = true
			if largeFiles[f.name] == "" {
				t.Errorf("%s has %d lines, want at most %d or a reason in the list", f.name, f.lines, limit)
			}
		}
	}
	checkList(t, largeFiles, found)
}

// A function fits a screen.
func TestSize_Functions(t *testing.T) {
	found := map[string]bool{}
	for _, p := range tree(t) {
		for _, f := range p.sources() {
			for _, decl := range f.syntax.Decls {
				fn, ok := decl.(*ast.FuncDecl)
				if !ok {
					continue
				}
				lines := positions.Position(fn.End()).Line - positions.Position(fn.Pos()).Line + 1
				if lines <= maxFunctionLines {
					continue
				}
				name := p.dir + "." + fn.Name.Name
				found[name] = true
				if largeFunctions[name] == "" {
					t.Errorf("%s: %s has %d lines, want at most %d or a reason in the list", f.name, fn.Name.Name, lines, maxFunctionLines)
				}
			}
		}
	}
	checkList(t, largeFunctions, found)
}

// checkList asks that an exception goes when its reason is gone.
func checkList(t *testing.T, list map[string]string, found map[string]bool) {
	t.Helper()
	for name := range list {
		if !found[name] {
			t.Errorf("%s is no exception any more: take it off the list", name)
		}
	}
}
