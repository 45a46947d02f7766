// Package brokertest is the suite that every channels.Broker passes. A package
// with a broker runs it in a test of its own:
//
//	func TestBroker(t *testing.T) {
//		brokertest.Run(t, brokertest.Suite{
//			New: func(t *testing.T) func() channels.Broker {
//				url := startServer(t)
//				return func() channels.Broker { return open(t, &natsbroker.Options{URL: url}) }
//			},
//			Nodes: 3,
//		})
//	}
//
// A broker of an engine that has passwords or certificates runs Access as well.
//
// The suite closes every broker that it opens and is safe to run in parallel
// with other tests. It waits for messages as long as ten seconds and asserts no
// times.
package brokertest
