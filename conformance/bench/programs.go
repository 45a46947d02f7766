package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"

	"github.com/socketcluster-go/socketcluster/conformance/npm"
	"github.com/socketcluster-go/socketcluster/conformance/program"
)

// programs are what takes part.
type programs struct {
	reference server
	ours      server
	loop      server // the bare loop
	root      string // of the repository
	temp      string
	self      string // this program
	peers     []server
	loader    loader
}

// prepare builds what is to be built, into temp.
func (c *config) prepare(ctx context.Context, temp string) (*programs, error) {
	root, err := program.Root()
	if err != nil {
		return nil, err
	}
	p := programs{root: root, temp: temp}
	if p.self, err = os.Executable(); err != nil {
		return nil, err
	}
	p.loader = loader{path: c.loader, extra: strings.Fields(c.loaderArgs)}
	if c.loader == "" {
		if p.loader.path, err = p.build(ctx, "agload", "./cmd/agload"); err != nil {
			return nil, err
		}
	}
	ours := strings.Fields(c.ours)
	if c.ours == "" {
		path, err := p.build(ctx, "agserver", "./cmd/agserver")
		if err != nil {
			return nil, err
		}
		ours = []string{path, "-host", "127.0.0.1", "-log-level", "1", "-port"}
	}
	p.ours = server{name: oursName, command: ours, scheme: "ws"}
	p.reference = server{name: referenceName, scheme: "ws",
		command: []string{"node", filepath.Join(root, "conformance", "reference", "load.js"), "--port"}}
	p.loop = server{name: loopName, command: []string{p.self, "loop"}, scheme: "ws"}
	for name, command := range c.peers {
		p.peers = append(p.peers, server{name: name, command: strings.Fields(command), scheme: "ws"})
	}
	return &p, nil
}

// build builds a program by its import path.
func (p *programs) build(ctx context.Context, name, path string) (string, error) {
	out := filepath.Join(p.temp, name)
	return out, program.Build(ctx, out, path)
}

// install makes sure that the reference's packages are there.
func (p *programs) install(ctx context.Context) error {
	return npm.Ensure(ctx, filepath.Dir(p.reference.command[1]))
}

// door is ours behind a door of its own.
func (p *programs) door(flag string) server {
	s := server{name: oursName, command: []string{p.self, "serve", flag}, scheme: "ws"}
	if flag == "-tls" {
		s.scheme = "wss"
	}
	return s
}

// for returns the servers that take part in a row.
func (p *programs) of(r row) []server {
	ours := p.ours
	if r.door != "" {
		ours = p.door(r.door)
	}
	if r.alone {
		return []server{ours}
	}
	all := []server{p.reference, ours}
	if hasLoop && r.hasLoop() {
		all = append(all, p.loop)
	}
	return append(all, p.peers...)
}
