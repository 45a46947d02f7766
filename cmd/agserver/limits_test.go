package main_test

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/socketcluster-go/socketcluster/middleware"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// What a flag or a variable limits is refused past the burst, and nothing else is.
func TestProgram_Rates(t *testing.T) {
	p := start(t, []string{"SOCKETCLUSTER_PUBLISH_RATE=0.001:3"}, "-call-rate", "0.001:2", "-subscribe-rate", "1000")
	client := p.dial(t, sockets)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for n := range 5 {
		for what, tt := range map[string]struct {
			err   error
			burst int
		}{
			"call":    {client.Invoke(ctx, "echo", n, nil), 2},
			"publish": {client.InvokePublish(ctx, "news", n), 3},
		} {
			if limited := errors.Is(tt.err, middleware.ErrRateLimit); limited != (n >= tt.burst) || tt.err != nil && !limited {
				t.Errorf("%s %d = %v, want the RateLimitError past %d", what, n, tt.err, tt.burst)
			}
		}
	}
	output := client.Channel("clock").Output().Consume()
	client.Subscribe("clock")
	if _, err := output.Next(ctx); err != nil {
		t.Errorf("no message in a channel: %v", err)
	}
	var named *protocol.Error
	if err := client.Invoke(ctx, "whoami", nil, nil); !errors.As(err, &named) || named.Message != "The rate limit for invoke was exceeded" {
		t.Errorf("whoami = %v", err)
	}
}

func TestProgram_ConnectRate(t *testing.T) {
	for name, tt := range map[string]struct {
		args      []string
		forwarded string
		want      int // of the third connection
	}{
		"All":        {[]string{"-connect-rate", "0.001:2"}, "", 503},
		"PerAddress": {[]string{"-connect-rate-per-address", "0.001:2"}, "", 429},
		"ByAProxy":   {[]string{"-connect-rate-per-address", "0.001:2", "-trusted-proxies", "192.0.2.1, 127.0.0.0/8"}, "198.51.100.7", 429},
		"TheProxy":   {[]string{"-connect-rate-per-address", "0.001:2", "-trusted-proxies", "127.0.0.1"}, "", 101},
	} {
		t.Run(name, func(t *testing.T) {
			p := start(t, nil, tt.args...)
			for _, want := range []int{101, 101, tt.want} {
				req, err := http.NewRequestWithContext(t.Context(), "GET", "http://"+p.address+sockets, nil)
				if err != nil {
					t.Fatal(err)
				}
				for header, value := range map[string]string{
					"Connection": "Upgrade", "Upgrade": "websocket", "Sec-Websocket-Version": "13",
					"Sec-Websocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "X-Forwarded-For": tt.forwarded,
				} {
					req.Header.Set(header, value)
				}
				res, err := new(http.Transport).RoundTrip(req)
				if err != nil {
					t.Fatal(err)
				}
				_ = res.Body.Close()
				if res.StatusCode != want {
					t.Errorf("status %d, want %d", res.StatusCode, want)
				}
			}
		})
	}
}
