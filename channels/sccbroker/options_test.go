package sccbroker_test

import (
	"cmp"
	"strings"
	"testing"

	"github.com/socketcluster-go/socketcluster/channels/sccbroker"
)

// An option that has no meaning is refused, by its name.
func TestNew_ErrOptions(t *testing.T) {
	for field, o := range map[string]sccbroker.Options{
		"StateServer":         {StateServer: "http://scc-state"},
		"InstanceIPFamily":    {InstanceIPFamily: "IPv5"},
		"PoolSize":            {PoolSize: -1},
		"BatchDuration":       {BatchDuration: -1},
		"RetryDelay":          {RetryDelay: -1},
		"RetryRandomness":     {RetryRandomness: -1},
		"StateConnectTimeout": {StateConnectTimeout: -1},
		"StateAckTimeout":     {StateAckTimeout: -1},
		"Timeout":             {Timeout: -1},
		"Wait":                {Wait: -1},
		"MaxWaiting":          {MaxWaiting: -1},
		"MaxPending":          {MaxPending: -1},
	} {
		t.Run(field, func(t *testing.T) {
			o.StateServer = cmp.Or(o.StateServer, "scc-state")
			if _, err := sccbroker.New(&o); err == nil || !strings.Contains(err.Error(), "Options."+field) {
				t.Errorf("New() = %v, want an error that names %s", err, field)
			}
		})
	}
}
