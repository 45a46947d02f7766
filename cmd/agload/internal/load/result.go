package load

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// Result is what a run found out; its JSON is what --json prints. Members that
// do not apply are left out: those of Idle and Load by the mode, those of the
// server where its processes cannot be seen.
type Result struct {
	Mode   Mode      `json:"mode"`
	Label  string    `json:"server,omitempty"` // --label
	URL    string    `json:"url"`
	At     time.Time `json:"at"` // when it began
	Host   Host      `json:"machine"`
	Server *Process  `json:"process,omitempty"` // of the first node

	// Of a cluster alone.
	Nodes      []Node   `json:"nodes,omitempty"`
	Locality   *float64 `json:"locality,omitempty"`
	PublishURL string   `json:"publish_url,omitempty"`

	Sockets  int `json:"conns"`
	Channels int `json:"channels,omitempty"`
	// Failed never became ready; Closed ended later, and nobody here wanted it.
	Failed uint64 `json:"failed"`
	Closed uint64 `json:"closed"`
	Pings  uint64 `json:"pings"`

	ConnectsPerSecond float64  `json:"connects_per_s"`
	ConnectCPU        *float64 `json:"cpu_s_per_1000_connects,omitempty"`

	*IdleResult
	*LoadResult

	Interrupted bool   `json:"interrupted,omitempty"`
	TimeUp      bool   `json:"time_up,omitempty"` // --max-time ended it
	LastError   string `json:"last_error,omitempty"`
}

// IdleResult is about connections that do nothing.
type IdleResult struct {
	ConnectCPUSettled *float64 `json:"cpu_s_per_1000_connects_settled,omitempty"` // at the end of the wait
	RSSPerConn        *float64 `json:"rss_per_conn,omitempty"`                    // bytes
	RSSBefore         *float64 `json:"rss_before_mb,omitempty"`
	RSSAfter          *float64 `json:"rss_after_mb,omitempty"`
	IdleCPU           *float64 `json:"idle_cpu_pct,omitempty"`
	EngineBefore      *float64 `json:"engine_rss_before_mb,omitempty"`
	EngineAfter       *float64 `json:"engine_rss_after_mb,omitempty"`
}

// LoadResult is about messages. Latencies are in µs, from the writing of a
// request to the reading of its answer or delivery.
type LoadResult struct {
	Payload   int      `json:"payload"` // bytes
	Window    int      `json:"window,omitempty"`
	Rate      float64  `json:"rate,omitempty"` // asked for
	Subs      int      `json:"subs,omitempty"`
	SubsPer   int      `json:"subs_per,omitempty"`
	Pubs      int      `json:"pubs,omitempty"`
	Seconds   float64  `json:"seconds"` // measured
	PerSecond float64  `json:"per_s"`   // deliveries or calls
	Publishes *float64 `json:"publishes_per_s,omitempty"`

	P50  float64 `json:"p50_us"`
	P90  float64 `json:"p90_us"`
	P99  float64 `json:"p99_us"`
	P999 float64 `json:"p999_us"`
	Max  float64 `json:"max_us"`

	// All of these have to be 0. Lost includes what came malformed.
	Lost        int64  `json:"lost"`
	OutOfOrder  uint64 `json:"out_of_order"`
	Duplicates  uint64 `json:"duplicates"`
	Bad         uint64 `json:"bad"`    // malformed, not what was sent, or an answer to nothing
	Errors      uint64 `json:"errors"` // answers that are errors
	AcksMissing *int64 `json:"acks_missing,omitempty"`

	// Inexact counts messages that are equal as JSON, but not to the byte.
	Inexact uint64 `json:"inexact"`

	DeliveryCPU       *float64 `json:"cpu_us_per_delivery,omitempty"`
	RPCCPU            *float64 `json:"cpu_us_per_rpc,omitempty"`
	ClientDeliveryCPU *float64 `json:"client_cpu_us_per_delivery,omitempty"`
	ClientRPCCPU      *float64 `json:"client_cpu_us_per_rpc,omitempty"`
	ServerSystem      *float64 `json:"server_sys_pct,omitempty"`
	ServerCores       *float64 `json:"server_cores,omitempty"`
	ClientCores       float64  `json:"client_cores"`
	MachineIdle       float64  `json:"machine_idle_pct"`
	MachineStolen     float64  `json:"machine_steal_pct"`
	OperationsPerRead float64  `json:"ops_per_client_read"`
	RSSEnd            *float64 `json:"rss_end_mb,omitempty"`
	PacerLate         *float64 `json:"pacer_late_max_us,omitempty"`

	// Of what joins the nodes.
	EngineCPU     *float64 `json:"engine_cpu_us_per_publication,omitempty"`
	EngineCores   *float64 `json:"engine_cores,omitempty"`
	EngineRead    *float64 `json:"engine_read_bytes_per_publication,omitempty"`
	EngineWritten *float64 `json:"engine_written_bytes_per_publication,omitempty"`
	EngineRSS     *float64 `json:"engine_rss_end_mb,omitempty"`
}

// Err reports what the run found wrong, nil if nothing.
func (r *Result) Err() error {
	var errs []error
	add := func(n uint64, what string) {
		if n != 0 {
			errs = append(errs, fmt.Errorf("%d %s", n, what))
		}
	}
	if r.Failed > 0 {
		errs = append(errs, fmt.Errorf("%w: %d failed", ErrConnect, r.Failed))
	}
	add(r.Closed, "connections ended")
	if l := r.LoadResult; l != nil {
		if l.Lost != 0 {
			errs = append(errs, fmt.Errorf("%d lost", l.Lost))
		}
		add(l.OutOfOrder, "out of order")
		add(l.Duplicates, "duplicates")
		add(l.Bad, "malformed or unexpected")
		add(l.Errors, "answers are errors")
		if l.AcksMissing != nil && *l.AcksMissing != 0 {
			errs = append(errs, fmt.Errorf("%d acknowledgements missing", *l.AcksMissing))
		}
	}
	if len(errs) > 0 && r.LastError != "" {
		errs = append(errs, fmt.Errorf("the last was: %s", r.LastError))
	}
	return errors.Join(errs...)
}

// round cuts a figure to so many digits behind the point. What has no value,
// such as a cost of nothing, is 0: JSON has no word for it.
func round(v float64, digits int) float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return 0
	}
	unit := math.Pow10(digits)
	return math.Round(v*unit) / unit
}

func rounded(v float64, digits int) *float64 {
	v = round(v, digits)
	return &v
}
