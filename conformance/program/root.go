package program

import (
	"errors"
	"os"
	"path/filepath"
)

// ErrOutside is returned by Root when the program does not run in the repository.
var ErrOutside = errors.New("not inside the repository")

// Root returns the nearest folder above the working directory that has a go.mod.
func Root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", ErrOutside
		}
		dir = parent
	}
}
