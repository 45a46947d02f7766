package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"

	"github.com/socketcluster-go/socketcluster/conformance/program"
)

// A loader is the load generator.
type loader struct {
	path  string
	extra []string // that every run gets
}

// A result is what the load generator says of a run: numbers and a few texts.
type result map[string]any

// number returns a field, if it is there.
func (r result) number(field string) (float64, bool) {
	v, ok := r[field].(float64)
	return v, ok
}

// faults are the fields that have to be 0.
var faults = []string{"failed", "lost", "out_of_order", "bad", "errors", "acks_missing", "duplicates", "closed"}

// check returns an error that names what went wrong in a run.
func (r result) check() error {
	var wrong []string
	for _, field := range faults {
		if n, ok := r.number(field); ok && n != 0 {
			wrong = append(wrong, fmt.Sprintf("%s: %v", field, n))
		}
	}
	for _, field := range []string{"interrupted", "time_up"} {
		if early, _ := r[field].(bool); early {
			wrong = append(wrong, field)
		}
	}
	if wrong == nil {
		return nil
	}
	if last, ok := r["last_error"].(string); ok {
		wrong = append(wrong, last)
	}
	return fmt.Errorf("%s", strings.Join(wrong, ", "))
}

// run loads what is there, as flags say, and returns the result.
func (l loader) run(ctx context.Context, there, args []string) (result, error) {
	args = append(args[:len(args):len(args)], there...)
	cmd := exec.CommandContext(ctx, l.path, append(args, l.extra...)...)
	stderr := new(program.Tail)
	cmd.Stderr = stderr
	text, failed := cmd.Output()
	var r result
	if err := json.Unmarshal(text, &r); err != nil {
		return nil, fmt.Errorf("agload %s: %w: %s", strings.Join(args, " "), failed, stderr)
	}
	return r, r.check()
}
