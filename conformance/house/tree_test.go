package house_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

const module = "github.com/socketcluster-go/socketcluster"

// pkg is a folder with Go files.
type pkg struct {
	dir   string // relative to the root, with slashes
	files []*file
}

type file struct {
	name   string // relative to the root
	lines  int
	isTest bool
	syntax *ast.File
}

// positions are those of every file that was read.
var positions = token.NewFileSet()

// readTree reads the whole repository once.
var readTree = sync.OnceValues(func() ([]*pkg, error) {
	root := filepath.Join("..", "..")
	byDir := map[string]*pkg{}
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if skipDir(d.Name()) && name != root {
				return fs.SkipDir
			}
			return nil
		}
		if filepath.Ext(name) != ".go" {
			return nil
		}
		relative, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		f, err := readFile(name, filepath.ToSlash(relative))
		if err != nil {
			return err
		}
		dir := path.Dir(f.name)
		if byDir[dir] == nil {
			byDir[dir] = &pkg{dir: dir}
		}
		byDir[dir].files = append(byDir[dir].files, f)
		return nil
	})
	all := make([]*pkg, 0, len(byDir))
	for _, p := range byDir {
		all = append(all, p)
	}
	slices.SortFunc(all, func(a, b *pkg) int { return strings.Compare(a.dir, b.dir) })
	return all, err
})

func skipDir(name string) bool {
	return name == "node_modules" || name == "testdata" || strings.HasPrefix(name, ".")
}

func readFile(name, relative string) (*file, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	syntax, err := parser.ParseFile(positions, relative, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	return &file{
		name:   relative,
		lines:  strings.Count(string(text), "\n"),
		isTest: strings.HasSuffix(relative, "_test.go"),
		syntax: syntax,
	}, nil
}

// tree returns the packages that are not tests alone.
func tree(t *testing.T) []*pkg {
	t.Helper()
	all, err := readTree()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 5 {
		t.Fatalf("found %d packages, which cannot be all", len(all))
	}
	return all
}

// sources are the files that are no tests.
func (p *pkg) sources() []*file {
	return slices.DeleteFunc(slices.Clone(p.files), func(f *file) bool { return f.isTest })
}

// imports are the paths that a file imports, those of this module shortened.
func (f *file) imports() []string {
	var paths []string
	for _, spec := range f.syntax.Imports {
		name, _ := strconv.Unquote(spec.Path.Value)
		paths = append(paths, strings.TrimPrefix(name, module+"/"))
	}
	return paths
}
