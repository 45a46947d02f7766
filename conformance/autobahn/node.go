package main

import (
	"bufio"
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/socketcluster-go/socketcluster/conformance/npm"
	"github.com/socketcluster-go/socketcluster/conformance/program"
)

//go:embed echo.js
var echoProgram string

// startTimeout bounds the start and the end of the program.
const startTimeout = 30 * time.Second

// referencePackages is the folder of the conformance app on Node, whose packages
// have the `ws` of the reference. They are installed if they are not there yet.
func referencePackages() (string, error) {
	root, err := program.Root()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(root, "conformance", "reference")
	return dir, npm.Ensure(context.Background(), dir)
}

// nodeSubject starts an echo server on the `ws` in dir's packages. It ends when its
// standard input does.
func nodeSubject(dir string) (*Subject, error) {
	cmd := exec.Command("node", "-e", echoProgram, "--", fmt.Sprint(mostFragments))
	cmd.Dir = dir
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	kill := time.AfterFunc(startTimeout, func() { _ = cmd.Process.Kill() })
	line, err := bufio.NewReader(stdout).ReadString('\n')
	stopped := !kill.Stop()
	words := strings.Fields(line)
	stop := func() error {
		kill := time.AfterFunc(startTimeout, func() { _ = cmd.Process.Kill() })
		defer kill.Stop()
		return errors.Join(stdin.Close(), cmd.Wait())
	}
	if err != nil || stopped || len(words) != 2 {
		return nil, errors.Join(fmt.Errorf("the echo server wrote %q and %q", line, stderr.String()), err, stop())
	}
	return &Subject{
		Name: "ws " + words[1], About: "The npm package ws " + words[1] + " on Node.js, as socketcluster-server 20.0.1 uses it.",
		Addr: "127.0.0.1:" + words[0], reference: true, stop: stop,
	}, nil
}
