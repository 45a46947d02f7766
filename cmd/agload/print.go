package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/socketcluster-go/socketcluster/cmd/agload/internal/load"
)

// printResult writes a result for people.
func printResult(w io.Writer, r *load.Result) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(name, format string, values ...any) {
		fmt.Fprintf(table, "%s\t%s\n", name, fmt.Sprintf(format, values...))
	}
	title := string(r.Mode)
	if r.Label != "" {
		title += " (" + r.Label + ")"
	}
	row(title, "%s", r.URL)
	if r.Server != nil {
		row("server", "process %d: %s", r.Server.PID, r.Server.Command)
	} else {
		row("server", "its process cannot be seen from here: no figures of its CPU and memory")
	}
	for _, n := range r.Nodes {
		printNode(row, n)
	}
	connected := fmt.Sprintf("%s sockets, %s a second", grouped(float64(r.Sockets)), grouped(r.ConnectsPerSecond))
	if r.ConnectCPU != nil {
		connected += fmt.Sprintf(", %.1f ms of server CPU per 1,000", *r.ConnectCPU*1000)
	}
	row("connected", "%s", connected)
	if r.IdleResult != nil {
		printIdle(row, r.IdleResult)
	}
	if r.LoadResult != nil {
		printLoad(row, r)
	}
	if r.Interrupted || r.TimeUp {
		row("ended", "early")
	}
	return table.Flush()
}

func printNode(row func(name, format string, values ...any), n load.Node) {
	text := grouped(float64(n.Sockets)) + " sockets"
	if n.Cores != nil {
		text += fmt.Sprintf(", %.2f cores", *n.Cores)
	}
	if n.CPU != nil {
		text += fmt.Sprintf(", %.3g µs a publication", *n.CPU)
	}
	if n.RSSEnd != nil {
		text += fmt.Sprintf(", %.1f MB", *n.RSSEnd)
	}
	row("  node", "%s: %s", n.URL, text)
}

func printIdle(row func(name, format string, values ...any), r *load.IdleResult) {
	if r.RSSPerConn == nil {
		return
	}
	row("memory", "%s bytes a socket (%.1f MB before, %.1f MB after)", grouped(*r.RSSPerConn), *r.RSSBefore, *r.RSSAfter)
	row("idle CPU", "%.2f %% of a core", *r.IdleCPU)
}

func printLoad(row func(name, format string, values ...any), res *load.Result) {
	r := res.LoadResult
	unit, server, client := "deliveries", r.DeliveryCPU, r.ClientDeliveryCPU
	if res.Mode == load.RPC {
		unit, server, client = "calls", r.RPCCPU, r.ClientRPCCPU
	}
	rate := fmt.Sprintf("%s %s a second", grouped(r.PerSecond), unit)
	if r.Publishes != nil {
		rate += fmt.Sprintf(" of %s publications", grouped(*r.Publishes))
	}
	row("rate", "%s, %d bytes each, for %.1f s", rate, r.Payload, r.Seconds)
	row("latency", "p50 %s, p90 %s, p99 %s, p99.9 %s, max %s", µs(r.P50), µs(r.P90), µs(r.P99), µs(r.P999), µs(r.Max))
	if server != nil {
		row("server CPU", "%.3g µs each, %.0f %% of it in the system; %.2f cores; %.1f MB",
			*server, *r.ServerSystem, *r.ServerCores, *r.RSSEnd)
	}
	row("agload CPU", "%.3g µs each; %.2f cores; %.0f %% of the machine was idle", *client, r.ClientCores, r.MachineIdle)
	if r.EngineCores != nil {
		row("engine", "%.3g µs a publication, %.2f cores, %.1f MB; reads %.0f and writes %.0f bytes a publication",
			*r.EngineCPU, *r.EngineCores, *r.EngineRSS, *r.EngineRead, *r.EngineWritten)
	}
	checks := []string{
		fmt.Sprintf("%d lost", r.Lost), fmt.Sprintf("%d out of order", r.OutOfOrder), fmt.Sprintf("%d duplicates", r.Duplicates),
		fmt.Sprintf("%d malformed", r.Bad), fmt.Sprintf("%d errors", r.Errors),
	}
	if r.AcksMissing != nil {
		checks = append(checks, fmt.Sprintf("%d acknowledgements missing", *r.AcksMissing))
	}
	row("checks", "%s", strings.Join(checks, ", "))
}

// µs gives microseconds a unit that is easy to read.
func µs(v float64) string {
	switch {
	case v >= 1e6:
		return strconv.FormatFloat(v/1e6, 'g', 3, 64) + " s"
	case v >= 1e3:
		return strconv.FormatFloat(v/1e3, 'g', 3, 64) + " ms"
	}
	return strconv.FormatFloat(v, 'f', 0, 64) + " µs"
}

// grouped writes a number with commas between thousands.
func grouped(v float64) string {
	text := strconv.FormatFloat(v, 'f', 0, 64)
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
