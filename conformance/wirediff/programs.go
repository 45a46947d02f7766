package main

import (
	"context"
	"errors"
	"path/filepath"
	"strings"

	"github.com/socketcluster-go/socketcluster/conformance/internal/app"
	"github.com/socketcluster-go/socketcluster/conformance/npm"
	"github.com/socketcluster-go/socketcluster/conformance/program"
)

// referenceProgram is the conformance app on Node in the repository at root.
// Its packages are installed if they are not there yet.
func referenceProgram(root string) (app.Program, error) {
	dir := filepath.Join(root, "conformance", "reference")
	if err := npm.Ensure(context.Background(), dir); err != nil {
		return app.Program{}, err
	}
	return app.Program{Args: []string{"node", filepath.Join(dir, "main.js")}}, nil
}

// goProgram builds the conformance app of this repository into dir.
func goProgram(dir string) (app.Program, error) {
	file := filepath.Join(dir, "conformance-app")
	return app.Program{Args: []string{file}}, program.Build(context.Background(), file, "./conformance/app")
}

// commandProgram reads a command line; its words are separated by spaces.
func commandProgram(command string) (app.Program, error) {
	words := strings.Fields(command)
	if len(words) == 0 {
		return app.Program{}, errors.New("empty command")
	}
	return app.Program{Args: words}, nil
}
