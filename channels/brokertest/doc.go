// Package brokertest is the suite that every channels.Broker passes. A package
// with a broker runs it in a test of its own:
//
//	func TestBroker(t *testing.T) {
//		brokertest.Run(t, brokertest.Suite{
//			New: func(t *testing.T) func() channels.Broker {
//				url := startServer(t)
//				return func() channels.Broker { return natsbroker.New(url, nil) }
//			},
//			Nodes: 3,
//		})
//	}
//
// The suite closes every broker that it opens and is safe to run in parallel
// with other tests. It waits for messages as long as ten seconds and asserts no
// times.
package brokertest
