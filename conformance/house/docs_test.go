package house_test

import (
	"go/ast"
	"path"
	"slices"
	"strings"
	"testing"
)

// Whoever meets a package finds what it is in one place.
func TestDocs_OnePerPackage(t *testing.T) {
	for _, p := range tree(t) {
		sources := p.sources()
		if len(sources) == 0 {
			continue
		}
		var with []string
		for _, f := range sources {
			if f.syntax.Doc != nil {
				with = append(with, path.Base(f.name))
			}
		}
		if !slices.Equal(with, []string{"doc.go"}) {
			t.Errorf("%s is described in %v, want in doc.go alone", p.dir, with)
		}
	}
}

// A comment that does not begin as go doc expects is found by nobody.
func TestDocs_BeginWithTheName(t *testing.T) {
	for _, p := range tree(t) {
		for _, f := range p.sources() {
			if f.syntax.Doc == nil {
				continue
			}
			want := "Package " + f.syntax.Name.Name + " "
			if f.syntax.Name.Name == "main" {
				want = "Command " + path.Base(p.dir) + " "
			}
			if text := f.syntax.Doc.Text(); !strings.HasPrefix(text, want) {
				first, _, _ := strings.Cut(text, "\n")
				t.Errorf("%s begins with %q, want %q", f.name, first, want)
			}
		}
	}
}

// plainMethods say what the interface they implement says, every time.
var plainMethods = map[string]bool{"EventName": true}

// What is exported is promised, and a promise needs words.
func TestDocs_OfExportedNames(t *testing.T) {
	for _, p := range tree(t) {
		for _, f := range p.sources() {
			if f.syntax.Name.Name == "main" || strings.Contains(p.dir, "internal") {
				continue
			}
			for _, decl := range f.syntax.Decls {
				for _, name := range undocumented(decl) {
					t.Errorf("%s: %s has no doc comment", f.name, name)
				}
			}
		}
	}
}

// undocumented returns the exported names of a declaration that have no comment,
// neither of their own nor of their group.
func undocumented(decl ast.Decl) []string {
	var names []string
	switch d := decl.(type) {
	case *ast.FuncDecl:
		if d.Name.IsExported() && d.Doc == nil && receiverIsExported(d) && !plainMethods[d.Name.Name] {
			names = append(names, d.Name.Name)
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch s := spec.(type) {
			case *ast.TypeSpec:
				if s.Name.IsExported() && s.Doc == nil && d.Doc == nil {
					names = append(names, s.Name.Name)
				}
			case *ast.ValueSpec:
				if s.Names[0].IsExported() && s.Doc == nil && s.Comment == nil && d.Doc == nil {
					names = append(names, s.Names[0].Name)
				}
			}
		}
	}
	return names
}

func receiverIsExported(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return true
	}
	expr := d.Recv.List[0].Type
	for {
		switch e := expr.(type) {
		case *ast.StarExpr:
			expr = e.X
		case *ast.IndexExpr:
			expr = e.X
		case *ast.IndexListExpr:
			expr = e.X
		case *ast.Ident:
			return e.IsExported()
		default:
			return false
		}
	}
}
