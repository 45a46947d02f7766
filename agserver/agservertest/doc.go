// Package agservertest helps to test code that is written for package agserver:
// servers and clients joined in memory, without ports, all closed with the test.
//
//	func TestSum(t *testing.T) {
//		srv, client := agservertest.New(t, &agserver.Options{AuthKey: "secret"})
//		agserver.HandleFunc(srv, "sum", sum)
//		var got float64
//		if err := client.Invoke(t.Context(), "sum", []int{1, 2}, &got); err != nil || got != 3 {
//			t.Errorf("sum = %v, %v, want 3", got, err)
//		}
//	}
//
// [New] gives a server with a client, [Connect] further clients, [NewServer] and
// [NewClient] each alone. [Open] gives a WebSocket connection that is played by
// hand, for tests of what exactly crosses the wire.
//
// # Time
//
// Everything works inside a bubble of testing/synctest, where an hour of pings
// passes at once: servers are portable, pipes are net.Pipe, and whatever is
// started has ended when the test has.
//
// # Concurrency
//
// Servers and clients may be used by several goroutines at once, a Conn by one
// that sends and one that receives. Functions that take a testing.TB call its
// Fatal and belong to the test's own goroutine.
//
// A net.Pipe has no buffer: what nobody reads waits in the server, counted by
// Options.MaxOutbound, and what the server does not read blocks who sends it.
package agservertest
