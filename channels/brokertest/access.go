package brokertest

import (
	"errors"
	"strings"
	"testing"

	"github.com/socketcluster-go/socketcluster/channels"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// Access is two brokers of one engine: it lets one of them in, and the other not.
type Access struct {
	Right, Wrong channels.Broker // not yet attached

	// Secret is what no error may have in it.
	Secret string

	// IsReason says whether an error is why Wrong is not let in; others may come
	// before it. nil means channels.ErrUnauthorized.
	IsReason func(error) bool
}

// Run checks that Right works, and that Wrong says what is wrong. It closes both.
func (a Access) Run(t *testing.T) {
	t.Helper()
	s := NewTap()
	attach(t, a.Right, s)
	Await(t, s.Ready)
	if err := a.Right.Subscribe(t.Context(), "a"); err != nil {
		t.Errorf("Subscribe() = %v, want nil", err)
	}
	if err := a.Right.Publish(t.Context(), "a", protocol.Data(`1`)); err != nil {
		t.Errorf("Publish() = %v, want nil", err)
	}
	if got := Await(t, s.Messages); got != "1" {
		t.Errorf("delivered %s, want 1", got)
	}

	refused := NewTap()
	attach(t, a.Wrong, refused)
	for !a.isReason(t, Await(t, refused.Errors)) {
	}
	if err := a.Wrong.Publish(t.Context(), "a", nil); !errors.Is(err, channels.ErrDisconnected) {
		t.Errorf("Publish() = %v, want %v", err, channels.ErrDisconnected)
	}
}

func (a Access) isReason(t *testing.T, err error) bool {
	t.Helper()
	if strings.Contains(err.Error(), a.Secret) {
		t.Errorf("BrokerError(%v) tells the secret", err)
	}
	if a.IsReason == nil {
		return errors.Is(err, channels.ErrUnauthorized)
	}
	return a.IsReason(err)
}

// attach attaches a broker that is closed with the test.
func attach(t *testing.T, b channels.Broker, s *Tap) {
	t.Helper()
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Errorf("Close() = %v, want nil", err)
		}
	})
	if err := b.Attach(s); err != nil {
		t.Fatalf("Attach() = %v, want nil", err)
	}
}
