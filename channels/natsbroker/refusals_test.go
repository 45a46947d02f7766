package natsbroker_test

import (
	"errors"
	"fmt"
	"strconv"
	"sync"
	"testing"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/socketcluster-go/socketcluster/channels"
	"github.com/socketcluster-go/socketcluster/channels/brokertest"
	"github.com/socketcluster-go/socketcluster/channels/natsbroker"
	"github.com/socketcluster-go/socketcluster/conformance/natstest"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// permitted opens a broker that may do what the permissions say.
func permitted(t *testing.T, only server.Permissions) (*natsbroker.Broker, *brokertest.Tap) {
	t.Helper()
	s := brokertest.NewTap()
	return attach(t, s, &natsbroker.Options{User: "ag", Password: secret, URL: natstest.Start(t, server.Options{
		Users: []*server.User{{Username: "ag", Password: secret, Permissions: &only}},
	}).ClientURL()}), s
}

// What the server does not let the node publish fails, and nothing else.
func TestBroker_RefusedPublications(t *testing.T) {
	names := map[string]string{"closed": "ag.closed", `tür "zu"'`: `ag.tür=20"zu"'`, "a.b\xff": "ag.a=2Eb\xff"}
	var deny []string
	for _, subject := range names {
		deny = append(deny, subject)
	}
	b, s := permitted(t, server.Permissions{Publish: &server.SubjectPermission{Deny: deny}})
	if err := b.Subscribe(t.Context(), "open"); err != nil {
		t.Fatalf("Subscribe() = %v, want nil", err)
	}
	publish := func(channel string, want error) {
		t.Helper()
		if err := b.Publish(t.Context(), channel, protocol.Data(`1`)); !errors.Is(err, want) {
			t.Errorf("Publish(%q) = %v, want %v", channel, err, want)
		}
	}
	publish("open", nil)
	for name := range names {
		publish(name, channels.ErrUnauthorized)
		if err := <-s.Errors; !errors.Is(err, channels.ErrUnauthorized) {
			t.Errorf("BrokerError(%v), want %v", err, channels.ErrUnauthorized)
		}
	}
	publish("open", nil)

	var running sync.WaitGroup
	for range 4 { // they share round trips
		running.Go(func() {
			for range 100 {
				publish("open", nil)
			}
		})
		running.Go(func() {
			for range 100 {
				publish("closed", channels.ErrUnauthorized)
			}
		})
	}
	running.Wait()
	if n := len(s.Messages); n != 402 {
		t.Errorf("%d messages were delivered, want the 402 that were allowed", n)
	}
	if n := len(s.Errors); n > 100 {
		t.Errorf("%d errors were reported for 400 of the same kind", n)
	}
}

// Of more refusals than are remembered none passes for success.
func TestBroker_ManyRefusals(t *testing.T) {
	const most = 10_000
	b, _ := permitted(t, server.Permissions{Publish: &server.SubjectPermission{Deny: []string{"ag.>"}}})
	var running sync.WaitGroup
	for i := range most {
		running.Go(func() {
			err := b.Publish(t.Context(), "closed"+strconv.Itoa(i), protocol.Data(`1`))
			if !errors.Is(err, channels.ErrUnauthorized) && !errors.Is(err, channels.ErrUnconfirmed) {
				t.Errorf("Publish() = %v, want %v, or %v", err, channels.ErrUnauthorized, channels.ErrUnconfirmed)
			}
		})
	}
	running.Wait()
}

// A channel that the server does not let the node subscribe is not subscribed.
func TestBroker_RefusedSubscriptions(t *testing.T) {
	b, s := permitted(t, server.Permissions{Subscribe: &server.SubjectPermission{Deny: []string{"ag.closed"}}})
	for range 3 {
		if err := b.Subscribe(t.Context(), "closed"); !errors.Is(err, channels.ErrUnauthorized) {
			t.Errorf("Subscribe() = %v, want %v", err, channels.ErrUnauthorized)
		}
	}
	if err := b.Subscribe(t.Context(), "open"); err != nil {
		t.Errorf("Subscribe() = %v, want nil", err)
	}
	for _, channel := range []string{"closed", "open"} {
		if err := b.Publish(t.Context(), channel, protocol.Data(fmt.Sprintf("%q", channel))); err != nil {
			t.Errorf("Publish(%q) = %v, want nil", channel, err)
		}
	}
	if got := <-s.Messages; got != `"open"` {
		t.Errorf("delivered %s, want what is allowed", got)
	}
}
