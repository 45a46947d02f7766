package agserver_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/socketcluster-go/socketcluster/agclient"
	"github.com/socketcluster-go/socketcluster/agserver"
	"github.com/socketcluster-go/socketcluster/agserver/agservertest"
	"github.com/socketcluster-go/socketcluster/authtoken"
	"github.com/socketcluster-go/socketcluster/channels"
	"github.com/socketcluster-go/socketcluster/channels/stream"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// lifeMachine is a client and a server, to which things happen from both sides,
// and the model of what both say when it is quiet again.
type lifeMachine struct {
	srv     *agserver.Server
	client  *agclient.Client
	outputs map[string]*stream.Consumer[protocol.Data]

	// The model.
	open   bool            // otherwise closed for good, until somebody wants something
	wished map[string]bool // channels
	active map[string]bool // those that are subscribed; none without a connection
	auth   bool
	due    map[string][]string // publications, by channel
	number int
}

// lifeChannels are the channels of the test. The first one waits for
// authentication.
var lifeChannels = []string{"private", "a", "b"}

func newLifeMachine(t *rapid.T) *lifeMachine {
	m := &lifeMachine{
		srv:     agserver.New(&agserver.Options{Portable: true, Loops: 1, AuthKey: "key"}),
		outputs: map[string]*stream.Consumer[protocol.Data]{},
		wished:  map[string]bool{}, active: map[string]bool{}, due: map[string][]string{},
	}
	m.srv.HandleProcedure("echo", func(_ context.Context, r *agserver.Request) error { return r.Reply(r.Data()) })
	c, err := agclient.New("ws://server/socketcluster/", &agclient.Options{
		NetDial:   agservertest.Dialer(m.srv),
		Reconnect: agclient.ReconnectOptions{InitialDelay: time.Second, Randomness: -1, Multiplier: 1},
	})
	if err != nil {
		t.Fatal(err)
	}
	m.client = c
	for _, channel := range lifeChannels {
		m.outputs[channel] = c.Channel(channel).Output().Consume()
	}
	return m
}

// end closes both; what they leave behind fails the test.
func (m *lifeMachine) end(t *rapid.T) {
	for _, o := range m.outputs {
		o.Kill()
	}
	if err := errors.Join(m.client.Close(), m.srv.Close(context.Background())); err != nil {
		t.Error(err)
	}
}

// opened, lost and authenticated are what follows from those for the channels.
func (m *lifeMachine) opened() {
	if m.open {
		return
	}
	m.open = true
	for channel := range m.wished {
		m.ask(channel)
	}
}

func (m *lifeMachine) ask(channel string) {
	if m.open && (channel != "private" || m.auth) {
		m.active[channel] = true
	}
}

func (m *lifeMachine) lost(code protocol.CloseCode) {
	if !m.open {
		return
	}
	m.open = false
	clear(m.active)
	if code != protocol.CloseNormal && code < 4500 {
		m.opened() // after a second
	}
}

func (m *lifeMachine) authenticated() {
	m.auth = true
	for channel := range m.wished {
		m.ask(channel)
	}
}

// socket is the server's side, if there is a connection.
func (m *lifeMachine) socket(t *rapid.T) *agserver.Socket {
	if !m.open {
		t.Skip("there is no connection")
	}
	return m.srv.Client(m.client.ID())
}

func (m *lifeMachine) channel(t *rapid.T) string {
	return rapid.SampledFrom(lifeChannels).Draw(t, "channel")
}

func (m *lifeMachine) code(t *rapid.T) protocol.CloseCode {
	return rapid.SampledFrom([]protocol.CloseCode{1000, 1001, 4001, 4321, 4500, 4999}).Draw(t, "code")
}

func (m *lifeMachine) noError(t *rapid.T, err error) {
	if err != nil {
		t.Fatal(err)
	}
}

func (m *lifeMachine) Connect(t *rapid.T) {
	m.noError(t, m.client.Connect())
	m.opened()
}

func (m *lifeMachine) ClientDisconnects(t *rapid.T) {
	code := m.code(t)
	m.noError(t, m.client.Disconnect(code, "enough"))
	m.lost(code)
}

func (m *lifeMachine) ServerDisconnects(t *rapid.T) {
	code := m.code(t)
	m.noError(t, m.socket(t).Disconnect(code, "enough"))
	m.lost(code)
}

func (m *lifeMachine) ServerTerminates(t *rapid.T) {
	m.socket(t).Terminate()
	m.lost(protocol.CloseAbnormal)
}

func (m *lifeMachine) Subscribe(t *rapid.T) {
	channel := m.channel(t)
	m.client.Subscribe(channel, channels.SubscribeOptions{WaitForAuth: channel == "private"})
	m.wished[channel] = true
	m.ask(channel)
}

func (m *lifeMachine) Unsubscribe(t *rapid.T) {
	channel := m.channel(t)
	m.client.Unsubscribe(channel)
	delete(m.wished, channel)
	delete(m.active, channel)
}

func (m *lifeMachine) KickOut(t *rapid.T) {
	channel := m.channel(t)
	err := m.socket(t).KickOut(channel, "out")
	if m.active[channel] != (err == nil) {
		t.Fatalf("KickOut(%q) = %v", channel, err)
	}
	delete(m.wished, channel) // the client is told in any case
	delete(m.active, channel)
}

