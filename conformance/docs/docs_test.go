package docs_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// What a page shows is compiled, and does what the page's checks say.
func TestPages_Run(t *testing.T) {
	for _, p := range pages(t) {
		t.Run(strings.TrimSuffix(filepath.Base(p.name), ".md"), func(t *testing.T) {
			t.Parallel()
			p.testBlocks(t)
			for _, b := range p.blocks {
				if b.kind == program {
					compile(t, "main.go", b.code, "build")
				}
			}
		})
	}
}

// A block that is neither checked nor said to be compiled alone was forgotten.
func TestPages_AreChecked(t *testing.T) {
	for _, p := range pages(t) {
		for _, b := range p.blocks {
			if b.kind == statements && !b.onlyCompiled && strings.TrimSpace(b.check) == "" {
				t.Errorf("%s:%d: the block has no go:check", p.name, b.line)
			}
		}
	}
}

func (p *page) testBlocks(t *testing.T) {
	code, err := p.test()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(code, "func ") {
		return
	}
	binary := compile(t, "page_test.go", code, "test", "-c", "-vet=off")
	if binary == "" || !strings.Contains(code, "func Test") {
		return
	}
	cmd := exec.CommandContext(t.Context(), binary, "-test.v", "-test.timeout=2m")
	cmd.Dir = t.TempDir()
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%s: %v\n%s", p.name, err, out)
	}
	t.Logf("%s: %d blocks ran", p.name, strings.Count(string(out), "--- PASS"))
}

// compile makes a binary of a file as a package of this module that exists only
// for the compiler. It returns "" when the file does not compile.
func compile(t *testing.T, file, code string, command ...string) string {
	t.Helper()
	dir := t.TempDir()
	source := filepath.Join(dir, file)
	if err := os.WriteFile(source, []byte(code), 0o600); err != nil {
		t.Fatal(err)
	}
	pretended, err := filepath.Abs(filepath.Join("page", file))
	if err != nil {
		t.Fatal(err)
	}
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{pretended: source}})
	if err != nil {
		t.Fatal(err)
	}
	overlayFile := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(overlayFile, overlay, 0o600); err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(dir, "binary")
	args := append(command, "-overlay", overlayFile, "-o", binary, "./page")
	if out, err := exec.CommandContext(t.Context(), "go", args...).CombinedOutput(); err != nil {
		t.Errorf("does not compile: %v\n%s", err, out)
		return ""
	}
	return binary
}

var (
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ +(.+)$`)
	fenced  = regexp.MustCompile("(?ms)^```.*?^```$")
)

// A link within the repository leads to a file, and to a heading in it.
func TestPages_LinksLead(t *testing.T) {
	for _, p := range pages(t) {
		for _, m := range link.FindAllStringSubmatch(fenced.ReplaceAllString(p.text, ""), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			if err := follow(p.name, m[1]); err != nil {
				t.Errorf("%s: the link %s leads nowhere: %v", p.name, m[1], err)
			}
		}
	}
}

func follow(from, target string) error {
	name, anchor, _ := strings.Cut(target, "#")
	if name = filepath.Join(root, filepath.Dir(from), name); strings.HasPrefix(target, "#") {
		name = filepath.Join(root, from)
	}
	if anchor == "" {
		_, err := os.Stat(name)
		return err
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	for _, m := range heading.FindAllStringSubmatch(fenced.ReplaceAllString(string(text), ""), -1) {
		if slug(m[1]) == anchor {
			return nil
		}
	}
	return fmt.Errorf("it has no heading %q", anchor)
}

// slug is the name that a heading has in links.
func slug(heading string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(heading) {
		switch {
		case r == ' ':
			b.WriteByte('-')
		case r == '-' || r == '_' || r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			b.WriteRune(r)
		}
	}
	return b.String()
}

// Every page stands in the index.
func TestPages_AreInTheIndex(t *testing.T) {
	index, err := os.ReadFile(filepath.Join(root, "docs", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range pages(t) {
		base := filepath.Base(p.name)
		if strings.HasPrefix(p.name, "docs/") && base != "README.md" && !strings.Contains(string(index), "]("+base+")") {
			t.Errorf("docs/README.md has no link to %s", base)
		}
	}
}
