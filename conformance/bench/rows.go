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

	// What the table of the project's goals says: of the reference, where it was
	// measured, and of this server. 0 means that it says nothing.
	reference, asked float64
}

// askedRatio is what ours may be, as a share of the reference's.
func (f figure) askedRatio() float64 {
	if f.reference == 0 {
		return 0
	}
	return f.asked / f.reference
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

func memory(reference, asked float64) figure {
	return figure{label: "memory a socket", field: "rss_per_conn", scale: 1e-3, unit: "KB", reference: reference, asked: asked}
}

func cpu(field, of string, reference, asked float64) figure {
	return figure{label: "CPU a " + of, field: field, scale: 1, unit: "µs", reference: reference, asked: asked}
}

func rate(reference, asked float64) figure {
	return figure{label: "rate", field: "per_s", scale: 1, unit: "/s", more: true, reference: reference, asked: asked}
}

func latency(label, field string, scale float64, unit string, reference, asked float64) figure {
	return figure{label: label, field: field, scale: scale, unit: unit, reference: reference, asked: asked}
}

func p99(reference, asked float64) figure {
	return latency("p99", "p99_us", 1e-3, "ms", reference, asked)
}

// rows are the table, in its order.
var rows = []row{
	{
		name: "idle10k", title: "10,000 idle, subscribed sockets", args: []string{"idle", "-n", "10000"},
		figures: []figure{
			memory(18.4, 0.7),
			{label: "CPU for 1,000 connects", field: "cpu_s_per_1000_connects", scale: 1e3, unit: "ms", reference: 337, asked: 40},
			{label: "connects", field: "connects_per_s", scale: 1, unit: "/s", more: true, reference: 3300, asked: 25000},
			{label: "CPU of all, idle", field: "idle_cpu_pct", scale: 1, unit: "%"},
		},
	},
	{
		name: "idle19k", title: "19,000 idle, subscribed sockets", args: []string{"idle", "-n", "19000"},
		alone: true, figures: []figure{memory(0, 0.5)},
	},
	{
		name: "idle-http", title: "10,000 idle, through net/http", args: []string{"idle", "-n", "10000"},
		door: "-http", alone: true, figures: []figure{memory(0, 1.2)},
	},
	{
		name: "idle-tls", title: "9,000 idle, over TLS", args: []string{"idle", "-n", "9000"},
		door: "-tls", alone: true, figures: []figure{memory(0, 13)},
	},
	{
		name: "fanout-w16", title: "fan-out to 1,000, 16 in flight", args: []string{"fanout", "-window", "16"},
		figures: []figure{cpu(fieldDelivery, "delivery", 13.9, 0.25), rate(84e3, 7e6), p99(218, 15)},
	},
	{
		name: "fanout-w1", title: "fan-out to 1,000, one in flight", args: []string{"fanout", "-window", "1"},
		figures: []figure{cpu(fieldDelivery, "delivery", 11.2, 0.5), rate(0, 0), p99(0, 0)},
	},
	{
		name: "fanout-rate50", title: "fan-out to 1,000, 50 a second", args: []string{"fanout-rate", "-rate", "50"},
		figures: []figure{cpu(fieldDelivery, "delivery", 13.9, 4.5), p99(12.6, 6)},
	},
	{
		name: "pubsub-w4", title: "1,000 channels of one, 100 publishers, 4 in flight", args: []string{"pubsub", "-window", "4"},
		figures: []figure{cpu(fieldDelivery, "delivery", 54.7, 5), rate(19700, 320e3), p99(0, 0)},
	},
	{
		name: "rpc-w8", title: "calls, 200 callers, 8 in flight", args: []string{"rpc", "-window", "8"},
		figures: []figure{cpu(fieldCall, "call", 19, 0.8), rate(61e3, 1.8e6), p99(39, 3)},
	},
	{
		name: "rpc-w1", title: "calls, 200 callers, one in flight", args: []string{"rpc", "-window", "1"},
		figures: []figure{cpu(fieldCall, "call", 27, 4.2), rate(0, 0), p99(0, 0)},
	},
	{
		name: "pubsub-rate5k", title: "5,000 messages a second over 1,000 channels", args: []string{"pubsub-rate", "-rate", "5000"},
		figures: []figure{
			cpu(fieldDelivery, "delivery", 0, 0),
			latency("p50", "p50_us", 1, "µs", 93, 65), latency("p99", "p99_us", 1, "µs", 3506, 250),
		},
	},
	{
		name: "sleep", title: "1,600 calls in flight that sleep 50 ms", args: []string{"rpc", "-window", "8", "-event", "sleep"},
		others: []string{"pubsub-rate", "-rate", "1000", "-channels", "100"}, door: "-plain",
		figures: []figure{rate(0, 31e3), latency("p99 of others", "others_p99_us", 1e-3, "ms", 0, 5)},
	},
	{
		name: "rpc-http", title: "calls through net/http, 8 in flight", args: []string{"rpc", "-window", "8"},
		door: "-http", alone: true, figures: []figure{cpu(fieldCall, "call", 0, 0), rate(0, 0), p99(0, 0)},
	},
	{
		name: "rpc-tls", title: "calls over TLS, 8 in flight", args: []string{"rpc", "-window", "8"},
		door: "-tls", alone: true, figures: []figure{cpu(fieldCall, "call", 0, 0), rate(0, 0), p99(0, 0)},
	},
	{
		name: "fanout-tls", title: "fan-out to 1,000 over TLS, 16 in flight", args: []string{"fanout", "-window", "16"},
		door: "-tls", alone: true, figures: []figure{cpu(fieldDelivery, "delivery", 0, 0), rate(0, 0), p99(0, 0)},
	},
}

// only returns the rows whose names match.
func only(names *regexp.Regexp) []row {
	return slices.DeleteFunc(slices.Clone(rows), func(r row) bool { return !names.MatchString(r.name) })
}
