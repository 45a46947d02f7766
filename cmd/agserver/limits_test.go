package main_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"testing"
	"time"

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
		want      int  // of the third connection
		atOnce    bool // which says nothing
	}{
		"All":        {[]string{"-connect-rate", "0.001:2"}, "", 503, true},
		"PerAddress": {[]string{"-connect-rate-per-address", "0.001:2"}, "", 429, true},
		"ByAProxy":   {[]string{"-connect-rate-per-address", "0.001:2", "-trusted-proxies", "192.0.2.1, 127.0.0.0/8"}, "198.51.100.7", 429, false},
		"TheProxy":   {[]string{"-connect-rate-per-address", "0.001:2", "-trusted-proxies", "127.0.0.1"}, "", 101, false},
	} {
		t.Run(name, func(t *testing.T) {
			p := start(t, nil, tt.args...)
			for range 2 {
				if status := connect(t, p.address, tt.forwarded, false); status != 101 {
					t.Errorf("status %d, want 101", status)
				}
			}
			if status := connect(t, p.address, tt.forwarded, tt.atOnce); status != tt.want {
				t.Errorf("status %d of the third connection, want %d", status, tt.want)
			}
		})
	}
}

// connect connects, asks for an upgrade unless it is to be answered before that,
// and returns the status of the answer.
func connect(t *testing.T, address, forwarded string, atOnce bool) (status int) {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	if !atOnce {
		_, err := fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
			"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nX-Forwarded-For: %s\r\n\r\n",
			sockets, address, forwarded)
		if err != nil {
			t.Fatal(err)
		}
	}
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	return res.StatusCode
}
