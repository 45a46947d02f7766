package report

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Run is the result of one run, as far as the report uses it. Figures that a run
// does not have are nil.
type Run struct {
	Server  string
	Mode    string
	At      string
	Machine struct {
		OS, Arch, Processor, Kernel string
		Cores                       int
	}

	// Settings.
	Conns    float64
	Channels float64
	Subs     float64
	SubsPer  float64 `json:"subs_per"`
	Pubs     float64
	Window   float64
	Rate     float64
	Payload  float64
	Locality float64    // -1: not given
	Nodes    []struct{} // of a cluster

	// Figures.
	PerSecond   *float64 `json:"per_s"`
	DeliveryCPU *float64 `json:"cpu_us_per_delivery"`
	RPCCPU      *float64 `json:"cpu_us_per_rpc"`
	P50         *float64 `json:"p50_us"`
	P99         *float64 `json:"p99_us"`
	P999        *float64 `json:"p999_us"`
	RSSPerConn  *float64 `json:"rss_per_conn"`
	ConnectCPU  *float64 `json:"cpu_s_per_1000_connects"`
	ConnectRate *float64 `json:"connects_per_s"`

	// Faults.
	Failed, Closed, Lost, Duplicates, Bad, Errors float64

	OutOfOrder  float64 `json:"out_of_order"`
	AcksMissing float64 `json:"acks_missing"`
}

// ErrNoRuns: the files hold no results.
var ErrNoRuns = errors.New("no results of agload in it")

// maxLine bounds a line of a file of results.
const maxLine = 1 << 20

// Read reads results, one JSON object a line. name is that of the file, for
// errors.
func Read(r io.Reader, name string) ([]Run, error) {
	var runs []Run
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	for n := 1; lines.Scan(); n++ {
		line := bytes.TrimSpace(lines.Bytes())
		if len(line) == 0 {
			continue
		}
		run := Run{Locality: -1}
		if err := json.Unmarshal(line, &run); err != nil {
			return nil, fmt.Errorf("%s, line %d: %w", name, n, err)
		}
		if run.Mode == "" {
			return nil, fmt.Errorf("%s, line %d: %w", name, n, ErrNoRuns)
		}
		if run.Server == "" {
			run.Server = "server"
		}
		runs = append(runs, run)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(runs) == 0 {
		return nil, fmt.Errorf("%s: %w", name, ErrNoRuns)
	}
	return runs, nil
}

// faults is how much the run found wrong.
func (r *Run) faults() float64 {
	return r.Failed + r.Closed + max(r.Lost, -r.Lost) + r.Duplicates + r.Bad + r.Errors + r.OutOfOrder + max(r.AcksMissing, -r.AcksMissing)
}
