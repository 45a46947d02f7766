package scc_test

import (
	"strings"
	"testing"

	"github.com/socketcluster-go/socketcluster/channels/brokertest/freeport"
)

// startOurBroker starts agserver scc-broker.
func (c *cluster) startOurBroker() *process {
	c.t.Helper()
	address := freeport.Addr(c.t)
	return startProcess(c.t, "our broker", address,
		agserverCommand(c.t, "scc-broker", "-host", "127.0.0.1", "-port", port(address), "-log-level", "3"),
		c.env("SCC_BROKER_SERVER_RETRY_DELAY=200")...)
}

// replaceState kills the scc-state, and starts one that lets brokers come back
// before workers, as the defaults have it.
func (c *cluster) replaceState() {
	c.t.Helper()
	c.state.Kill()
	c.state = startProcess(c.t, "scc-state", c.state.address, agserverCommand(c.t, "scc-state"),
		"SCC_STATE_SERVER_PORT="+port(c.state.address), "SCC_AUTH_KEY="+authKey, "SCC_STATE_SERVER_STARTUP_DELAY=4000")
}

// waitMapped waits until Node workers were told of these brokers, and no others.
func (c *cluster) waitMapped(workers []*process, brokers ...*process) {
	c.t.Helper()
	for _, w := range workers {
		c.waitLog(w, func(text string) bool {
			_, told, _ := strings.Cut(text[max(0, strings.LastIndex(text, "brokers ")):], "brokers ")
			told, _, _ = strings.Cut(told, "\n")
			if len(strings.Fields(told)) != len(brokers) {
				return false
			}
			for _, b := range brokers {
				if !strings.Contains(told+" ", b.address+" ") {
					return false
				}
			}
			return true
		})
	}
}

func (c *cluster) waitLog(p *process, ok func(text string) bool) {
	c.t.Helper()
	p.Await("write what is waited for", func() bool { return ok(p.Log.String()) })
}

// skipIfShort leaves out what takes half a minute.
func skipIfShort(t *testing.T) {
	if testing.Short() {
		t.Skip("processes that come and go take half a minute: left out with -short")
	}
}

// TestModes has workers from npm exchange messages by brokers of npm and of
// ours, while these come, go in order, and are lost.
func TestModes(t *testing.T) {
	skipIfShort(t)
	for name, start := range map[string]func(*cluster) *process{
		"NpmBroker": (*cluster).startBroker,
		"OurBroker": (*cluster).startOurBroker,
	} {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t)
			brokers := []*process{start(c)}
			c.waitBrokers(1)
			workers := []*process{c.startNodeWorker(), c.startNodeWorker()}
			c.waitMapped(workers, brokers...)
			tr := startNumbered(t, workers[0])
			tr.subscribe(workers[0])
			tr.subscribe(workers[1])
			tr.change("a second broker", func() {
				brokers = append(brokers, start(c))
				c.waitMapped(workers, brokers...)
			})
			tr.change("kill -9 of the first broker", func() {
				brokers[0].Kill()
				c.waitMapped(workers, brokers[1])
			})
			tr.change("a third broker", func() {
				brokers = append(brokers, start(c))
				c.waitMapped(workers, brokers[1:]...)
			})
			tr.change("end of the second broker", func() {
				brokers[1].Terminate()
				c.waitMapped(workers, brokers[2])
			})
			// The state server is not on the way of messages.
			c.replaceState()
			c.waitLog(c.state, func(text string) bool { return strings.Count(text, "a worker joined") == len(workers) })
			c.waitMapped(workers, brokers[2])
			tr.check()
		})
	}
}

// TestMigration replaces the processes of a cluster from npm one by one under
// traffic, until all are ours. The state server is ours from the beginning: npm
// has none.
func TestMigration(t *testing.T) {
	skipIfShort(t)
	c := newCluster(t)
	old := c.startBroker()
	c.waitBrokers(1)
	workers := []*process{c.startNodeWorker(), c.startNodeWorker()}
	c.waitMapped(workers, old)
	tr := startNumbered(t, workers[0])
	stays := tr.subscribe(workers[0])
	goes := tr.subscribe(workers[1])

	var broker *process
	tr.change("our broker joins", func() {
		broker = c.startOurBroker()
		c.waitMapped(workers, old, broker)
	})
	tr.change("npm's broker ends", func() {
		old.Terminate()
		c.waitMapped(workers, broker)
	})

	for i, last := range []*subscriber{goes, stays} {
		worker := c.startWorker()
		tr.subscribe(worker)
		if i == 0 {
			tr.publishBy(worker)
		}
		tr.leave("a worker is replaced", last)
		workers[1-i].Terminate()
	}
	tr.check()
}

// TestModes_BrokerEnds ends a broker of ours in order while workers of ours
// publish: they have gone to the other one before.
func TestModes_BrokerEnds(t *testing.T) {
	skipIfShort(t)
	c := newCluster(t)
	broker, _ := c.startOurBroker(), c.startOurBroker()
	c.waitBrokers(2)
	workers := []*process{c.startWorker(), c.startWorker()}
	tr := startNumbered(t, workers[0])
	for _, w := range workers {
		tr.subscribe(w)
	}
	tr.change("end of a broker", func() { broker.Terminate() })
	tr.check()
}
