package brokertest

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/socketcluster-go/socketcluster/channels"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// Frozen is for a broker that is attached to the tap and reaches what it talks to by the
// proxy. The network fails without a word, while more is published than the system takes:
// publications fail by name, the node is told, and it comes back. The broker should have
// options by which it finds out soon.
func Frozen(t *testing.T, b channels.Broker, s *Tap, p *Proxy) {
	t.Helper()
	if err := b.Subscribe(t.Context(), "a"); err != nil {
		t.Fatalf("Subscribe() = %v, want nil", err)
	}
	p.Freeze()
	large := protocol.Data(`"` + strings.Repeat("x", 512<<10) + `"`)
	var publishers sync.WaitGroup
	for i := range 50 {
		publishers.Go(func() {
			err := b.Publish(t.Context(), fmt.Sprint(i), large)
			if !errors.Is(err, channels.ErrUnconfirmed) && !errors.Is(err, channels.ErrDisconnected) {
				t.Errorf("Publish() = %v, want %v or %v", err, channels.ErrUnconfirmed, channels.ErrDisconnected)
			}
		})
	}
	if lost := Await(t, s.States); !errors.Is(lost, channels.ErrDisconnected) {
		t.Errorf("BrokerStateChange(%v), want %v", lost, channels.ErrDisconnected)
	}
	publishers.Wait()
	p.Thaw()
	for Await(t, s.States) != nil {
	}
	// A broker that finds out soon takes a busy machine's pause for another failure.
	deadline := time.Now().Add(patience)
	for err := errors.New("none yet"); err != nil; {
		if err = b.Publish(t.Context(), "a", protocol.Data(`1`)); err != nil && time.Now().After(deadline) {
			t.Fatalf("Publish() = %v, want nil", err)
		}
	}
	if got := Await(t, s.Messages); got != "1" {
		t.Errorf("delivered %s, want 1", got)
	}
}
