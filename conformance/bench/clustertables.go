package main

import (
	"strconv"
)

// Figures of clusters.
var (
	nodesCPU      = figure{label: "CPU of the nodes", field: fieldDelivery, scale: 1, unit: "µs"}
	engineCPU     = figure{label: "of the engine", field: fieldEngine, scale: 1, unit: "µs"}
	publisherCPU  = figure{label: "publishing node", field: fieldPublisher, scale: 1, unit: "µs"}
	subscriberCPU = figure{label: "delivering node", field: fieldSubscriber, scale: 1, unit: "µs"}
	bytesIn       = figure{label: "bytes to it", field: "engine_read_bytes_per_publication", scale: 1, unit: "B"}
	bytesOut      = figure{label: "from it", field: "engine_written_bytes_per_publication", scale: 1, unit: "B"}
	medianTime    = latency("p50", "p50_us", 1e-3, "ms")
	nodeMemory    = figure{label: "memory of the nodes", field: "rss_per_conn", scale: 1, unit: "B"}
	engineMemory  = figure{label: "of the engine", field: "engine_rss_per_conn", scale: 1, unit: "B"}
)

// clusterName is the name of a measurement of a cluster: see clusterLoad.at.
func clusterName(joiner string, nodes int, load string) string {
	return "cluster/" + joiner + "/" + strconv.Itoa(nodes) + "/" + load
}

// clusterTable is how a cluster grows: many channels of one subscriber, and one
// of many.
func clusterTable(results []result) table {
	m := group(results)
	t := table{{
		"joined by", "nodes", "messages", "CPU of the nodes", "of the engine", "at 3,000/s: CPU of the nodes", "p50", "p99",
		"deliveries", "CPU of the nodes", "at 50/s: p50", "p99",
	}}
	columns := []struct {
		load string
		f    figure
	}{
		{"narrow", rate()}, {"narrow", nodesCPU}, {"narrow", engineCPU}, {"narrow-rate", nodesCPU}, {"narrow-rate", medianTime}, {"narrow-rate", p99()},
		{"wide", rate()}, {"wide", nodesCPU}, {"wide-rate", medianTime}, {"wide-rate", p99()},
	}
	for _, j := range joiners {
		title := j.title
		for n := 1; n <= maxClusterNodes; n++ {
			line, isKnown := []string{title, strconv.Itoa(n)}, false
			for _, c := range columns {
				cell := m.cell(clusterName(j.name, n, c.load), oursName, c.f)
				isKnown = isKnown || cell != ""
				line = append(line, cell)
			}
			if isKnown {
				t = append(t, line)
				title = ""
			}
		}
	}
	return t
}

// localityTable is what it is worth that a channel's sockets are on one node.
func localityTable(results []result) table {
	m := group(results)
	t := table{{"joined by", "a channel's sockets", "messages", "CPU of the nodes", "of the engine", "p50", "p99"}}
	for _, j := range joiners {
		for _, where := range []struct{ title, load string }{{"on any node", "narrow"}, {"on one node", "home"}} {
			line := []string{j.title, where.title}
			for _, f := range []figure{rate(), nodesCPU, engineCPU} {
				line = append(line, m.cell(clusterName(j.name, maxClusterNodes, where.load), oursName, f))
			}
			for _, f := range []figure{medianTime, p99()} {
				line = append(line, m.cell(clusterName(j.name, maxClusterNodes, where.load+"-rate"), oursName, f))
			}
			if line[2] != "" && m[clusterName(j.name, maxClusterNodes, "home")] != nil {
				t = append(t, line)
			}
		}
	}
	return t
}

// clusterCosts is what a message and a channel cost, piece by piece.
func clusterCosts(results []result) table {
	t := table{{
		"joined by", "", "a: publishing node", "b: delivering node", "d: delivery", "e₁: engine, for one node", "e₂: for two nodes",
		"bytes to the engine", "w: from it, a node", "m: memory of a channel, nodes", "h: engine",
	}}
	for _, j := range joiners {
		c, ok := costsOf(results, j)
		if !ok {
			continue
		}
		t = append(t, []string{
			j.title, "", µsOf(c.publish), µsOf(c.arrive), µsOf(c.deliver), µsOf(c.engine1), µsOf(c.engine2),
			bytesOf(c.bytesIn), bytesOf(c.bytesOut), bytesOf(c.channelNodes), bytesOf(c.channelEngine),
		})
	}
	return t
}

// atLeast writes a number that may be too small to matter, or not known (0).
func atLeast(v float64, unit string) string {
	if v == 0 {
		return ""
	}
	if v < 0.01 {
		return "< 0.01" + unit
	}
	return number(v) + unit
}

func µsOf(v float64) string    { return known(v, " µs") }
func bytesOf(v float64) string { return known(v, " B") }

// known writes a number; what is 0 does not exist, or is not to be seen.
func known(v float64, unit string) string {
	if v == 0 {
		return ""
	}
	return number(v) + unit
}
