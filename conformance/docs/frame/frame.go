package frame

import (
	"context"
	"net/http"
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"github.com/socketcluster-go/socketcluster/agclient"
	"github.com/socketcluster-go/socketcluster/agserver"
	"github.com/socketcluster-go/socketcluster/agserver/agservertest"
)

// patience is how long a block and its check may take, in the time of the bubble:
// with pings to send it would otherwise never be over.
const patience = time.Hour

// Frame is the surroundings of one block. It is for one test.
type Frame struct {
	Server *agserver.Server
	Mux    *http.ServeMux
	Client *agclient.Client // connected
	Socket *agserver.Socket // the server's side of Client

	t *testing.T
}

// Run runs before, then a block, and its check once the block has ended or waits
// for something. Then ctx ends, and with it the block has to.
func Run(t *testing.T, before, block, check func(ctx context.Context, f *Frame)) {
	synctest.Test(t, func(t *testing.T) {
		srv, client := agservertest.New(t, &agserver.Options{AuthKey: "secret"})
		f := &Frame{Server: srv, Mux: http.NewServeMux(), Client: client, Socket: srv.Client(client.ID()), t: t}
		ctx, cancel := context.WithCancel(t.Context())
		before(ctx, f)
		defer time.AfterFunc(patience, func() { panic("the block or its check waits for ever") }).Stop()
		done := make(chan struct{})
		go func() {
			defer close(done)
			block(ctx, f)
		}()
		synctest.Wait()
		check(ctx, f)
		cancel()
		<-done
	})
}

// Is fails the test unless got is want.
func (f *Frame) Is(want, got any) {
	f.t.Helper()
	if !reflect.DeepEqual(want, got) {
		f.t.Errorf("got %v, want %v", got, want)
	}
}

// Settle waits until everybody waits for something.
func (f *Frame) Settle() { synctest.Wait() }

// Connect returns one more client of the server, connected.
func (f *Frame) Connect() *agclient.Client { return agservertest.Connect(f.t, f.Server, nil) }

// Try returns one more client that has been told to connect, and may be refused.
func (f *Frame) Try() *agclient.Client {
	f.t.Helper()
	c := agservertest.NewClient(f.t, f.Server, &agclient.Options{ReconnectDisabled: true})
	f.Is(nil, c.Connect())
	synctest.Wait()
	return c
}
