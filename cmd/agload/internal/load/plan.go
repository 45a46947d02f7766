package load

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/socketcluster-go/socketcluster/cmd/agload/internal/wire"
)

// Mode is a kind of load.
type Mode string

// The modes. The rate modes publish at a given rate, whatever comes back; the
// others keep a window of requests under way.
const (
	Idle       Mode = "idle"
	Fanout     Mode = "fanout"
	FanoutRate Mode = "fanout-rate"
	PubSub     Mode = "pubsub"
	PubSubRate Mode = "pubsub-rate"
	RPC        Mode = "rpc"
)

// Modes are all modes.
var Modes = []Mode{Idle, Fanout, FanoutRate, PubSub, PubSubRate, RPC}

func (m Mode) isPaced() bool  { return m == FanoutRate || m == PubSubRate }
func (m Mode) isFanout() bool { return m == Fanout || m == FanoutRate }
func (m Mode) isPubSub() bool { return m == PubSub || m == PubSubRate }

// Plan says what a run does. Each field means the flag of the same name; there
// are no hidden defaults: what a mode uses has to be set.
type Plan struct {
	Mode     Mode
	URLs     []string // of the nodes of a cluster, or of the one server
	Protocol int      // 0: the server's own version
	Token    string   // auth token for the handshakes
	Insecure bool     // accept any certificate

	// PublishURLs are the nodes of the publishers; none: those of the subscribers.
	PublishURLs []string

	// Locality is the share of a channel's sockets that are on its home node. Less
	// than 0 is one of as many as there are nodes: chance.
	Locality float64

	Sockets    int // idle
	Channels   int // idle, pubsub
	Subs       int // fanout
	SubsPer    int // pubsub
	Publishers int // fanout, pubsub
	Callers    int // rpc
	Window     int
	Rate       float64
	NoAck      bool
	Payload    int
	Text       bool // payloads are strings
	Procedure  string
	Channel    string // prefix of channel names

	Loops      int
	Portable   bool
	Connecting int     // connections being opened at once
	Ramp       float64 // connections a second; 0: as fast as Connecting allows
	MaxSockets int

	Settle, Warm, Measure, Wait, MaxTime time.Duration

	// Drain is how long nothing may arrive, after the load, before what is
	// missing counts as lost.
	Drain time.Duration

	PIDs       []int // the server's processes; empty: who listens on the port
	EnginePIDs []int // of what joins the nodes
	Label      string
}

// sockets is how many connections the plan opens.
func (p *Plan) sockets() int {
	switch {
	case p.Mode == Idle:
		return p.Sockets
	case p.Mode.isFanout():
		return p.Subs + p.Publishers
	case p.Mode.isPubSub():
		return p.Channels*p.SubsPer + min(p.Publishers, p.Channels)
	}
	return p.Callers
}

// perPublication is how many deliveries a publication owes.
func (p *Plan) perPublication() uint64 {
	if p.Mode.isFanout() {
		return uint64(p.Subs)
	}
	return uint64(p.SubsPer)
}

// Check reports the first thing that is wrong with the plan, by its flag.
func (p *Plan) Check() error {
	if !slices.Contains(Modes, p.Mode) {
		return fmt.Errorf("%q is no mode", p.Mode)
	}
	if err := p.checkNodes(); err != nil {
		return err
	}
	if p.Protocol < 0 || p.Protocol > 2 {
		return fmt.Errorf("--protocol must be 1 or 2, not %d", p.Protocol)
	}
	if err := p.checkCounts(); err != nil {
		return err
	}
	if n := p.sockets(); n > p.MaxSockets {
		return fmt.Errorf("%d sockets are more than --max-sockets %d", n, p.MaxSockets)
	}
	for name, d := range map[string]time.Duration{
		"settle": p.Settle, "warm": p.Warm, "wait": p.Wait, "drain": p.Drain,
	} {
		if d < 0 {
			return fmt.Errorf("--%s must not be negative", name)
		}
	}
	if p.Mode != Idle && p.Measure <= 0 {
		return fmt.Errorf("--seconds must be more than 0")
	}
	if p.MaxTime <= 0 {
		return fmt.Errorf("--max-time must be more than 0")
	}
	return nil
}

// count is a number of the plan, with the flag it came from.
type count struct {
	flag       string
	value      int
	least, max int
}

// checkCounts looks at the numbers that the mode uses.
func (p *Plan) checkCounts() error {
	const many = 10_000_000
	counts := []count{
		{"loops", p.Loops, 1, 64}, {"connecting", p.Connecting, 1, 10_000}, {"payload", p.Payload, 0, 64 << 20},
	}
	switch {
	case p.Mode == Idle:
		counts = append(counts, count{"n", p.Sockets, 1, many}, count{"channels", p.Channels, 1, many})
	case p.Mode.isFanout():
		counts = append(counts, count{"subs", p.Subs, 1, many}, count{"pubs", p.Publishers, 1, wire.MaxPublisher})
	case p.Mode.isPubSub():
		counts = append(counts, count{"channels", p.Channels, 1, many}, count{"subs-per", p.SubsPer, 1, many},
			count{"pubs", p.Publishers, 1, wire.MaxPublisher})
	default:
		counts = append(counts, count{"conns", p.Callers, 1, wire.MaxPublisher})
		if p.Procedure == "" || strings.HasPrefix(p.Procedure, "#") {
			return fmt.Errorf("--event must be the name of a procedure, not %q", p.Procedure)
		}
	}
	if p.Mode != Idle && !p.Mode.isPaced() {
		counts = append(counts, count{"window", p.Window, 1, 100_000})
	}
	for _, c := range counts {
		if c.value < c.least || c.value > c.max {
			return fmt.Errorf("--%s must be from %d to %d, not %d", c.flag, c.least, c.max, c.value)
		}
	}
	if p.Mode.isPaced() && (p.Rate < 0.01 || p.Rate > 1e7) {
		return fmt.Errorf("--rate must be from 0.01 to 10,000,000 publications a second, not %v", p.Rate)
	}
	if p.Ramp < 0 {
		return fmt.Errorf("--ramp must not be negative")
	}
	return nil
}
