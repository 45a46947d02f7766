package serversuite_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/socketcluster-go/socketcluster/conformance/npm"
)

// Every case of the reference's suite is one of ours, in the same place.
func TestTitles_AreTheReferences(t *testing.T) {
	theirs := theirTitles(t)
	ours := ourTitles(t)
	if len(theirs) == 0 {
		t.Fatal("no case was found in the reference's suite")
	}
	for _, block := range blocks(theirs) {
		want, got := of(theirs, block), of(ours, block)
		for _, title := range want {
			if !slices.Contains(got, title) {
				t.Errorf("not ported: %s", title)
			}
		}
		for _, title := range got {
			if !slices.Contains(want, title) {
				t.Errorf("not in the reference: %s", title)
			}
		}
		if !t.Failed() && !slices.Equal(got, want) {
			t.Errorf("%s: the order is\n%s\nwant\n%s", block, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
	if len(ours) != len(theirs) {
		t.Errorf("%d cases are ported, want %d", len(ours), len(theirs))
	}
}

// separator joins the titles of a case and of the blocks around it.
const separator = " › "

// blocks returns the titles of the outermost blocks.
func blocks(paths []string) []string {
	var all []string
	for _, path := range paths {
		block, _, _ := strings.Cut(path, separator)
		all = append(all, block)
	}
	return slices.Compact(all)
}

// of returns the cases of a block.
func of(paths []string, block string) []string {
	return slices.DeleteFunc(slices.Clone(paths), func(path string) bool {
		return !strings.HasPrefix(path, block+separator)
	})
}

var caseLine = regexp.MustCompile(`^( *)(describe|it) ?\('((?:[^'\\]|\\.)*)'`)

// theirTitles reads the suite of the reference, which is indented by two spaces
// for each block; the outermost one holds everything and is left out.
func theirTitles(t *testing.T) []string {
	t.Helper()
	dir := npm.Install(t, "../reference")
	text, err := os.ReadFile(filepath.Join(dir, "node_modules", "socketcluster-server", "test", "integration.js"))
	if err != nil {
		t.Fatal(err)
	}
	var paths, around []string
	for line := range strings.Lines(string(text)) {
		m := caseLine.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		depth := len(m[1])/2 - 1
		if depth < 0 {
			continue
		}
		around = append(around[:depth], strings.ReplaceAll(m[3], `\'`, `'`))
		if m[2] == "it" {
			paths = append(paths, strings.Join(around, separator))
		}
	}
	return paths
}

// ourTitles reads the sources of the port, file by file.
func ourTitles(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("../../agserver/reference_*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	for _, name := range files {
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, titles(f, nil)...)
	}
	return paths
}

// titles returns the cases in a piece of source: calls of it and itInTime within
// calls of describe.
func titles(n ast.Node, around []string) (paths []string) {
	ast.Inspect(n, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		name, ok := call.Fun.(*ast.Ident)
		if !ok || len(call.Args) != 3 {
			return true
		}
		text, ok := call.Args[1].(*ast.BasicLit)
		if !ok {
			return true
		}
		title, err := strconv.Unquote(text.Value)
		if err != nil {
			return true
		}
		path := append(slices.Clone(around), title)
		switch name.Name {
		case "describe":
			paths = append(paths, titles(call.Args[2], path)...)
			return false
		case "it", "itInTime":
			paths = append(paths, strings.Join(path, separator))
		}
		return true
	})
	return paths
}
