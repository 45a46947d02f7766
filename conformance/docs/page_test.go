package docs_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const root = "../.."

// page is a Markdown file.
type page struct {
	name   string // relative to the root
	text   string
	blocks []block
}

type kind int

const (
	statements kind = iota
	declarations
	program
)

// block is a piece of Go in a page.
type block struct {
	kind kind
	line int // of its first line in the page
	code string

	before, check         string // what follows it in go:before and go:check
	beforeLine, checkLine int
	onlyCompiled          bool
}

// pages returns the pages of docs/ and the README.
func pages(t *testing.T) []page {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil || len(names) == 0 {
		t.Fatalf("found no pages: %v", err)
	}
	var all []page
	for _, name := range append(names, filepath.Join(root, "README.md")) {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		relative, err := filepath.Rel(root, name)
		if err != nil {
			t.Fatal(err)
		}
		p := page{name: filepath.ToSlash(relative), text: string(text)}
		if err := p.read(); err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	return all
}

// piece finds blocks and what is said about them.
var piece = regexp.MustCompile("(?ms)^```go\n(?P<go>.*?)^```$|^<!-- go:(?P<word>[a-z-]+)(?P<text>.*?)-->$")

func (p *page) read() error {
	for _, m := range piece.FindAllStringSubmatchIndex(p.text, -1) {
		group := func(name string) (string, int) {
			i := 2 * piece.SubexpIndex(name)
			if m[i] < 0 {
				return "", 0
			}
			return p.text[m[i]:m[i+1]], 1 + strings.Count(p.text[:m[i]], "\n")
		}
		if code, line := group("go"); line > 0 {
			p.blocks = append(p.blocks, block{kind: kindOf(code), line: line, code: code})
			continue
		}
		word, at := group("word")
		text, line := group("text")
		last := len(p.blocks) - 1
		switch {
		case word == "declarations":
			p.blocks = append(p.blocks, block{kind: declarations, line: line, code: text})
		case last < 0 || p.blocks[last].kind != statements:
			return fmt.Errorf("%s:%d: go:%s follows no block of statements", p.name, at, word)
		case word == "before":
			p.blocks[last].before, p.blocks[last].beforeLine = text, line
		case word == "check":
			p.blocks[last].check, p.blocks[last].checkLine = text, line
		case word == "only-compiled":
			p.blocks[last].onlyCompiled = true
		default:
			return fmt.Errorf("%s:%d: go:%s has no meaning", p.name, at, word)
		}
	}
	return nil
}

// kindOf tells what a block is by what parses.
func kindOf(code string) kind {
	if strings.HasPrefix(code, "package ") {
		return program
	}
	if _, err := parser.ParseFile(token.NewFileSet(), "", "package p\n"+code, 0); err == nil {
		return declarations
	}
	return statements
}

// known are the packages that a block may name.
var known = map[string]string{
	"context": "context", "errors": "errors", "fmt": "fmt", "iter": "iter", "log": "log", "slog": "log/slog",
	"http": "net/http", "os": "os", "signal": "os/signal", "strings": "strings", "syscall": "syscall",
	"testing": "testing", "time": "time", "bytes": "bytes", "cmp": "cmp", "sync": "sync",
	"agclient":     module + "agclient",
	"agserver":     module + "agserver",
	"agservertest": module + "agserver/agservertest",
	"authtoken":    module + "authtoken",
	"channels":     module + "channels",
	"frame":        module + "conformance/docs/frame",
	"middleware":   module + "middleware",
	"minbin":       module + "protocol/minbin",
	"protocol":     module + "protocol",
	"stream":       module + "channels/stream",
}

const module = "github.com/socketcluster-go/socketcluster/"

// test returns the test file that the page's blocks make, programs left out.
func (p *page) test() (string, error) {
	var body strings.Builder
	for _, b := range p.blocks {
		switch b.kind {
		case declarations:
			fmt.Fprintf(&body, "//line %s:%d\n%s\n", p.name, b.line, b.code)
		case statements:
			b.writeFunc(&body, p.name)
		}
	}
	code := body.String()
	file, err := parser.ParseFile(token.NewFileSet(), "", "package page\n"+code, 0)
	if err != nil {
		return "", fmt.Errorf("%s: %w", p.name, err)
	}
	imports := map[string]bool{}
	for _, id := range file.Unresolved {
		if path, ok := known[id.Name]; ok {
			imports[path] = true
		}
	}
	var head strings.Builder
	head.WriteString("package page\n\n")
	for _, path := range slices.Sorted(maps.Keys(imports)) {
		fmt.Fprintf(&head, "import %q\n", path)
	}
	return head.String() + code, nil
}

// writeFunc writes a block of statements as a function, with its check as
// another one and a test for both.
func (b *block) writeFunc(w *strings.Builder, name string) {
	const names = "ctx context.Context, srv *agserver.Server, s *agserver.Socket, mux *http.ServeMux"
	fmt.Fprintf(w, "func block%d(%s) {\n//line %s:%d\n%s\n%s}\n", b.line, names, name, b.line, b.code, b.uses())
	if b.onlyCompiled {
		return
	}
	const tools = ", client *agclient.Client, is func(want, got any), settle func(), connect, try func() *agclient.Client"
	fmt.Fprintf(w, "func before%d(%s) {\n//line %s:%d\n%s\n}\n", b.line, names+tools, name, max(1, b.beforeLine), b.before)
	fmt.Fprintf(w, "func check%d(%s) {\n//line %s:%d\n%s\n}\n", b.line, names+tools, name, max(1, b.checkLine), b.check)
	const call = "%s%d(ctx, f.Server, f.Socket, f.Mux%s)"
	with := func(what, more string) string {
		return "func(ctx context.Context, f *frame.Frame) { " + fmt.Sprintf(call, what, b.line, more) + " }"
	}
	const theirs = ", f.Client, f.Is, f.Settle, f.Connect, f.Try"
	fmt.Fprintf(w, "func TestLine%d(t *testing.T) {\nframe.Run(t, %s, %s, %s)\n}\n",
		b.line, with("before", theirs), with("block", ""), with("check", theirs))
}

// uses returns statements that use the variables which the block declares at its
// outermost level: the compiler asks for that, and no reader does.
func (b *block) uses() string {
	file, err := parser.ParseFile(token.NewFileSet(), "", "package p\nfunc _() {\n"+b.code+"\n}", 0)
	if err != nil {
		return "" // the compiler says it better
	}
	used := map[string]bool{}
	for _, statement := range file.Decls[0].(*ast.FuncDecl).Body.List {
		switch st := statement.(type) {
		case *ast.AssignStmt:
			for _, left := range st.Lhs {
				if id, ok := left.(*ast.Ident); ok && st.Tok == token.DEFINE && id.Name != "_" {
					used[id.Name] = true
				}
			}
		case *ast.DeclStmt:
			for _, spec := range st.Decl.(*ast.GenDecl).Specs {
				if v, ok := spec.(*ast.ValueSpec); ok {
					for _, id := range v.Names {
						used[id.Name] = true
					}
				}
			}
		}
	}
	var out strings.Builder
	for _, id := range slices.Sorted(maps.Keys(used)) {
		fmt.Fprintf(&out, "_ = %s\n", id)
	}
	return out.String()
}
