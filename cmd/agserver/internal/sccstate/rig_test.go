package sccstate_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/socketcluster-go/socketcluster/agserver"
	"github.com/socketcluster-go/socketcluster/agserver/agservertest"
	"github.com/socketcluster-go/socketcluster/cmd/agserver/internal/sccstate"
)

// start returns a state server in memory, which ends with the test.
func start(t *testing.T, o *sccstate.Options) *agserver.Server {
	t.Helper()
	srv, _ := startWithEnd(t, o)
	return srv
}

// startWithEnd also returns what ends Run.
func startWithEnd(t *testing.T, o *sccstate.Options) (srv *agserver.Server, end func()) {
	t.Helper()
	srv = agservertest.NewServer(t, nil)
	state, err := sccstate.New(srv, o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		state.Run(ctx)
		close(ended)
	}()
	end = func() {
		cancel()
		<-ended
	}
	t.Cleanup(end)
	return srv, end
}

// instance is a broker or a worker, played by hand.
type instance struct {
	*agservertest.Conn
	t       *testing.T
	calls   int // that it has made
	invoked int // calls that the server has made
}

// dial connects an instance of a type at a port.
func dial(t *testing.T, srv *agserver.Server, kind, port string) *instance {
	t.Helper()
	return dialWith(t, srv, "instanceType="+kind+"&instancePort="+port+"&version=10.0.0", nil)
}

func dialWith(t *testing.T, srv *agserver.Server, query string, header http.Header) *instance {
	t.Helper()
	c := agservertest.Open(t, srv, &agservertest.ConnOptions{Target: "/socketcluster/?" + query, Header: header})
	c.Handshake("")
	return &instance{Conn: c, t: t, calls: 1}
}

// call calls a procedure and returns the answer.
func (i *instance) call(procedure, data string) string {
	i.t.Helper()
	i.calls++
	i.Send(fmt.Sprintf(`{"event":%q,"data":%s,"cid":%d}`, procedure, data, i.calls))
	answer := i.Next()
	prefix := fmt.Sprintf(`{"rid":%d`, i.calls)
	rest, ok := strings.CutPrefix(answer, prefix)
	if !ok {
		i.t.Fatalf("%s was answered by %s", procedure, answer)
	}
	return strings.TrimPrefix(strings.TrimSuffix(rest, "}"), ",")
}

// must fails the test unless a call is answered so.
func (i *instance) must(procedure, data, want string) {
	i.t.Helper()
	if got := i.call(procedure, data); got != want {
		i.t.Fatalf("%s was answered by %s, want %s", procedure, got, want)
	}
}

const local = `{"instanceId":"x","instanceIp":"127.0.0.1","instanceIpFamily":"IPv4"}`

// broker returns a broker that has joined.
func broker(t *testing.T, srv *agserver.Server, port string) *instance {
	t.Helper()
	time.Sleep(time.Millisecond) // so that each event has a time of its own
	b := dial(t, srv, "scc-broker", port)
	b.must("sccBrokerJoinCluster", local, "")
	return b
}

// worker returns a worker that has joined and was told of these instances.
func worker(t *testing.T, srv *agserver.Server, port, workers, brokers string) *instance {
	t.Helper()
	time.Sleep(time.Millisecond)
	w := dial(t, srv, "scc-worker", port)
	w.must("sccWorkerJoinCluster", local, fmt.Sprintf(
		`"data":{"sccWorkerURIs":[%s],"sccBrokerURIs":[%s],"time":%d,"sccSourceWorkerURI":"ws://127.0.0.1:%s"}`,
		uris(workers), uris(brokers), now(), port))
	return w
}

// news fails the test unless the next packet announces these ports, and says
// that it was made at this moment. It is not answered.
func (i *instance) news(procedure, ports, own string) {
	i.t.Helper()
	list := "sccBrokerURIs"
	if strings.HasPrefix(procedure, "sccWorker") {
		list = "sccWorkerURIs"
	}
	i.invoked++
	got := i.Next()
	want := fmt.Sprintf(`{"event":%q,"cid":%d,"data":{%q:[%s],"time":%d,"sccSourceWorkerURI":"ws://127.0.0.1:%s"}}`,
		procedure, i.invoked, list, uris(ports), now(), own)
	if got != want {
		i.t.Fatalf("received %s\nwant     %s", got, want)
	}
}

// taken answers the latest call of the server.
func (i *instance) taken() {
	i.t.Helper()
	i.Send(fmt.Sprintf(`{"rid":%d}`, i.invoked))
}

// after fails the test unless so much time has passed since start.
func after(t *testing.T, start time.Time, want time.Duration) {
	t.Helper()
	if d := time.Since(start); d != want {
		t.Fatalf("after %v, want %v", d, want)
	}
}

// uris writes ports as a list of strings.
func uris(ports string) string {
	var list []string
	for _, port := range strings.Fields(ports) {
		text, _ := json.Marshal("ws://127.0.0.1:" + port)
		list = append(list, string(text))
	}
	return strings.Join(list, ",")
}

func now() int64 { return time.Now().UnixMilli() }
