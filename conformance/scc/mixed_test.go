package scc_test

import (
	"fmt"
	"testing"
)

func rooms(n int) []string {
	var list []string
	for i := range n {
		list = append(list, fmt.Sprint("room/", i))
	}
	return list
}

// TestMixed puts workers on Node and workers of ours into one cluster of npm's
// scc-brokers. A broker comes, one dies, and so does the scc-state, all under
// traffic.
func TestMixed(t *testing.T) {
	skipIfShort(t)
	c := newCluster(t)
	first, second := c.startBroker(), c.startBroker()
	c.waitBrokers(2)
	list := rooms(8)
	tr := start(t, list,
		c.ourMember("ours", list), c.ourMember("ours too", list),
		c.workerMember("Node", c.startNodeWorker(), list))
	tr.waitBrokers(first, second)
	tr.report("start")

	tr.disturb()
	third := c.startBroker()
	tr.waitBrokers(first, second, third)
	tr.settle()
	tr.wait("workers of ours miss messages of each other that were acknowledged while a broker came", func() bool {
		ours, _, _ := tr.missed()
		return ours == 0
	})
	tr.report("a broker has come")

	tr.disturb()
	second.Kill()
	tr.waitBrokers(first, third)
	tr.settle()
	tr.report("a broker has died")

	tr.disturb()
	c.restartState()
	c.waitBrokers(2)
	tr.waitBrokers(first, third)
	tr.settle()
	tr.report("the scc-state was started anew")

	tr.disturb()
	second = c.startBrokerAt(second.address)
	tr.waitBrokers(first, second, third)
	tr.settle()
	tr.report("the broker is back")
	tr.end()
}

// TestWorker puts our program and a worker on Node into one cluster.
func TestWorker(t *testing.T) {
	skipIfShort(t)
	for name, env := range map[string][]string{
		"Defaults": nil,
		"Options": {
			"SCC_MAPPING_ENGINE=simple", "SCC_CLIENT_POOL_SIZE=2", "SCC_PUB_SUB_BATCH_DURATION=10",
			`SOCKETCLUSTER_OPTIONS={"authKey":"the workers' own","path":"/socketcluster/"}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t)
			c.startBroker()
			c.startBroker()
			c.waitBrokers(2)
			list := rooms(4)
			ours := c.startWorker(env...)
			tr := start(t, list,
				c.workerMember("ours", ours, list),
				c.workerMember("ours too", c.startWorker(env...), list),
				c.workerMember("Node", c.startNodeWorker(env...), list))
			tr.end()
			if status := ours.Terminate(); status != 0 {
				t.Errorf("the worker ends with %d, want 0", status)
			}
		})
	}
}

// report logs what the last disturbance cost.
func (tr *traffic) report(what string) {
	tr.t.Helper()
	ours, others, of := tr.missed()
	tr.t.Logf("%s: %d of %d deliveries missed between workers of ours, %d where a Node worker was an end", what, ours, of, others)
}
