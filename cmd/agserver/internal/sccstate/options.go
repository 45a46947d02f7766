package sccstate

import (
	"log/slog"
	"strconv"
	"time"
)

// Defaults of Options, those of scc-state.
const (
	DefaultMajor          = 10
	DefaultRetryDelay     = 2 * time.Second
	DefaultScaleOutDelay  = 5 * time.Second
	DefaultScaleBackDelay = time.Second
	DefaultStartupDelay   = 5 * time.Second
)

// Options configures a State. Nil and the zero value mean the defaults; a
// negative delay is none.
type Options struct {
	// AuthKey is what instances have to know. Empty lets everybody in.
	AuthKey string
	// Major is the major version that instances have to have. Zero means 10.
	Major int
	// ForwardedFor names the header of a proxy with the address of an instance
	// that does not say its own. Empty means that there is no proxy.
	ForwardedFor string

	// RetryDelay is the time between two calls of a worker that fails to answer;
	// negative is the default, too.
	RetryDelay time.Duration
	// ScaleOutDelay is how long the arrival of an instance waits to be announced,
	// ScaleBackDelay its leaving.
	ScaleOutDelay  time.Duration
	ScaleBackDelay time.Duration
	// StartupDelay is how long the first workers are kept waiting, so that brokers
	// can join before them.
	StartupDelay time.Duration

	// Log has who joins and leaves. Nil means nowhere.
	Log *slog.Logger
}

// withDefaults returns a copy in which nothing is left to be filled in.
func (o *Options) withDefaults() Options {
	var c Options
	if o != nil {
		c = *o
	}
	if c.Major == 0 {
		c.Major = DefaultMajor
	}
	for _, d := range []struct {
		value *time.Duration
		def   time.Duration
	}{
		{&c.RetryDelay, DefaultRetryDelay},
		{&c.ScaleOutDelay, DefaultScaleOutDelay},
		{&c.ScaleBackDelay, DefaultScaleBackDelay},
		{&c.StartupDelay, DefaultStartupDelay},
	} {
		if *d.value == 0 {
			*d.value = d.def
		}
		*d.value = max(0, *d.value)
	}
	if c.RetryDelay == 0 {
		c.RetryDelay = DefaultRetryDelay
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}

// version is what the state server calls itself in its messages.
func (o *Options) version() string { return strconv.Itoa(o.Major) + ".0.0" }
