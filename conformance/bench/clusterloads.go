package main

import (
	"fmt"
	"slices"
)

// maxClusterNodes is the most nodes that are measured: they, the engine and the
// load generator share the machine.
const maxClusterNodes = 3

// A clusterLoad is a load on clusters of some sizes.
type clusterLoad struct {
	name, title string
	args        []string
	nodes       []int
	away        bool // publishers are on the first node, subscribers on the others
	fresh       bool // needs processes that have done nothing yet
}

// clusterLoads are all of them. The names are used by the tables.
var clusterLoads = []clusterLoad{
	{
		name: "common", title: "5,000 idle sockets, one channel", nodes: []int{1, 3}, fresh: true,
		args: []string{"idle", "-n", "5000", "-channels", "1"},
	},
	{
		name: "own", title: "5,000 idle sockets, a channel each", nodes: []int{1, 3}, fresh: true,
		args: []string{"idle", "-n", "5000", "-channels", "5000"},
	},
	{
		name: "narrow", title: "1,000 channels of one, 100 publishers, 4 in flight", nodes: []int{1, 2, 3},
		args: []string{"pubsub", "-window", "4"},
	},
	{
		name: "narrow-rate", title: "the same, 3,000 messages a second", nodes: []int{1, 2, 3},
		args: []string{"pubsub-rate", "-rate", "3000"},
	},
	{
		name: "home", title: "1,000 channels of one, all at home, 4 in flight", nodes: []int{3},
		args: []string{"pubsub", "-window", "4", "-locality", "1"},
	},
	{
		name: "home-rate", title: "the same, 3,000 messages a second", nodes: []int{3},
		args: []string{"pubsub-rate", "-rate", "3000", "-locality", "1"},
	},
	{
		name: "wide", title: "fan-out to 1,000, 16 in flight", nodes: []int{1, 2, 3},
		args: []string{"fanout", "-window", "16"},
	},
	{
		name: "wide-rate", title: "fan-out to 1,000, 50 a second", nodes: []int{1, 2, 3},
		args: []string{"fanout-rate", "-rate", "50"},
	},
	{
		name: "away", title: "publishing on one node, a subscriber on another", nodes: []int{2}, away: true,
		args: []string{"pubsub", "-window", "4"},
	},
	{
		name: "pair", title: "publishing on one node, a subscriber on each of two others", nodes: []int{3}, away: true,
		args: []string{"pubsub", "-window", "4", "-channels", "500", "-subs-per", "2"},
	},
}

// nodesOf returns the sizes that are measured with a joiner.
func (l clusterLoad) nodesOf(j joiner) []int {
	if j.alone {
		return slices.DeleteFunc(slices.Clone(l.nodes), func(n int) bool { return n > 1 })
	}
	return l.nodes
}

// at is the name of a measurement.
func (l clusterLoad) at(j joiner, nodes int) string {
	return fmt.Sprintf("cluster/%s/%d/%s", j.name, nodes, l.name)
}
