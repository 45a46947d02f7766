package agserver_test

import (
	"math/rand/v2"
	"testing"
	"testing/synctest"

	"github.com/socketcluster-go/socketcluster/agserver"
	"github.com/socketcluster-go/socketcluster/agserver/agservertest"
)

// Sockets are found by their ids while others come and go.
func TestServer_Client(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		srv := r.serve(agserver.Options{})
		closures := srv.Events().Closure.Consume()
		conns := make(map[*agserver.Socket]*agservertest.Conn)
		gone := make(map[string]bool)
		check := func() {
			t.Helper()
			for sock := range conns {
				if found := srv.Client(sock.ID()); found != sock {
					t.Fatalf("Client(%q) = %p, want %p", sock.ID(), found, sock)
				}
			}
			for id := range gone {
				if found := srv.Client(id); found != nil {
					t.Fatalf("Client(%q) = %p, of a socket that has ended", id, found)
				}
			}
			n := 0
			for sock := range srv.Clients() {
				if n++; conns[sock] == nil {
					t.Errorf("Clients() has %q, which has ended", sock.ID())
				}
			}
			if n != len(conns) || srv.ClientsCount() != n {
				t.Errorf("%d clients, and a count of %d, want %d", n, srv.ClientsCount(), len(conns))
			}
		}
		for range 4 {
			for range 300 {
				c, sock := r.shake()
				conns[sock] = c
			}
			check()
			for sock, c := range conns {
				if rand.IntN(4) == 0 {
					continue
				}
				c.Cut()
				if ev := next(t, closures); ev.Socket != sock {
					t.Fatalf("closure of %q, want %q", ev.Socket.ID(), sock.ID())
				}
				delete(conns, sock)
				gone[sock.ID()] = true
			}
			synctest.Wait() // the event comes first
			check()
		}
		for _, id := range []string{"", "x", "!!!!!!!!!!!!!!!!!!!!"} {
			if found := srv.Client(id); found != nil {
				t.Errorf("Client(%q) = %p, want nil", id, found)
			}
		}
	})
}
