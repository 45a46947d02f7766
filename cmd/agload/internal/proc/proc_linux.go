package proc

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// ticksPerSecond is USER_HZ, which is 100 on every architecture of Linux.
const ticksPerSecond = 100

// Group returns the processes and all that descend from them.
func Group(roots ...int) []int {
	children := map[int][]int{}
	files, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, f := range files {
		if s, ok := readStat(f); ok {
			children[s.parent] = append(children[s.parent], s.pid)
		}
	}
	var group []int
	seen := map[int]bool{}
	for next := roots; len(next) > 0; {
		pid := next[0]
		next = append(next[1:len(next):len(next)], children[pid]...)
		if !seen[pid] {
			seen[pid] = true
			group = append(group, pid)
		}
	}
	return group
}

// Measure adds up what the processes have used.
func Measure(pids []int) (u Usage) {
	for _, pid := range pids {
		s, ok := readStat(fmt.Sprintf("/proc/%d/stat", pid))
		if !ok {
			continue
		}
		u.Processes++
		u.User += s.user / ticksPerSecond
		u.System += s.system / ticksPerSecond
		u.RSS += s.pages * int64(os.Getpagesize())
		read, written := transferred(pid)
		u.Read += read
		u.Written += written
	}
	return u
}

// transferred returns what a process has read and written, 0 where that may not
// be seen.
func transferred(pid int) (read, written int64) {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/io", pid))
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		n, _ := strconv.ParseInt(value, 10, 64)
		switch name {
		case "rchar":
			read = n
		case "wchar":
			written = n
		}
	}
	return read, written
}

// stat is a line of /proc/N/stat, as far as it is of interest.
type stat struct {
	pid, parent  int
	user, system float64
	pages        int64
}

func readStat(file string) (s stat, ok bool) {
	text, err := os.ReadFile(file)
	open, end := bytes.IndexByte(text, '('), bytes.LastIndexByte(text, ')')
	if err != nil || open < 0 || end < open {
		return s, false
	}
	// The name stands in brackets and may hold anything; fields are counted from
	// behind it, where field 0 is the state.
	fields := strings.Fields(string(text[end+1:]))
	if len(fields) < 22 {
		return s, false
	}
	s.pid, err = strconv.Atoi(strings.TrimSpace(string(text[:open])))
	s.parent, _ = strconv.Atoi(fields[1])
	s.user, _ = strconv.ParseFloat(fields[11], 64)
	s.system, _ = strconv.ParseFloat(fields[12], 64)
	s.pages, _ = strconv.ParseInt(fields[21], 10, 64)
	return s, err == nil
}

// Command returns the command line of a process, "" if it is not visible.
func Command(pid int) string {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	return strings.TrimSpace(strings.ReplaceAll(string(text), "\x00", " "))
}

// ReadMachine reads the CPU time of the whole machine.
func ReadMachine() (m Machine) {
	text, _ := os.ReadFile("/proc/stat")
	line, _, _ := strings.Cut(string(text), "\n")
	for i, field := range strings.Fields(line) {
		v, _ := strconv.ParseFloat(field, 64)
		switch i {
		case 4, 5: // idle, waiting for a disk
			m.Idle += v
		case 8:
			m.Stolen = v
		}
		if i >= 1 && i <= 8 { // what follows is counted in user time already
			m.Total += v
		}
	}
	return m
}

// Listener returns the process that listens on a TCP port of this machine, 0 if
// there is none or it may not be seen.
func Listener(port int) int {
	inode := listeningInode(port)
	if inode == "" {
		return 0
	}
	links, _ := filepath.Glob("/proc/[0-9]*/fd/*")
	for _, link := range links {
		if target, _ := os.Readlink(link); target == "socket:["+inode+"]" {
			pid, _ := strconv.Atoi(strings.Split(link, "/")[2])
			return pid
		}
	}
	return 0
}

func listeningInode(port int) string {
	const listening = "0A"
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		text, _ := os.ReadFile(table)
		for line := range strings.Lines(string(text)) {
			fields := strings.Fields(line)
			if len(fields) < 10 || fields[3] != listening {
				continue
			}
			_, hex, _ := strings.Cut(fields[1], ":")
			if p, err := strconv.ParseUint(hex, 16, 16); err == nil && int(p) == port {
				return fields[9]
			}
		}
	}
	return ""
}

// Processor returns the name of the machine's processor, "" if it is unknown.
func Processor() string {
	text, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(text)) {
		if name, value, _ := strings.Cut(line, ":"); strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// Kernel returns the version of the system, "" if it is unknown.
func Kernel() string {
	text, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	return strings.TrimSpace(string(text))
}
