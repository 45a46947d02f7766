package lockorder

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/socketcluster-go/socketcluster/conformance/lockorder/lock"
)

const module = "github.com/socketcluster-go/socketcluster/"

// Test runs the tests of packages with the copies, and returns the pairs of locks
// that were seen, sorted. An error has what go test has written. When tests fail, or
// hang past a -timeout among flags, the pairs that were seen come with it: they may be
// the reason.
func (o *Overlay) Test(ctx context.Context, root string, packages []string, flags ...string) ([]lock.Edge, error) {
	seen := filepath.Join(o.dir, "edges.json")
	args := append([]string{"test", "-count=1", "-overlay=" + o.file}, flags...)
	cmd := exec.CommandContext(ctx, "go", append(args, packages...)...)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "LOCKORDER="+seen)
	text, err := cmd.CombinedOutput()
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	edges, unread := read(seen)
	if err != nil {
		err = fmt.Errorf("go test: %w\n%s", err, text)
	}
	return edges, errors.Join(err, unread)
}

// read reads what package lock has written; the same pair may come from several
// processes.
func read(name string) ([]lock.Edge, error) {
	text, err := os.ReadFile(name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var edges []lock.Edge
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var e lock.Edge
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			return nil, err
		}
		e.From, e.To = readable(e.From), readable(e.To)
		edges = append(edges, e)
	}
	compare := func(a, b lock.Edge) int { return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To)) }
	slices.SortStableFunc(edges, compare)
	return slices.CompactFunc(edges, func(a, b lock.Edge) bool { return compare(a, b) == 0 }), lines.Err()
}

// readable turns the name of a class's type into what Classes has.
func readable(class string) string {
	dir, name, _ := strings.Cut(strings.TrimPrefix(class, module), ".lockorder_")
	return dir + "." + strings.ReplaceAll(name, "_", ".")
}

// Cycle returns the classes of a cycle, the first one at both ends; nil if there
// is none.
func Cycle(edges []lock.Edge) []string {
	next := map[string][]string{}
	for _, e := range edges {
		next[e.From] = append(next[e.From], e.To)
	}
	done := map[string]bool{}
	var path []string
	var visit func(class string) []string
	visit = func(class string) []string {
		if i := slices.Index(path, class); i >= 0 {
			return append(slices.Clone(path[i:]), class)
		}
		if done[class] {
			return nil
		}
		path = append(path, class)
		for _, to := range next[class] {
			if cycle := visit(to); cycle != nil {
				return cycle
			}
		}
		path = path[:len(path)-1]
		done[class] = true
		return nil
	}
	for _, e := range edges {
		if cycle := visit(e.From); cycle != nil {
			return cycle
		}
	}
	return nil
}
