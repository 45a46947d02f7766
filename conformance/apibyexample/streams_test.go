package apibyexample_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/socketcluster-go/socketcluster/agclient"
	"github.com/socketcluster-go/socketcluster/agserver"
	"github.com/socketcluster-go/socketcluster/agserver/agservertest"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// A conversation with each socket, as in the JavaScript server.
type conversation struct {
	mu      sync.Mutex
	tracked []string
}

func (c *conversation) track(id string, msg protocol.Data) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tracked = append(c.tracked, id+" "+msg.String())
}

func (c *conversation) converse(ctx context.Context, srv *agserver.Server) {
	for ev := range srv.Events().Connection.All(ctx) { // for await (let {socket} of agServer.listener('connection'))
		go c.serve(ev.Socket)
	}
}

func (c *conversation) serve(s *agserver.Socket) {
	go func() {
		for msg := range s.Receiver("position").All(s.Context()) { // ends with the socket
			c.track(s.ID(), msg)
		}
	}()
	for req := range s.Procedure("ping").All(s.Context()) {
		req.Reply("pong")
	}
}

func TestConversation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := agservertest.NewServer(t, nil)
		c := new(conversation)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go c.converse(ctx, srv)
		synctest.Wait()

		client := agservertest.Connect(t, srv, nil)
		if err := client.Transmit("position", []int{3, 4}); err != nil {
			t.Fatal(err)
		}
		var answer string
		if err := client.Invoke(t.Context(), "ping", nil, &answer); err != nil || answer != "pong" {
			t.Errorf("ping = %q, %v, want pong", answer, err)
		}
		synctest.Wait()
		if want := []string{client.ID() + " [3,4]"}; !slices.Equal(c.tracked, want) {
			t.Errorf("tracked = %q, want %q", c.tracked, want)
		}
	})
}

// Go channels, kill and close.
func watch(srv *agserver.Server, tick <-chan time.Time, gone func(id string, code protocol.CloseCode), waiting func(int)) {
	c := srv.Events().Disconnection.Consume()
	defer c.Kill() // drops what is still queued and ends now; Close would let it drain
	for {
		select {
		case ev, ok := <-c.C():
			if !ok {
				return
			}
			gone(ev.Socket.ID(), ev.Code)
		case <-tick:
			waiting(c.Backpressure())
		}
	}
}

func TestChannelsKillAndClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := agservertest.NewServer(t, nil)
		if _, err := srv.Events().Ready.Once(t.Context()); err != nil {
			t.Errorf("Once() = %v, want nil", err)
		}
		tick := make(chan time.Time)
		var ids []string
		waited := -1
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			watch(srv, tick,
				func(id string, code protocol.CloseCode) { ids = append(ids, id) },
				func(n int) { waited = n })
		}()
		synctest.Wait()
		client := agservertest.Connect(t, srv, nil)
		id := client.ID()
		s := srv.Client(id)
		calls := s.Procedure("x").Consume()
		defer calls.Kill()
		s.Procedures().Close() // closeAllProcedures()
		if err := client.Disconnect(1000, ""); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		tick <- time.Now()
		synctest.Wait()
		if !slices.Equal(ids, []string{id}) || waited != 0 {
			t.Errorf("gone = %q with %d waiting, want %q with none", ids, waited, id)
		}
		srv.Events().Kill() // killAllListeners()
		<-ended
	})
}

// From the server to one client.
func talk(ctx context.Context, s *agserver.Socket) (answer string, err error) {
	s.Transmit("notice", "hello")
	err = s.Invoke(ctx, "question", 42, &answer) // errors.Is(err, protocol.ErrTimeout)
	s.KickOut("room-1", "closed for today")
	s.Disconnect(4501, "banned")
	return answer, err
}

func TestFromTheServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv, client := agservertest.New(t, nil)
		notices := client.Receiver("notice").Consume()
		closed := client.Events().Disconnect.Consume()
		kicked := client.Events().KickOut.Consume()
		client.Subscribe("room-1")
		questions := client.Procedure("question").All(t.Context())
		go func() {
			for req := range questions {
				req.Reply("the answer")
				return
			}
		}()
		synctest.Wait()
		answer, err := talk(t.Context(), srv.Client(client.ID()))
		if err != nil || answer != "the answer" {
			t.Errorf("Invoke() = %q, %v, want the answer", answer, err)
		}
		synctest.Wait()
		if notice, _ := notices.TryNext(); notice.String() != `"hello"` {
			t.Errorf("notice = %s, want hello", notice)
		}
		if ev, _ := kicked.TryNext(); ev.Message != "closed for today" {
			t.Errorf("kicked out with %q, want closed for today", ev.Message)
		}
		if ev, _ := closed.TryNext(); ev.Code != 4501 {
			t.Errorf("closed with %d, want 4501", ev.Code)
		}
	})
}

// The Go client.
func TestClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := agservertest.NewServer(t, nil)
		srv.HandleProcedure("login", func(ctx context.Context, req *agserver.Request) error { return nil })
		c := agservertest.Connect(t, srv, &agclient.Options{
			Reconnect: agclient.ReconnectOptions{InitialDelay: time.Second, Randomness: -1},
		})
		if err := c.Invoke(t.Context(), "login", map[string]string{"user": "alice"}, nil); err != nil {
			t.Errorf("login = %v, want nil", err)
		}
		news := c.Subscribe("news") // survives reconnects
		out := news.Output().All(t.Context())
		synctest.Wait()
		srv.Client(c.ID()).Terminate()
		time.Sleep(2 * time.Second) // of the bubble
		synctest.Wait()
		if err := srv.Exchange().InvokePublish(t.Context(), "news", "hello"); err != nil {
			t.Fatal(err)
		}
		for m := range out {
			if m.String() != `"hello"` {
				t.Errorf("news = %s, want hello", m)
			}
			break
		}
	})
}
