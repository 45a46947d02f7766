package main

import (
	"regexp"
	"slices"
)

// A figure is one number of a measurement.
type figure struct {
	label string
	field string  // in a result
	scale float64 // from the result to the unit shown
	unit  string
	more  bool // more is better

	goal
}

// A goal is what the table of the project's goals says about a figure, where it
// was measured: of the reference, of the bare loop, and of this server. 0 means
// that it says nothing.
type goal struct {
	reference, loop, asked float64
}

// A row is a load and what is read off it.
type row struct {
	name    string
	title   string
	args    []string // of the load generator
	others  []string // of a second one, at work meanwhile; its fields begin with "others_"
	door    string   // ours is "bench serve" with this flag rather than cmd/agserver
	alone   bool     // the reference does not take part
	figures []figure
}

const (
	fieldDelivery = "cpu_us_per_delivery"
	fieldCall     = "cpu_us_per_rpc"
)

func memory() figure {
	return figure{label: "memory a socket", field: "rss_per_conn", scale: 1e-3, unit: "KB"}
}

func cpu(field, of string) figure {
	return figure{label: "CPU a " + of, field: field, scale: 1, unit: "µs"}
}

func rate() figure {
	return figure{label: "rate", field: "per_s", scale: 1, unit: "/s", more: true}
}

func latency(label, field string, scale float64, unit string) figure {
	return figure{label: label, field: field, scale: scale, unit: unit}
}

func p99() figure { return latency("p99", "p99_us", 1e-3, "ms") }

// aim is the figure with what is asked of it.
func (f figure) aim(g goal) figure {
	f.goal = g
	return f
}

// rows are the table, in its order.
var rows = []row{
	{
		name: "idle10k", title: "10,000 idle, subscribed sockets", args: []string{"idle", "-n", "10000"},
		figures: []figure{
			memory().aim(goal{reference: 18.4, asked: 0.7}),
			{
				label: "CPU for 1,000 connects", field: "cpu_s_per_1000_connects", scale: 1e3, unit: "ms",
				goal: goal{reference: 337, loop: 21, asked: 40},
			},
			{
				label: "connects", field: "connects_per_s", scale: 1, unit: "/s", more: true,
				goal: goal{reference: 3300, asked: 25000},
			},
			{label: "CPU of all, idle", field: "idle_cpu_pct", scale: 1, unit: "%"},
		},
	},
	{
		name: "idle19k", title: "19,000 idle, subscribed sockets", args: []string{"idle", "-n", "19000"},
		alone: true, figures: []figure{memory().aim(goal{asked: 0.5})},
	},
	{
		name: "idle-http", title: "10,000 idle, through net/http", args: []string{"idle", "-n", "10000"},
		door: "-http", alone: true, figures: []figure{memory().aim(goal{asked: 1.2})},
	},
	{
		name: "idle-tls", title: "9,000 idle, over TLS", args: []string{"idle", "-n", "9000"},
		door: "-tls", alone: true, figures: []figure{memory().aim(goal{asked: 13})},
	},
	{
		name: "fanout-w16", title: "fan-out to 1,000, 16 in flight", args: []string{"fanout", "-window", "16"},
		figures: []figure{
			cpu(fieldDelivery, "delivery").aim(goal{reference: 13.9, asked: 0.25}),
			rate().aim(goal{reference: 84e3, asked: 7e6}),
			p99().aim(goal{reference: 218, asked: 15}),
		},
	},
	{
		name: "fanout-w1", title: "fan-out to 1,000, one in flight", args: []string{"fanout", "-window", "1"},
		figures: []figure{cpu(fieldDelivery, "delivery").aim(goal{reference: 11.2, asked: 0.5}), rate(), p99()},
	},
	{
		name: "fanout-rate50", title: "fan-out to 1,000, 50 a second", args: []string{"fanout-rate", "-rate", "50"},
		figures: []figure{
			cpu(fieldDelivery, "delivery").aim(goal{reference: 13.9, loop: 5.6, asked: 4.5}),
			p99().aim(goal{reference: 12.6, loop: 5.2, asked: 6}),
		},
	},
	{
		name: "pubsub-w4", title: "1,000 channels of one, 100 publishers, 4 in flight", args: []string{"pubsub", "-window", "4"},
		figures: []figure{
			cpu(fieldDelivery, "delivery").aim(goal{reference: 54.7, loop: 7, asked: 5}),
			rate().aim(goal{reference: 19700, loop: 143e3, asked: 320e3}),
			p99(),
		},
	},
	{
		name: "rpc-w8", title: "calls, 200 callers, 8 in flight", args: []string{"rpc", "-window", "8"},
		figures: []figure{
			cpu(fieldCall, "call").aim(goal{reference: 19, loop: 0.6, asked: 0.8}),
			rate().aim(goal{reference: 61e3, loop: 1.712e6, asked: 1.8e6}),
			p99().aim(goal{reference: 39, loop: 1.7, asked: 3}),
		},
	},
	{
		name: "rpc-w1", title: "calls, 200 callers, one in flight", args: []string{"rpc", "-window", "1"},
		figures: []figure{cpu(fieldCall, "call").aim(goal{reference: 27, loop: 4.2, asked: 4.2}), rate(), p99()},
	},
	{
		name: "pubsub-rate5k", title: "5,000 messages a second over 1,000 channels", args: []string{"pubsub-rate", "-rate", "5000"},
		figures: []figure{
			cpu(fieldDelivery, "delivery"),
			latency("p50", "p50_us", 1, "µs").aim(goal{reference: 93, loop: 50, asked: 65}),
			latency("p99", "p99_us", 1, "µs").aim(goal{reference: 3506, loop: 197, asked: 250}),
		},
	},
	{
		name: "sleep", title: "1,600 calls in flight that sleep 50 ms", args: []string{"rpc", "-window", "8", "-event", "sleep"},
		others: []string{"pubsub-rate", "-rate", "1000", "-channels", "100"}, door: "-plain",
		figures: []figure{rate().aim(goal{asked: 31e3}), latency("p99 of others", "others_p99_us", 1e-3, "ms").aim(goal{asked: 5})},
	},
	{
		name: "rpc-http", title: "calls through net/http, 8 in flight", args: []string{"rpc", "-window", "8"},
		door: "-http", alone: true, figures: []figure{cpu(fieldCall, "call"), rate(), p99()},
	},
	{
		name: "rpc-tls", title: "calls over TLS, 8 in flight", args: []string{"rpc", "-window", "8"},
		door: "-tls", alone: true, figures: []figure{cpu(fieldCall, "call"), rate(), p99()},
	},
	{
		name: "fanout-tls", title: "fan-out to 1,000 over TLS, 16 in flight", args: []string{"fanout", "-window", "16"},
		door: "-tls", alone: true, figures: []figure{cpu(fieldDelivery, "delivery"), rate(), p99()},
	},
}

// hasLoop reports whether the goals say what the bare loop needs for the row.
func (r row) hasLoop() bool {
	return slices.ContainsFunc(r.figures, func(f figure) bool { return f.loop > 0 })
}

// only returns the rows whose names match.
func only(names *regexp.Regexp) []row {
	return slices.DeleteFunc(slices.Clone(rows), func(r row) bool { return !names.MatchString(r.name) })
}
