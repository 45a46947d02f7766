package main

import (
	"context"
	"runtime"
	"slices"
	"strconv"
)

// A curve is a cost over something that grows.
type curve struct {
	name, title string
	axis        string
	points      []point
	figures     []figure
}

// A point of a curve is loaded by the load generator, or by a crowd.
type point struct {
	at    int
	args  []string
	crowd *crowd
	env   []string // of the server
}

func (c curve) at(p point) string { return c.name + "/" + strconv.Itoa(p.at) }

var perDelivery = []figure{cpu(fieldDelivery, "delivery"), rate(), p99()}

// curves are what growth measures.
func curves() []curve {
	return []curve{
		idleSockets(), fanOutSockets(), channelCount(), subscriptionCount(), payloadSize(),
		cores("cores-calls", "calls, 200 callers, 8 in flight", []string{"rpc", "-window", "8"},
			[]figure{cpu(fieldCall, "call"), rate(), p99()}),
		cores("cores-fanout", "fan-out to 1,000, 16 in flight", []string{"fanout", "-window", "16"}, perDelivery),
	}
}

func idleSockets() curve {
	c := curve{
		name: "idle", title: "idle, subscribed sockets", axis: "sockets",
		figures: []figure{
			memory(),
			{label: "CPU for 1,000 connects", field: "cpu_s_per_1000_connects", scale: 1e3, unit: "ms"},
			{label: "CPU of all, idle", field: "idle_cpu_pct", scale: 1, unit: "%"},
		},
	}
	for _, n := range []int{1000, 5000, 10000, 19000} {
		c.points = append(c.points, point{at: n, args: []string{"idle", "-n", strconv.Itoa(n)}})
	}
	return c
}

func fanOutSockets() curve {
	c := curve{
		name: "subscribers", title: "fan-out, one publication in flight", axis: "subscribers", figures: perDelivery,
	}
	for _, n := range []int{1, 10, 100, 1000, 10000, 19000} {
		c.points = append(c.points, point{at: n, args: []string{"fanout", "-window", "1", "-subs", strconv.Itoa(n)}})
	}
	return c
}

// perSubscription are the figures of a crowd.
var perSubscription = []figure{
	cpu(fieldDelivery, "delivery"), rate(),
	{label: "memory a subscription", field: "bytes_per_subscription", scale: 1, unit: "B"},
	{label: "CPU a subscription", field: "cpu_us_per_subscription", scale: 1, unit: "µs"},
}

func channelCount() curve {
	c := curve{
		name: "channels", title: "channels with one subscriber each, on up to 1,000 sockets; 50 publishers, 4 in flight",
		axis: "channels", figures: perSubscription,
	}
	for _, n := range []int{1, 10, 100, 1000, 10_000, 100_000, 1_000_000} {
		sockets := min(n, 1000)
		c.points = append(c.points, point{at: n, crowd: &crowd{
			sockets: sockets, channels: n / sockets, publishers: 50, window: 4, payload: 128,
		}})
	}
	return c
}

func subscriptionCount() curve {
	c := curve{
		name: "subscriptions", title: "subscriptions of each of 100 sockets; 50 publishers, 4 in flight",
		axis: "subscriptions", figures: perSubscription,
	}
	for _, n := range []int{1, 10, 100, 1000} {
		c.points = append(c.points, point{at: n, crowd: &crowd{
			sockets: 100, channels: n, publishers: 50, window: 4, payload: 128,
		}})
	}
	return c
}

func payloadSize() curve {
	c := curve{
		name: "payload", title: "fan-out to 100 by size of the message, one in flight", axis: "bytes",
		figures: []figure{
			cpu(fieldDelivery, "delivery"), rate(),
			{label: "CPU for a KB", field: "cpu_us_per_kb", scale: 1, unit: "µs"},
		},
	}
	for _, n := range []int{16, 128, 1 << 10, 4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20} {
		c.points = append(c.points, point{at: n, crowd: &crowd{
			sockets: 100, channels: 1, shared: true, publishers: 1, window: 1, payload: n,
		}})
	}
	return c
}

// cores has the server use 1 … all cores; the load generator uses them too.
func cores(name, title string, args []string, figures []figure) curve {
	c := curve{name: name, title: title + ", by cores (GOMAXPROCS)", axis: "cores", figures: figures}
	for n := 1; n <= runtime.NumCPU(); n *= 2 {
		c.points = append(c.points, point{at: n, args: args, env: []string{"GOMAXPROCS=" + strconv.Itoa(n)}})
	}
	return c
}

// growth measures the curves, a round of all after the other.
func (c *config) growth(ctx context.Context, p *programs, s *session) error {
	servers := append([]server{p.ours}, p.peers...)
	for round := range c.rounds {
		for _, curve := range curves() {
			for _, pt := range curve.points {
				if !c.names.MatchString(curve.at(pt)) {
					continue
				}
				for _, on := range servers {
					on.env = append(slices.Clone(on.env), pt.env...)
					if err := s.measure(ctx, task{name: curve.at(pt), server: on, round: round, do: s.doing(pt)}); err != nil {
						return err
					}
				}
			}
		}
	}
	return nil
}

// doing is the load of a point.
func (s *session) doing(pt point) func(context.Context, *process) (result, error) {
	return func(ctx context.Context, p *process) (result, error) {
		if pt.crowd != nil {
			return pt.crowd.run(ctx, p, s.pace)
		}
		return s.load(ctx, p.flags(), pt.args)
	}
}

// table is the curve, a line for each point; with peers, for each of them too.
func (c curve) table(results []result) table {
	m := group(results)
	peers := m.peers()
	head := []string{c.axis, "server"}
	for _, f := range c.figures {
		head = append(head, f.label)
	}
	t := table{head}
	for _, pt := range c.points {
		for _, server := range append([]string{oursName}, peers...) {
			if m[c.at(pt)][server] == nil {
				continue
			}
			line := []string{thousands(strconv.Itoa(pt.at)), server}
			for _, f := range c.figures {
				line = append(line, m.cell(c.at(pt), server, f))
			}
			t = append(t, line)
		}
	}
	return t
}
