package natsbroker_test

import (
	"strings"
	"testing"

	"github.com/socketcluster-go/socketcluster/channels/natsbroker"
)

// An option that has no meaning is refused, by its name.
func TestNew_ErrOptions(t *testing.T) {
	for field, o := range map[string]natsbroker.Options{
		"URL":          {URL: "nats://"},
		"Prefix":       {Prefix: "a.*."},
		"NKey":         {NKey: "a file", Credentials: "another"},
		"Timeout":      {Timeout: -1},
		"PingInterval": {PingInterval: -1},
		"Wait":         {Wait: -1},
		"MaxWaiting":   {MaxWaiting: -1},
		"MaxPending":   {MaxPending: -1},
	} {
		t.Run(field, func(t *testing.T) {
			if _, err := natsbroker.New(&o); err == nil || !strings.Contains(err.Error(), "Options."+field) {
				t.Errorf("New() = %v, want an error that names %s", err, field)
			}
		})
	}
}
