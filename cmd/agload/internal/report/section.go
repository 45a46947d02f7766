package report

// setting is a setting of a run that may be an axis, or tell curves apart.
type setting struct {
	name string // of the axis
	unit string // behind a number that tells curves apart; before it if it ends in a space
	of   func(*Run) float64
}

var (
	subs     = setting{"subscribers", " subscribers", func(r *Run) float64 { return fallback(r.Subs, r.Conns) }}
	window   = setting{"requests in flight, per publisher or caller", "window ", func(r *Run) float64 { return r.Window }}
	payload  = setting{"payload, bytes", " bytes", func(r *Run) float64 { return r.Payload }}
	channels = setting{"channels", " channels", func(r *Run) float64 { return r.Channels }}
	subsPer  = setting{"subscribers of a channel", " subscribers each", func(r *Run) float64 { return r.SubsPer }}
	pubs     = setting{"publishers", " publishers", func(r *Run) float64 { return r.Pubs }}
	conns    = setting{"sockets", " sockets", func(r *Run) float64 { return r.Conns }}
	nodes    = setting{"nodes", " nodes", func(r *Run) float64 { return float64(max(1, len(r.Nodes))) }}
	locality = setting{"locality", "locality ", func(r *Run) float64 { return r.Locality }}
	rate     = setting{"publications a second", "/s", func(r *Run) float64 { return r.Rate }}
)

func fallback(v, other float64) float64 {
	if v != 0 {
		return v
	}
	return other
}

// figure is a figure of a run.
type figure struct {
	name   string // in the table, and on the curve if the plot has several
	of     func(*Run) *float64
	format func(float64) string
}

var (
	perSecond   = figure{"per second", func(r *Run) *float64 { return r.PerSecond }, grouped}
	deliveryCPU = figure{"server CPU, µs", func(r *Run) *float64 { return r.DeliveryCPU }, short}
	rpcCPU      = figure{"server CPU, µs", func(r *Run) *float64 { return r.RPCCPU }, short}
	p50         = figure{"p50, µs", func(r *Run) *float64 { return r.P50 }, grouped}
	p99         = figure{"p99, µs", func(r *Run) *float64 { return r.P99 }, grouped}
	p999        = figure{"p99.9, µs", func(r *Run) *float64 { return r.P999 }, grouped}
	rssPerConn  = figure{"bytes a socket", func(r *Run) *float64 { return r.RSSPerConn }, grouped}
	connectCPU  = figure{"server CPU per 1,000 connects, ms", func(r *Run) *float64 { return scaled(r.ConnectCPU, 1000) }, short}
	connectRate = figure{"connects a second", func(r *Run) *float64 { return r.ConnectRate }, grouped}
)

func scaled(v *float64, by float64) *float64 {
	if v == nil {
		return nil
	}
	product := *v * by
	return &product
}

// drawing is one plot of a section.
type drawing struct {
	title   string // says what is good
	y       string // of the axis
	figures []figure
}

// section is a part of the page.
type section struct {
	id, title, text string
	modes           []string
	settings        []setting // in the order in which they are preferred as axis
	drawings        []drawing
	columns         []figure
}

var sections = []section{
	{
		id: "fanout", title: "Fan-out", modes: []string{"fanout"},
		text:     "One channel, many subscribers; each publisher keeps a window of publications under way, so the server is busy all the time.",
		settings: []setting{subs, window, payload, pubs, nodes, locality},
		drawings: []drawing{
			{"Server CPU for a delivery: lower is better", "µs a delivery", []figure{deliveryCPU}},
			{"Deliveries a second: higher is better", "deliveries/s", []figure{perSecond}},
		},
		columns: []figure{deliveryCPU, perSecond, p50, p99, p999},
	},
	{
		id: "rpc", title: "RPC", modes: []string{"rpc"},
		text:     "Callers keep a window of calls under way of a procedure that returns its data.",
		settings: []setting{window, conns, payload, nodes},
		drawings: []drawing{
			{"Server CPU for a call: lower is better", "µs a call", []figure{rpcCPU}},
			{"Calls a second: higher is better", "calls/s", []figure{perSecond}},
		},
		columns: []figure{rpcCPU, perSecond, p50, p99, p999},
	},
	{
		id: "idle", title: "Idle sockets", modes: []string{"idle"},
		text:     "Sockets that are subscribed to a channel and do nothing: memory of the server's processes after, minus before.",
		settings: []setting{conns, channels, nodes},
		drawings: []drawing{
			{"Memory of a socket: lower is better", "bytes a socket", []figure{rssPerConn}},
			{"Server CPU for 1,000 connects: lower is better", "ms per 1,000", []figure{connectCPU}},
		},
		columns: []figure{rssPerConn, connectCPU, connectRate},
	},
	{
		id: "fanout-rate", title: "Latency over rate, fan-out", modes: []string{"fanout-rate"},
		text:     "Publications at a given rate to one channel; the latency of each delivery, from writing the request to reading the delivery.",
		settings: []setting{rate, subs, payload, pubs, nodes, locality},
		drawings: []drawing{
			{"Latency of a delivery: lower is better", "latency, µs", []figure{p99, p50}},
			{"Server CPU for a delivery: lower is better", "µs a delivery", []figure{deliveryCPU}},
		},
		columns: []figure{p50, p99, p999, deliveryCPU, perSecond},
	},
	{
		id: "pubsub-rate", title: "Latency over rate, many channels", modes: []string{"pubsub-rate"},
		text:     "Publications at a given rate, spread over many channels with few subscribers each.",
		settings: []setting{rate, channels, subsPer, payload, pubs, nodes, locality},
		drawings: []drawing{
			{"Latency of a delivery: lower is better", "latency, µs", []figure{p99, p50}},
			{"Server CPU for a delivery: lower is better", "µs a delivery", []figure{deliveryCPU}},
		},
		columns: []figure{p50, p99, p999, deliveryCPU, perSecond},
	},
	{
		id: "pubsub", title: "Many channels", modes: []string{"pubsub"},
		text:     "Publishers with channels of their own, few subscribers each; each publisher keeps a window under way.",
		settings: []setting{channels, window, subsPer, payload, pubs, nodes, locality},
		drawings: []drawing{
			{"Server CPU for a delivery: lower is better", "µs a delivery", []figure{deliveryCPU}},
			{"Deliveries a second: higher is better", "deliveries/s", []figure{perSecond}},
		},
		columns: []figure{deliveryCPU, perSecond, p50, p99, p999},
	},
}
