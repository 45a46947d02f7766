package soak

import (
	"context"
	"errors"
	"fmt"
	"net"
	"runtime"
	"time"

	"github.com/socketcluster-go/socketcluster/agserver"
	"github.com/socketcluster-go/socketcluster/authtoken"
)

// authKey is shared by all servers of a soak, so that tokens outlive a restart.
const authKey = "a key for the length of a soak"

// inside is a server in this process.
type inside struct {
	downtime
	portable bool
	address  string
	kept     net.PacketConn // keeps its port
	srv      *agserver.Server
	served   chan struct{}
}

func (n *inside) start(ctx context.Context) (string, error) {
	l, err := n.listen(ctx)
	if err != nil {
		return "", err
	}
	n.address = l.Addr().String()
	n.srv = agserver.New(&agserver.Options{AuthKey: authKey, Portable: n.portable})
	addProcedures(n.srv)
	n.served = make(chan struct{})
	go func(srv *agserver.Server, served chan struct{}) { // ends with the server
		srv.Serve(l)
		close(served)
	}(n.srv, n.served)
	return n.address, nil
}

// listen takes a port, always the same one.
func (n *inside) listen(ctx context.Context) (l net.Listener, err error) {
	if n.address == "" {
		l, n.kept, err = takePort()
		return l, err
	}
	var lc net.ListenConfig
	return lc.Listen(ctx, "tcp", n.address)
}

// close gives up its port.
func (n *inside) close() {
	if n.kept != nil {
		n.kept.Close()
	}
}

// addProcedures adds what agserver's development mode has, too.
func addProcedures(srv *agserver.Server) {
	srv.HandleProcedure("echo", func(_ context.Context, req *agserver.Request) error { return req.Reply(req.Data()) })
	srv.HandleProcedure("login", func(ctx context.Context, req *agserver.Request) error {
		var in struct {
			Username string `json:"username"`
		}
		if err := req.Decode(&in); err != nil {
			return err
		}
		return req.Socket.SetAuthToken(ctx, authtoken.Claims{"username": in.Username}, nil)
	})
	srv.HandleProcedure("logout", func(ctx context.Context, req *agserver.Request) error {
		return req.Socket.Deauthenticate(ctx, nil)
	})
	srv.HandleProcedure("whoami", func(_ context.Context, req *agserver.Request) error {
		return req.Reply(map[string]any{
			"authState": req.Socket.AuthState().String(), "authToken": req.Socket.AuthToken(),
		})
	})
}

// stageTime is how long an orderly end is drawn out.
const stageTime = 300 * time.Millisecond

// end ends the server, in order or at once.
func (n *inside) end(ctx context.Context, inOrder bool) error {
	if inOrder {
		limited, cancel := context.WithTimeout(ctx, 2*time.Second)
		defer cancel()
		if err := n.srv.Shutdown(limited, stageTime); err != nil && !errors.Is(err, context.DeadlineExceeded) {
			return err
		}
	}
	if err := n.srv.Close(ctx); err != nil {
		return err
	}
	<-n.served
	return nil
}

func (n *inside) restart(ctx context.Context, inOrder bool) error {
	n.set(true)
	defer n.set(false)
	if err := n.end(ctx, inOrder); err != nil {
		return fmt.Errorf("end: %w", err)
	}
	_, err := n.start(ctx)
	return err
}

func (n *inside) stop(ctx context.Context) error {
	n.set(true)
	return n.end(ctx, false)
}

// memory is the heap of the whole process: that of the clients is in it.
func (n *inside) memory() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func (n *inside) sockets() (int, bool) {
	return n.srv.ClientsCount() + n.srv.PendingClientsCount(), true
}

func (n *inside) canRestart() bool { return true }
