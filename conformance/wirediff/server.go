package main

import (
	"encoding/json"
	"io"
	"net/http"
	"time"

	"github.com/socketcluster-go/socketcluster/conformance/internal/app"
)

// A Server is a running conformance app.
type Server struct {
	*app.Process
	http *http.Client
}

// LogState is what the app answers to GET /log.
type LogState struct {
	Log     []json.RawMessage `json:"log"`
	Clients int               `json:"clients"`
	Pending int               `json:"pending"`
}

// start runs the program and waits until it listens. The caller has to Stop the
// server.
func start(p app.Program, options string) (*Server, error) {
	process, err := p.Start(options)
	if err != nil {
		return nil, err
	}
	return &Server{process, &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{}}}, nil
}

// Stop ends the program and waits for it.
func (s *Server) Stop() {
	s.http.CloseIdleConnections()
	s.Process.Stop()
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
