package redisbroker_test

import (
	"strings"
	"testing"

	"github.com/socketcluster-go/socketcluster/channels/redisbroker"
)

// An option that has no meaning is refused, by its name.
func TestNew_ErrOptions(t *testing.T) {
	for field, o := range map[string]redisbroker.Options{
		"Addrs":        {Addrs: []string{""}},
		"Timeout":      {Timeout: -1},
		"PingInterval": {PingInterval: -1},
		"Wait":         {Wait: -1},
		"MaxWaiting":   {MaxWaiting: -1},
	} {
		t.Run(field, func(t *testing.T) {
			if _, err := redisbroker.New(&o); err == nil || !strings.Contains(err.Error(), "Options."+field) {
				t.Errorf("New() = %v, want an error that names %s", err, field)
			}
		})
	}
}
