package main

import (
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
)

// The benchmarks of what features cost stand in agserver; here they are run, in
// rounds as everything else, and put into tables.

var (
	costCPU    = figure{label: "CPU", field: "cpu-ns/op", scale: 1e-3, unit: "µs"}
	costAllocs = figure{label: "allocations", field: "allocs/op", scale: 1}
	costIdle   = figure{label: "bytes", field: "B/socket", scale: 1, unit: "B"}
)

// features runs the benchmarks whose names match.
func (c *config) features(ctx context.Context, p *programs, s *session) error {
	length := "500ms"
	if c.quick {
		length = "100ms"
	}
	for round := range c.rounds {
		text, err := p.benchmarks(ctx, "^BenchmarkCost_.*"+strings.TrimPrefix(c.names.String(), "^"), length)
		if err != nil {
			return err
		}
		for _, r := range parseBenchmarks(text) {
			if err := s.keep(r, task{name: r["name"].(string), server: p.ours, round: round}, nil); err != nil {
				return err
			}
		}
	}
	return nil
}

// benchmarks runs benchmarks of agserver and returns what they print.
func (p *programs) benchmarks(ctx context.Context, names, length string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", names, "-benchtime", length, "./agserver")
	cmd.Dir = p.root
	text, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args, " "), err, text)
	}
	return string(text), nil
}

// benchmarkName takes the prefix and the number of cores from a benchmark's name.
var benchmarkName = regexp.MustCompile(`^BenchmarkCost_(\S+?)(-\d+)?$`)

// parseBenchmarks reads what benchmarks print: a name, a count, and numbers with
// their units.
func parseBenchmarks(text string) []result {
	var all []result
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		if len(words) < 4 || !benchmarkName.MatchString(words[0]) {
			continue
		}
		r := result{"name": "cost/" + benchmarkName.FindStringSubmatch(words[0])[1]}
		for i := 2; i+1 < len(words); i += 2 {
			if n, err := strconv.ParseFloat(words[i], 64); err == nil {
				r[words[i+1]] = n
			}
		}
		all = append(all, r)
	}
	return all
}

// A variant is a line of a table of features: a name in the benchmarks, and what
// it is to a reader.
type variant struct{ name, title string }

// inTheWay are the features that may stand in the way of a message.
var inTheWay = []variant{
	{"Plain", "nothing"},
	{"Token", "an auth token, whose expiry is looked at"},
	{"DeflateNotOffered", "compression that the client does not offer"},
	{"InboundFunc", "inbound middleware, a function"},
	{"InboundStream", "inbound middleware, a stream"},
	{"RawFunc", "raw middleware, a function"},
	{"RawStream", "raw middleware, a stream"},
	{"OutboundFunc", "outbound middleware, a function"},
	{"OutboundStream", "outbound middleware, a stream"},
	{"EventsAll", "a listener on `Events().All`"},
	{"EventsEach", "a listener on each event of the server"},
	{"SocketMessages", "a listener on each socket's messages"},
	{"SocketEach", "a listener on each event of each socket"},
	{"ExchangeListener", "the exchange listens to the channel"},
}

// ofSockets are the features that a socket may have.
var ofSockets = []variant{
	{"Plain", "nothing"},
	{"Token", "an auth token"},
	{"Deflate", "`permessage-deflate`"},
	{"HandshakeFunc", "handshake middleware, a function"},
	{"HandshakeStream", "handshake middleware, a stream"},
	{"InboundFunc", "inbound middleware, a function"},
	{"InboundStream", "inbound middleware, a stream"},
	{"RawFunc", "raw middleware, a function"},
	{"OutboundFunc", "outbound middleware, a function"},
	{"EventsAll", "a listener on `Events().All`"},
	{"EventsEach", "a listener on each event of the server"},
	{"ProcedureLoop", "a loop over a procedure, in a goroutine"},
}

// messageCosts says what a feature costs a call, a publication and a delivery, in
// use and after it was.
func messageCosts(results []result) table {
	m := group(results)
	t := table{{"in use", "", "call", "afterwards", "publication", "afterwards", "delivery", "afterwards"}}
	for _, v := range inTheWay {
		line := []string{v.title, ""}
		for _, of := range []string{"Call", "Publish", "Delivery"} {
			name := "cost/" + of + "/" + v.name
			if m[name] != nil {
				line = append(line, m.cost(name), "")
			} else {
				line = append(line, m.cost(name+"/Used"), m.cost(name+"/Gone"))
			}
		}
		if strings.Join(line[1:], "") != "" {
			t = append(t, line)
		}
	}
	return t
}

// cost is CPU and allocations in a cell.
func (m medians) cost(name string) string {
	cpu := m.cell(name, oursName, costCPU)
	if n, ok := m.of(name, oursName, costAllocs); ok && cpu != "" {
		cpu += ", " + number(n)
	}
	return cpu
}

// socketCosts says what it costs to connect, and to be there.
func socketCosts(results []result) table {
	m := group(results)
	t := table{{"a socket with", "", "connecting", "idle"}}
	for _, v := range ofSockets {
		connect, idle := m.cost("cost/Connect/"+v.name), m.cell("cost/Idle/"+v.name, oursName, costIdle)
		if connect+idle != "" {
			t = append(t, []string{v.title, "", connect, idle})
		}
	}
	return t
}

// deflateCosts says what a publication costs, compressed or not.
func deflateCosts(results []result) table {
	m := group(results)
	t := table{{"`permessage-deflate`", "", "to 1", "to 10", "to 100"}}
	for _, v := range []variant{{"Off", "off"}, {"NotOffered", "on, not offered by the clients"}, {"On", "on"}} {
		line := []string{v.title, ""}
		for _, n := range []string{"1", "10", "100"} {
			line = append(line, m.cost("cost/Deflate/"+v.name+"/To"+n))
		}
		if strings.Join(line[1:], "") != "" {
			t = append(t, line)
		}
	}
	return t
}
