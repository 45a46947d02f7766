package program

import (
	"context"
	"fmt"
	"os/exec"
)

// Build builds a package of this module, such as "./cmd/agserver", or of one that it
// requires, into a file. The flags are further ones of go build.
func Build(ctx context.Context, file, pkg string, flags ...string) error {
	root, err := Root()
	if err != nil {
		return err
	}
	args := append([]string{"build", "-buildvcs=false", "-o", file}, flags...)
	cmd := exec.CommandContext(ctx, "go", append(args, pkg)...)
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build %s: %w\n%s", pkg, err, out)
	}
	return nil
}
