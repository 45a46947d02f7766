package load

import (
	"strings"

	"github.com/socketcluster-go/socketcluster/cmd/agload/internal/proc"
)

// Node is one node of a cluster. The members about its process are left out
// where it cannot be seen, or told from the others'.
type Node struct {
	URL         string   `json:"url"`
	Server      *Process `json:"process,omitempty"`
	Sockets     int      `json:"conns"`
	Subscribers int      `json:"subscribers,omitempty"`

	CPU       *float64 `json:"cpu_us_per_publication,omitempty"`
	Cores     *float64 `json:"server_cores,omitempty"`
	System    *float64 `json:"server_sys_pct,omitempty"`
	RSSBefore *float64 `json:"rss_before_mb,omitempty"` // any socket
	RSSEnd    *float64 `json:"rss_end_mb,omitempty"`
}

// describeNodes adds what there is to say of each node of a cluster.
func (r *runner) describeNodes(m *measurement, res *Result) {
	if len(r.nodes) == 1 {
		return
	}
	if r.plan.Locality >= 0 {
		res.Locality = &r.plan.Locality
	}
	res.PublishURL = strings.Join(r.plan.PublishURLs, ",")
	for i, n := range r.nodes {
		one := Node{URL: n.url, Sockets: n.sockets, Subscribers: n.subscribers}
		if len(n.pids) > 0 {
			one.Server = &Process{PID: n.pids[0], Command: proc.Command(n.pids[0])}
			one.RSSBefore = rounded(float64(m.start.nodes[i].RSS)/1e6, 1)
			if m.end.nodes != nil {
				one.RSSEnd = rounded(float64(m.end.nodes[i].RSS)/1e6, 1)
			}
		}
		if m.isLoaded && m.before.nodes[i].Processes > 0 && m.end.nodes[i].Processes > 0 {
			seconds := m.end.at.Sub(m.before.at).Seconds()
			cpu := m.end.nodes[i].CPU() - m.before.nodes[i].CPU()
			one.Cores = rounded(cpu/seconds, 2)
			one.System = rounded((m.end.nodes[i].System-m.before.nodes[i].System)/cpu*100, 0)
			if r.plan.Mode != RPC {
				one.CPU = rounded(cpu/float64(m.end.sent-m.before.sent)*1e6, 3)
			}
		}
		res.Nodes = append(res.Nodes, one)
	}
}

// engineCosts says what the engine needed for a publication.
func (r *runner) engineCosts(m *measurement, out *LoadResult) {
	before, end := m.before.engine, m.end.engine
	if before.Processes == 0 || end.Processes == 0 || r.plan.Mode == RPC {
		return
	}
	publications := float64(m.end.sent - m.before.sent)
	cpu := end.CPU() - before.CPU()
	out.EngineCPU = rounded(cpu/publications*1e6, 3)
	out.EngineCores = rounded(cpu/m.end.at.Sub(m.before.at).Seconds(), 2)
	out.EngineRead = rounded(float64(end.Read-before.Read)/publications, 0)
	out.EngineWritten = rounded(float64(end.Written-before.Written)/publications, 0)
	out.EngineRSS = rounded(float64(end.RSS)/1e6, 1)
}
