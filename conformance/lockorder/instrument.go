package lockorder

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

const lockPackage = "github.com/socketcluster-go/socketcluster/conformance/lockorder/lock"

// Overlay replaces sources by copies whose locks are recorded.
type Overlay struct {
	Classes []string // of locks: "agserver.Socket.mu"
	file    string   // for go test -overlay
	dir     string
}

// Instrument writes copies of the packages in dirs, below root, into temp.
func Instrument(root string, dirs []string, temp string) (*Overlay, error) {
	o := &Overlay{file: filepath.Join(temp, "overlay.json"), dir: temp}
	root, err := filepath.Abs(root)
	if err != nil {
		return nil, err
	}
	replace := map[string]string{}
	for _, dir := range dirs {
		names, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(dir), "*.go"))
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			text, err := o.rewrite(dir, name)
			if err != nil {
				return nil, err
			}
			if text == nil {
				continue
			}
			copied := filepath.Join(temp, fmt.Sprintf("%d_%s", len(replace), filepath.Base(name)))
			if err := os.WriteFile(copied, text, 0o600); err != nil {
				return nil, err
			}
			replace[name] = copied
		}
	}
	slices.Sort(o.Classes)
	list, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return nil, err
	}
	return o, os.WriteFile(o.file, list, 0o600)
}

// edit is a replacement in a source.
type edit struct {
	from, to int
	text     string
}

// rewriter collects what is to be changed in one file.
type rewriter struct {
	dir     string
	set     *token.FileSet
	edits   []edit
	classes []string // in this file, with underscores
}

// rewrite returns the copy of a file, nil if it has no locks.
func (o *Overlay) rewrite(dir, name string) ([]byte, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	w := &rewriter{dir: dir, set: token.NewFileSet()}
	file, err := parser.ParseFile(w.set, name, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	for _, decl := range file.Decls {
		switch d := decl.(type) {
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				w.spec(spec)
			}
		case *ast.FuncDecl:
			w.parameters(d.Type)
		}
	}
	if len(w.edits) == 0 {
		return nil, nil
	}
	// On the line of the package clause, so that line numbers stay.
	end := w.offset(file.Name.End())
	w.edits = append(w.edits, edit{end, end, "; import lockorder_ " + `"` + lockPackage + `"`})
	for _, class := range w.classes {
		o.Classes = append(o.Classes, dir+"."+strings.ReplaceAll(class, "_", "."))
	}
	return w.apply(text), nil
}

func (w *rewriter) offset(p token.Pos) int { return w.set.Position(p).Offset }

func (w *rewriter) spec(spec ast.Spec) {
	switch s := spec.(type) {
	case *ast.TypeSpec:
		w.fields(s.Name.Name, s.Type)
	case *ast.ValueSpec:
		if s.Type != nil && len(s.Names) > 0 {
			w.field(s.Names[0].Name, s.Type)
		}
	}
}

// fields looks for locks in a type.
func (w *rewriter) fields(path string, t ast.Expr) {
	s, ok := t.(*ast.StructType)
	if !ok {
		return
	}
	for _, f := range s.Fields.List {
		name := path
		if len(f.Names) > 0 {
			name += "_" + f.Names[0].Name
		}
		w.field(name, f.Type)
	}
}

func (w *rewriter) field(name string, t ast.Expr) {
	kind := mutexKind(t)
	if kind == "" {
		w.fields(name, t)
		return
	}
	w.classes = append(w.classes, name)
	w.edits = append(w.edits, edit{w.offset(t.Pos()), w.offset(t.End()), "lockorder_." + kind + "[lockorder_" + name + "]"})
}

// parameters makes a function take any lock where it takes a *sync.Mutex.
func (w *rewriter) parameters(f *ast.FuncType) {
	for _, p := range f.Params.List {
		if star, ok := p.Type.(*ast.StarExpr); ok && mutexKind(star.X) != "" {
			w.edits = append(w.edits, edit{w.offset(star.Pos()), w.offset(star.End()), "sync.Locker"})
		}
	}
}

// mutexKind returns "Mutex" or "RWMutex" for the types of package sync.
func mutexKind(t ast.Expr) string {
	s, ok := t.(*ast.SelectorExpr)
	if !ok {
		return ""
	}
	if x, ok := s.X.(*ast.Ident); ok && x.Name == "sync" && (s.Sel.Name == "Mutex" || s.Sel.Name == "RWMutex") {
		return s.Sel.Name
	}
	return ""
}

// apply makes the edits and declares the classes behind the last line.
func (w *rewriter) apply(text []byte) []byte {
	slices.SortFunc(w.edits, func(a, b edit) int { return b.from - a.from })
	for _, e := range w.edits {
		text = slices.Replace(text, e.from, e.to, []byte(e.text)...)
	}
	text = append(text, "\nvar _ sync.Locker\nvar _ lockorder_.Edge\n"...)
	for _, class := range w.classes {
		text = append(text, "type lockorder_"+class+" struct{}\n"...)
	}
	return text
}
