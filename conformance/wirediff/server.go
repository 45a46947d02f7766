package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/socketcluster-go/socketcluster/channels/brokertest/freeport"
	"github.com/socketcluster-go/socketcluster/conformance/internal/program"
)

// startTimeout bounds the time from the start of a program to its first line.
const startTimeout = 30 * time.Second

// A Program is a command that is a conformance app: --port and --options are
// added to its arguments.
type Program struct {
	Args []string
	Env  []string
}

// A Server is a running conformance app.
type Server struct {
	Addr   string
	cmd    *exec.Cmd
	http   *http.Client
	output *program.Tail
	exited chan struct{}
}

// LogState is what the app answers to GET /log.
type LogState struct {
	Log     []json.RawMessage `json:"log"`
	Clients int               `json:"clients"`
	Pending int               `json:"pending"`
}

// startAttempts is how often a program is started anew if it does not come up:
// somebody else may have taken the port that was free.
const startAttempts = 3

// Start runs the program and waits until it listens. The caller has to Stop
// the server.
func (p Program) Start(options string) (s *Server, err error) {
	for range startAttempts {
		if s, err = p.start(options); err == nil {
			return s, nil
		}
	}
	return nil, err
}

func (p Program) start(options string) (*Server, error) {
	port, err := freeport.Find()
	if err != nil {
		return nil, err
	}
	args := append(p.Args[1:len(p.Args):len(p.Args)], "--port", fmt.Sprint(port), "--options", options)
	s := &Server{
		Addr:   fmt.Sprintf("127.0.0.1:%d", port),
		cmd:    exec.Command(p.Args[0], args...),
		http:   &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{}},
		output: new(program.Tail),
		exited: make(chan struct{}),
	}
	s.cmd.Env = append(os.Environ(), p.Env...)
	s.cmd.Stderr = s.output
	stdout, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	ready := make(chan bool, 1)
	go s.watch(stdout, ready)
	select {
	case ok := <-ready:
		if ok {
			return s, nil
		}
	case <-time.After(startTimeout):
	}
	s.Stop()
	return nil, fmt.Errorf("%s does not listen; it wrote: %s", strings.Join(p.Args, " "), s.output)
}

// watch waits for the line that says that the app listens, then for its end.
func (s *Server) watch(stdout io.Reader, ready chan<- bool) {
	lines := bufio.NewScanner(stdout)
	ready <- lines.Scan() && strings.HasPrefix(lines.Text(), "listening on ")
	for lines.Scan() {
	}
	s.cmd.Wait()
	close(s.exited)
}

// Stop ends the program and waits for it.
func (s *Server) Stop() {
	s.http.CloseIdleConnections()
	s.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-s.exited:
	case <-time.After(startTimeout):
		s.cmd.Process.Kill()
		<-s.exited
	}
}

// Ended says whether the program has ended by itself.
func (s *Server) Ended() bool {
	select {
	case <-s.exited:
		return true
	default:
		return false
	}
}

// Log fetches the app's event log.
func (s *Server) Log() (LogState, error) {
	var state LogState
	_, body, err := s.get("/log")
	if err == nil {
		err = json.Unmarshal(body, &state)
	}
	return state, err
}

// Reset empties the app's event log.
func (s *Server) Reset() error {
	_, _, err := s.get("/reset")
	return err
}

func (s *Server) get(path string) (status string, body []byte, err error) {
	response, err := s.http.Get("http://" + s.Addr + path)
	if err != nil {
		return "", nil, err
	}
	defer response.Body.Close()
	body, err = io.ReadAll(response.Body)
	return response.Status, body, err
}
