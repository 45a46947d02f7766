package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// referenceProgram is the conformance app on Node in the repository at root.
// Its packages are installed if they are not there yet.
func referenceProgram(root string) (Program, error) {
	dir := filepath.Join(root, "conformance", "reference")
	if _, err := os.Stat(filepath.Join(dir, "node_modules", "socketcluster-server")); err != nil {
		cmd := exec.Command("npm", "ci", "--no-audit", "--no-fund")
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			return Program{}, fmt.Errorf("npm ci in %s: %w\n%s", dir, err, out)
		}
	}
	return Program{Args: []string{"node", filepath.Join(dir, "main.js")}}, nil
}

// goProgram builds the conformance app of the repository at root into dir.
func goProgram(root, dir string) (Program, error) {
	out := filepath.Join(dir, "conformance-app")
	cmd := exec.Command("go", "build", "-o", out, "./conformance/app")
	cmd.Dir = root
	if text, err := cmd.CombinedOutput(); err != nil {
		return Program{}, fmt.Errorf("build the conformance app: %w\n%s", err, text)
	}
	return Program{Args: []string{out}}, nil
}

// commandProgram reads a command line; its words are separated by spaces.
func commandProgram(command string) (Program, error) {
	words := strings.Fields(command)
	if len(words) == 0 {
		return Program{}, errors.New("empty command")
	}
	return Program{Args: words}, nil
}