// published notes a publication.
func (m *lifeMachine) published(channel string) {
	if m.active[channel] {
		m.due[channel] = append(m.due[channel], string(protocol.AppendNumber(nil, float64(m.number))))
	}
}

func (m *lifeMachine) ServerPublishes(t *rapid.T) {
	channel := m.channel(t)
	m.number++
	m.noError(t, m.srv.Exchange().InvokePublish(context.Background(), channel, m.number))
	m.published(channel)
}

// ClientPublishes connects, and the client's own channels come first.
func (m *lifeMachine) ClientPublishes(t *rapid.T) {
	channel := m.channel(t)
	m.number++
	m.noError(t, m.client.InvokePublish(context.Background(), channel, m.number))
	m.opened()
	m.published(channel)
}

func (m *lifeMachine) Invoke(t *rapid.T) {
	var got int
	m.number++
	m.noError(t, m.client.Invoke(context.Background(), "echo", m.number, &got))
	if got != m.number {
		t.Fatalf("Invoke() = %d, want %d", got, m.number)
	}
	m.opened()
}

func (m *lifeMachine) ServerAuthenticates(t *rapid.T) {
	confirmed := &agserver.TokenOptions{RejectOnFailedDelivery: rapid.Bool().Draw(t, "confirmed")}
	m.noError(t, m.socket(t).SetAuthToken(context.Background(), authtoken.Claims{"user": "ada"}, confirmed))
	m.authenticated()
}

func (m *lifeMachine) ServerDeauthenticates(t *rapid.T) {
	confirmed := &agserver.DeauthenticateOptions{RejectOnFailedDelivery: rapid.Bool().Draw(t, "confirmed")}
	m.noError(t, m.socket(t).Deauthenticate(context.Background(), confirmed))
	m.auth = false
}

func (m *lifeMachine) ClientDeauthenticates(t *rapid.T) {
	m.noError(t, m.client.Deauthenticate(context.Background()))
	m.auth = false
}

// ClientOffersAToken that is none: the old one is gone as well.
func (m *lifeMachine) ClientOffersAToken(t *rapid.T) {
	if _, err := m.client.Authenticate(context.Background(), "a.bad.token"); !errors.Is(err, protocol.ErrAuthTokenInvalid) {
		t.Fatalf("Authenticate() = %v, want AuthTokenInvalidError", err)
	}
	m.opened()
	m.auth = false
}

func (m *lifeMachine) TimePasses(*rapid.T) { time.Sleep(time.Minute) } // pings and all

// Check lets it become quiet, and asks both sides.
func (m *lifeMachine) Check(t *rapid.T) {
	time.Sleep(3 * time.Second)
	synctest.Wait()
	if got := m.client.State(); (got == agclient.Open) != m.open {
		t.Fatalf("State() = %v, want open: %v", got, m.open)
	}
	if got := m.client.AuthState() == agclient.Authenticated; got != m.auth {
		t.Fatalf("the client is authenticated: %v, want %v", got, m.auth)
	}
	wished, active := slices.Sorted(maps.Keys(m.wished)), slices.Sorted(maps.Keys(m.active))
	if got := sorted(m.client.Subscriptions(true)); !slices.Equal(got, wished) {
		t.Fatalf("the client wants %q, want %q", got, wished)
	}
	if got := sorted(m.client.Subscriptions(false)); !slices.Equal(got, active) {
		t.Fatalf("the client is subscribed to %q, want %q", got, active)
	}
	for channel, o := range m.outputs {
		var got []string
		for _, d := range drain(o) {
			got = append(got, d.String())
		}
		if !slices.Equal(got, m.due[channel]) {
			t.Fatalf("%s: %q, want %q", channel, got, m.due[channel])
		}
	}
	clear(m.due)
	m.checkServer(t, active)
}

func (m *lifeMachine) checkServer(t *rapid.T, active []string) {
	want := 0
	if m.open {
		want = 1
	}
	if got := m.srv.ClientsCount(); got != want || m.srv.PendingClientsCount() != 0 {
		t.Fatalf("ClientsCount() = %d, want %d; %d pending", got, want, m.srv.PendingClientsCount())
	}
	if !m.open {
		return
	}
	s := m.srv.Client(m.client.ID())
	if s == nil || s.State() != agserver.Open {
		t.Fatalf("the server does not know the client")
	}
	if got := sorted(s.Subscriptions()); !slices.Equal(got, active) {
		t.Fatalf("the server has it subscribed to %q, want %q", got, active)
	}
	if got := s.AuthState() == agserver.Authenticated; got != m.auth || (s.AuthToken() != nil) != m.auth {
		t.Fatalf("the server has it authenticated: %v, want %v", got, m.auth)
	}
}

func sorted(names []string) []string {
	slices.Sort(names)
	return names
}

// TestClientAndSocket_AgreeWithTheModel has both sides of a connection do what
// they can, in any order; whenever it is quiet both say what the model says.
func TestClientAndSocket_AgreeWithTheModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rapid.SyncTest(t, func(t *rapid.T) {
			m := newLifeMachine(t)
			defer m.end(t)
			t.Repeat(rapid.StateMachineActions(m))
		})
	})
}
