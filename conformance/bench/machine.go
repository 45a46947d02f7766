package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
)

// machine says on what something was measured.
func machine() string {
	text := fmt.Sprintf("%d × %s, %s %s, %s", runtime.NumCPU(), firstValue("/proc/cpuinfo", "model name", runtime.GOARCH),
		runtime.GOOS, kernel(), runtime.Version())
	if version, err := exec.Command("node", "--version").Output(); err == nil {
		text += ", Node " + strings.TrimSpace(string(version))
	}
	return text
}

// kernel is the version of the system, without what its builder has added.
func kernel() string {
	text, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return "?"
	}
	version := strings.SplitN(strings.TrimSpace(string(text)), ".", 3)
	return strings.Join(version[:min(2, len(version))], ".")
}

// firstValue returns what a file of "key : value" lines has for a key.
func firstValue(name, key, otherwise string) string {
	text, err := os.ReadFile(name)
	if err != nil {
		return otherwise
	}
	for line := range strings.Lines(string(text)) {
		if k, v, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(k) == key {
			return strings.TrimSpace(v)
		}
	}
	return otherwise
}
