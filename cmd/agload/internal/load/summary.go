package load

import (
	"runtime"
	"strings"
	"sync/atomic"
	"time"

	"github.com/socketcluster-go/socketcluster/cmd/agload/internal/hist"
	"github.com/socketcluster-go/socketcluster/cmd/agload/internal/proc"
)

// Host is the machine on which the load was made.
type Host struct {
	OS        string `json:"os"`
	Arch      string `json:"arch"`
	Processor string `json:"processor,omitempty"`
	Cores     int    `json:"cores"`
	Kernel    string `json:"kernel,omitempty"`
}

// Process is the server's main process.
type Process struct {
	PID     int    `json:"pid"`
	Command string `json:"command"`
}

// result draws the conclusions. All goroutines of the run have ended.
func (r *runner) result(m *measurement) *Result {
	res := &Result{
		Mode: r.plan.Mode, Label: r.plan.Label, URL: strings.Join(r.plan.URLs, ","), At: r.began.UTC().Truncate(time.Second),
		Host: Host{
			OS: runtime.GOOS, Arch: runtime.GOARCH, Cores: runtime.NumCPU(),
			Processor: proc.Processor(), Kernel: proc.Kernel(),
		},
		Sockets: r.n, Failed: uint64(r.n) - r.ready(), Closed: r.closed(), LastError: r.lastError(),
		Pings: r.total(func(c *counters) *atomic.Uint64 { return &c.pings }),
	}
	if len(r.plan.PIDs) > 0 {
		pid := r.plan.PIDs[0]
		res.Server = &Process{PID: pid, Command: proc.Command(pid)}
	}
	if r.plan.Mode == Idle || r.plan.Mode.isPubSub() {
		res.Channels = r.plan.Channels
	}
	r.describeNodes(m, res)
	ready := float64(r.ready())
	res.ConnectsPerSecond = round(ready/m.connected.at.Sub(m.start.at).Seconds(), 0)
	if r.isVisible(m) {
		res.ConnectCPU = rounded((m.connected.server.CPU()-m.start.server.CPU())/ready*1000, 4)
	}
	switch {
	case r.plan.Mode == Idle:
		res.IdleResult = r.idleResult(m, ready)
	case m.isLoaded:
		res.LoadResult = r.loadResult(m)
	}
	return res
}

// isVisible reports whether the server's processes could be seen all the time.
func (r *runner) isVisible(m *measurement) bool {
	return m.start.server.Processes > 0 && m.connected.server.Processes > 0
}

func (r *runner) idleResult(m *measurement, ready float64) *IdleResult {
	idle := &IdleResult{}
	if m.start.engine.Processes > 0 && m.end.engine.Processes > 0 {
		idle.EngineBefore = rounded(float64(m.start.engine.RSS)/1e6, 1)
		idle.EngineAfter = rounded(float64(m.end.engine.RSS)/1e6, 1)
	}
	if !r.isVisible(m) || m.end.server.Processes == 0 {
		return idle
	}
	start, connected, end := m.start.server, m.connected.server, m.end.server
	idle.ConnectCPUSettled = rounded((end.CPU()-start.CPU())/ready*1000, 4)
	idle.RSSPerConn = rounded(float64(end.RSS-start.RSS)/ready, 0)
	idle.RSSBefore = rounded(float64(start.RSS)/1e6, 1)
	idle.RSSAfter = rounded(float64(end.RSS)/1e6, 1)
	idle.IdleCPU = rounded((end.CPU()-connected.CPU())/m.end.at.Sub(m.connected.at).Seconds()*100, 2)
	return idle
}

func (r *runner) loadResult(m *measurement) *LoadResult {
	seconds := m.end.at.Sub(m.before.at).Seconds()
	operations := float64(m.end.operations - m.before.operations)
	idle, stolen := proc.Share(m.before.machine, m.end.machine)
	clientCPU := m.end.self.CPU() - m.before.self.CPU()
	out := &LoadResult{
		Payload: r.shape.Len(), Seconds: round(seconds, 3), PerSecond: round(operations/seconds, 0),
		ClientCores: round(clientCPU/seconds, 2), MachineIdle: round(idle, 1), MachineStolen: round(stolen, 1),
		OperationsPerRead: round(operations/float64(m.end.reads-m.before.reads), 2),
	}
	r.describe(out)
	r.judge(out)
	r.latencies(out)
	if r.plan.Mode != RPC && !r.plan.NoAck {
		out.Publishes = rounded(float64(m.end.replies-m.before.replies)/seconds, 1)
	}
	r.engineCosts(m, out)
	serverCost, clientCost := &out.DeliveryCPU, &out.ClientDeliveryCPU
	if r.plan.Mode == RPC {
		serverCost, clientCost = &out.RPCCPU, &out.ClientRPCCPU
	}
	*clientCost = rounded(clientCPU/operations*1e6, 3)
	if before, end := m.before.server, m.end.server; before.Processes > 0 && end.Processes > 0 {
		cpu := end.CPU() - before.CPU()
		*serverCost = rounded(cpu/operations*1e6, 3)
		out.ServerCores = rounded(cpu/seconds, 2)
		out.ServerSystem = rounded((end.System-before.System)/cpu*100, 0)
		out.RSSEnd = rounded(float64(end.RSS)/1e6, 1)
	}
	return out
}

// describe repeats what of the plan the figures depend on.
func (r *runner) describe(out *LoadResult) {
	p := &r.plan
	if p.Mode.isPaced() {
		out.Rate = p.Rate
		var late int64
		for _, l := range r.lanes {
			late = max(late, l.lateMax.Load())
		}
		out.PacerLate = rounded(float64(late)/1000, 1)
	} else {
		out.Window = p.Window
	}
	switch {
	case p.Mode.isFanout():
		out.Subs, out.Pubs = p.Subs, p.Publishers
	case p.Mode.isPubSub():
		out.SubsPer, out.Pubs = p.SubsPer, min(p.Publishers, p.Channels)
	}
}

// judge says what was wrong.
func (r *runner) judge(out *LoadResult) {
	out.Lost = int64(r.owed()) - int64(r.operations())
	out.OutOfOrder = r.total(func(c *counters) *atomic.Uint64 { return &c.outOfOrder })
	out.Duplicates = r.total(func(c *counters) *atomic.Uint64 { return &c.duplicates })
	out.Bad = r.total(func(c *counters) *atomic.Uint64 { return &c.bad })
	out.Errors = r.total(func(c *counters) *atomic.Uint64 { return &c.errors })
	out.Inexact = r.total(func(c *counters) *atomic.Uint64 { return &c.inexact })
	if r.plan.Mode != RPC && !r.plan.NoAck {
		missing := int64(r.sent()) - int64(r.replies())
		out.AcksMissing = &missing
	}
}

// wrong is how much was found wrong so far.
func (r *runner) wrong() (n uint64) {
	for _, l := range r.lanes {
		c := &l.counters
		n += c.failed.Load() + c.closed.Load() + c.errors.Load() + c.bad.Load() + c.outOfOrder.Load() + c.duplicates.Load()
	}
	return n
}

func (r *runner) latencies(out *LoadResult) {
	var all hist.Hist
	for _, l := range r.lanes {
		all.Merge(&l.latency)
	}
	µs := func(d time.Duration) float64 { return round(float64(d)/1e3, 1) }
	out.P50, out.P90 = µs(all.Quantile(.5)), µs(all.Quantile(.9))
	out.P99, out.P999 = µs(all.Quantile(.99)), µs(all.Quantile(.999))
	out.Max = µs(all.Max())
}
