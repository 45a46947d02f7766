// Package faults breaks clusters and counts messages. Its tests start agservers as
// processes, joined in each of the ways that there are, and while clients publish
// numbered messages they kill a node, the engine or one of its servers, cut ways by a
// proxy, or take the link of a network namespace down, so that nobody hears of it;
// then they heal what they did.
//
// Every test asks the same: that each subscriber that stayed connected has every
// message that was confirmed while its path was whole, in the order of its publisher,
// and none twice; that publications fail only where the path to the engine is broken,
// and with a name; and it prints the counts.
//
//	go test -v ./conformance/faults
//
// A path counts as broken from before the fault until the first message arrives that
// was begun after it had healed. This package is tests only, with a goroutine for
// each publisher and each subscriber, which end with their test.
package faults
