package soak

import (
	"fmt"
	"net/url"
	"strings"
	"time"
)

// Plan says what a soak does. Every field has to be set, but for those that say
// otherwise.
type Plan struct {
	Clients    int
	Publishers int // of the clients
	Channels   int
	Rate       float64 // publications a second, of all publishers together
	Payload    int     // bytes
	For        time.Duration
	Round      time.Duration // weather and calm
	Seed       uint64
	NoRestarts bool
	Portable   bool // the server in this process uses its portable engine

	// Command starts a server on the port that takes the place of {port} in its
	// words; URL is that of a server that runs already, which is not restarted.
	// With neither, the server runs in this process.
	Command []string

	// Nodes is how many such servers are a cluster; 0 means 1. More need a Command.
	Nodes int
	// Engine, if not nil, starts what joins them, on the port that takes the place
	// of {port} in its words; {engine} in those of Command is the address at which
	// a node reaches it. Without one the nodes reach each other: {cluster} is the
	// port of a node for that, {peers} the addresses of the others, {advertise} the
	// address at which they reach it.
	Engine []string

	URL string
	PID int // of the server at URL; 0: unknown

	// Patience is how long what has to happen may take: an answer, a return, an
	// arrival. It is what an overloaded machine needs, not what a server should.
	Patience time.Duration

	// Log, if not nil, is told of each fault and each violation, by one line.
	// It is called by several goroutines at once.
	Log func(line string)
	// Progress, if not nil, is told how it goes.
	Progress func(line string)
}

func (p *Plan) nodes() int { return max(1, p.Nodes) }

// checkWords reports what is missing in the commands of a cluster: nodes that do
// not find each other would show in the first calm only.
func (p *Plan) checkWords() error {
	has := func(words []string, name string) bool { return strings.Contains(strings.Join(words, " "), name) }
	switch {
	case len(p.Engine) > 0 && !has(p.Engine, "{port}"):
		return fmt.Errorf("--engine has no {port}")
	case len(p.Engine) > 0 && !has(p.Command, "{engine}"):
		return fmt.Errorf("--command has no {engine}, the address of what --engine starts")
	case len(p.Engine) == 0 && p.nodes() > 1 && !(has(p.Command, "{cluster}") && has(p.Command, "{peers}") && has(p.Command, "{advertise}")):
		return fmt.Errorf("--command has no {cluster}, {peers} and {advertise}, and there is no --engine: its nodes are no cluster")
	}
	return nil
}

// Check reports the first thing that is wrong with the plan, by its flag.
func (p *Plan) Check() error {
	for _, n := range []struct {
		flag              string
		value, least, max int
	}{
		{"clients", p.Clients, 2, 15_000}, {"pubs", p.Publishers, 1, p.Clients - 1},
		{"nodes", p.nodes(), 1, 20}, {"channels", p.Channels, 1, 100_000}, {"payload", p.Payload, 0, 1 << 20},
	} {
		if n.value < n.least || n.value > n.max {
			return fmt.Errorf("--%s must be from %d to %d, not %d", n.flag, n.least, n.max, n.value)
		}
	}
	switch {
	case p.Rate <= 0 || p.Rate > 1e6:
		return fmt.Errorf("--rate must be more than 0 and at most 1,000,000, not %v", p.Rate)
	case p.For <= 0 || p.For > 7*24*time.Hour:
		return fmt.Errorf("--for must be more than 0 and at most a week, not %v", p.For)
	case p.Round < time.Second:
		return fmt.Errorf("--round must be a second at least, not %v", p.Round)
	case p.Patience < time.Second:
		return fmt.Errorf("--patience must be a second at least, not %v", p.Patience)
	case p.URL != "" && len(p.Command) > 0:
		return fmt.Errorf("--url and --command are one too many")
	case len(p.Command) == 0 && (p.nodes() > 1 || len(p.Engine) > 0):
		return fmt.Errorf("--nodes and --engine need a --command")
	}
	if err := p.checkWords(); err != nil {
		return err
	}
	if u, err := url.Parse(p.URL); p.URL != "" && (err != nil || u.Scheme != "ws" || u.Port() == "") {
		return fmt.Errorf("--url must be such as ws://127.0.0.1:8000/socketcluster/, not %q", p.URL)
	}
	return nil
}
