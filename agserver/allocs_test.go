//go:build !race

// The race detector allocates on its own account, and has pools forget.

package agserver_test

import (
	"context"
	"testing"
	"time"

	"github.com/socketcluster-go/socketcluster/agserver"
	"github.com/socketcluster-go/socketcluster/agserver/agservertest"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// How often something may allocate.
const (
	perCall        = 1 // the request
	perPublication = 1 // the frame
)

// turnShare is what an operation may have, of an allocation, as its share of
// what a turn of the loops allocates now and then.
const turnShare = 0.1

// allocs returns the allocations of the whole process in a round, the clients'
// aside, who have none.
func allocs(l *load) float64 {
	for range 20 {
		l.round() // until pools and queues have their size
	}
	return testing.AllocsPerRun(50, l.round)
}

func TestAllocs_Call(t *testing.T) {
	_, l := loaded(t, loadOptions(), "", nil, func(t testing.TB, srv *agserver.Server, open func() *player) *load {
		var answer any = protocol.Data(payload) // a handler that makes an any of data allocates on its own account
		srv.HandleProcedure("echo", func(_ context.Context, req *agserver.Request) error { return req.Reply(answer) })
		return callers(t, srv, open)
	})
	if n := allocs(l) / float64(l.ops); n > perCall+turnShare {
		t.Errorf("a call allocates %.2f times, want %v at most", n, perCall)
	}
}

func TestAllocs_Publish(t *testing.T) {
	_, l := loaded(t, loadOptions(), "", nil, publishers)
	if n := allocs(l) / float64(l.ops); n > perPublication+turnShare {
		t.Errorf("a publication allocates %.2f times, want %v at most", n, perPublication)
	}
}

// A further subscriber costs no allocation.
func TestAllocs_Delivery(t *testing.T) {
	const window, few, many = 8, 10, 200
	of := map[int]float64{}
	for _, subscribers := range []int{few, many} {
		_, l := loaded(t, loadOptions(), "", nil, func(_ testing.TB, _ *agserver.Server, open func() *player) *load {
			l := new(load)
			l.publish(open, "room", window, subscribers, payload)
			return l
		})
		of[subscribers] = allocs(l)
	}
	if n := (of[many] - of[few]) / (window * (many - few)); n > turnShare/10 {
		t.Errorf("a delivery allocates %.3f times, want never", n)
	}
}

// A ping and its pong cost no allocation.
func TestAllocs_Ping(t *testing.T) {
	const sockets = 100
	o := loadOptions()
	o.PingInterval = time.Millisecond // a tick of the engine, in effect
	srv := agserver.New(&o)
	addr := listen(t, srv)
	l := new(load)
	for range sockets {
		p := newPlayer(t, srv, addr, "", nil)
		p.out = appendMasked(nil, srv.Options().ProtocolVersion.Pong())
		p.in = make([]byte, frameSize(len(srv.Options().ProtocolVersion.Ping())))
		for f := p.conn.ReadFrame(); f.Op != agservertest.OpText; {
			t.Fatalf("received %v, want a ping", f)
		}
		p.conn.NetConn().SetDeadline(time.Time{})
		l.players = append(l.players, p)
	}
	if n := allocs(l) / sockets; n > turnShare {
		t.Errorf("a ping and its pong allocate %.2f times, want never", n)
	}
}
