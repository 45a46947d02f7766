package natsbroker

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/nats-io/nats.go"

	"github.com/socketcluster-go/socketcluster/channels"
)

// FuzzParseRefusal checks that what was refused is found in the server's words,
// whatever the channel, and that any text can be read.
func FuzzParseRefusal(f *testing.F) {
	for _, seed := range []string{"news", "a b", "", `tür "zu"'`, "\xff", "x to y", `nats: permissions violation: Permissions Violation for Publish to "`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		parseRefusal(errors.New(text))
		subject := "ag." + string(appendToken(nil, text))
		for _, kind := range []string{publication, subscription} {
			err := fmt.Errorf("%w: Permissions Violation for %s to %q", nats.ErrPermissionViolation, kind, subject)
			if what, ok := parseRefusal(err); !ok || what != kind+" to "+subject {
				t.Errorf("parseRefusal(%v) = %q, %t, want %q", err, what, ok, kind+" to "+subject)
			}
		}
	})
}

// refuse adds a refusal of its own, and returns the error.
func refuse(r *refusals, number int) error {
	err := fmt.Errorf("%w: Permissions Violation for Publish to %q", nats.ErrPermissionViolation, fmt.Sprint("ag.", number))
	r.add(err)
	return err
}

func TestRefusals_Forget(t *testing.T) {
	var r refusals
	what := func(number int) string { return fmt.Sprint(publication, " to ag.", number) }
	refuse(&r, 0)
	if err := r.of(what(0), 0); !errors.Is(err, channels.ErrUnauthorized) {
		t.Errorf("of() = %v, want %v", err, channels.ErrUnauthorized)
	}
	if err := r.of(what(0), 1); err != nil {
		t.Errorf("of() = %v for an older refusal, want nil", err)
	}
	if err := r.of(what(1), 0); err != nil {
		t.Errorf("of() = %v for what was not refused, want nil", err)
	}
	for i := range maxRefused {
		refuse(&r, 1+i)
	}
	if err := r.of(what(0), 0); !errors.Is(err, channels.ErrUnauthorized) {
		t.Errorf("of() = %v after %d others, want %v", err, maxRefused, channels.ErrUnauthorized)
	}
	var last error
	for i := range 4 * maxRefused {
		last = refuse(&r, 1+i)
	}
	if err := r.of(what(0), 0); !errors.Is(err, channels.ErrUnconfirmed) {
		t.Errorf("of() = %v for what is forgotten, want %v", err, channels.ErrUnconfirmed)
	}
	if err := r.of(what(0), r.count.Load()-10); err != nil {
		t.Errorf("of() = %v for the last ten, which were others, want nil", err)
	}
	if n := len(r.recent) + len(r.past); n > 2*maxRefused || len(r.told) != maxTold {
		t.Errorf("%d refusals and %d errors are remembered, want %d and %d at most", n, len(r.told), 2*maxRefused, maxTold)
	}
	r.wait(t.Context(), last)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	r.wait(ended, errors.New("not told of"))
}
