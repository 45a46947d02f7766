package load_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/socketcluster-go/socketcluster/agserver"
	"github.com/socketcluster-go/socketcluster/channels/brokertest/freeport"
	"github.com/socketcluster-go/socketcluster/cmd/agload/internal/load"
)

// What keeps a run from beginning has a name, and a text that says what to do.
func TestRun_CannotBegin(t *testing.T) {
	url := newServer(t, &agserver.Options{AuthKey: "secret"})
	web := httptest.NewServer(http.NotFoundHandler())
	defer web.Close()
	nobody := "ws://" + freeport.Addr(t)
	for _, test := range []struct {
		name, url string
		set       func(*load.Plan)
		want      error
		text      string
	}{
		{"Unreachable", nobody, func(*load.Plan) {}, load.ErrUnreachable, "does it run"},
		{"NoWebSocket", strings.Replace(web.URL, "http", "ws", 1), func(*load.Plan) {}, load.ErrNotAG, "404"},
		{"WrongPath", strings.Replace(url, "socketcluster", "elsewhere", 1), func(*load.Plan) {}, load.ErrNotAG, "path"},
		{"Token", url, func(p *load.Plan) { p.Token = "a.b.c" }, load.ErrNotAG, "token"},
		{"FailingProcedure", url, func(p *load.Plan) { p.Procedure = "fail" }, load.ErrNoProcedure, "not today"},
		{"Files", url, func(p *load.Plan) { p.Mode, p.Sockets, p.MaxSockets = load.Idle, 9_000_000, 9_000_000 }, load.ErrFiles, "ulimit"},
		{"MaxSockets", url, func(p *load.Plan) { p.Callers, p.MaxSockets = 11, 10 }, nil, "--max-sockets"},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := plan(load.RPC, test.url)
			test.set(&p)
			_, err := load.Run(t.Context(), p, nil)
			if err == nil || test.want != nil && !errors.Is(err, test.want) || !strings.Contains(err.Error(), test.text) {
				t.Errorf("Run() = %v, want %v with %q", err, test.want, test.text)
			}
		})
	}
}

// Every number has a range, and its flag is named where it is left.
func TestPlan_Check(t *testing.T) {
	for flag, test := range map[string]struct {
		mode load.Mode
		set  func(*load.Plan)
	}{
		"--n":          {load.Idle, func(p *load.Plan) { p.Sockets = 0 }},
		"--channels":   {load.PubSub, func(p *load.Plan) { p.Channels = -1 }},
		"--subs ":      {load.Fanout, func(p *load.Plan) { p.Subs = 0 }},
		"--subs-per":   {load.PubSubRate, func(p *load.Plan) { p.SubsPer = 0 }},
		"--pubs":       {load.FanoutRate, func(p *load.Plan) { p.Publishers = 100_000 }},
		"--conns":      {load.RPC, func(p *load.Plan) { p.Callers = 0 }},
		"--window":     {load.RPC, func(p *load.Plan) { p.Window = 0 }},
		"--rate":       {load.FanoutRate, func(p *load.Plan) { p.Rate = 0 }},
		"--payload":    {load.Fanout, func(p *load.Plan) { p.Payload = 1 << 30 }},
		"--loops":      {load.Fanout, func(p *load.Plan) { p.Loops = 0 }},
		"--connecting": {load.Fanout, func(p *load.Plan) { p.Connecting = 0 }},
		"--ramp":       {load.Fanout, func(p *load.Plan) { p.Ramp = -1 }},
		"--protocol":   {load.Fanout, func(p *load.Plan) { p.Protocol = 3 }},
		"--event":      {load.RPC, func(p *load.Plan) { p.Procedure = "#publish" }},
		"--url":        {load.RPC, func(p *load.Plan) { p.URLs = []string{"http://localhost/"} }},
		"--url is":     {load.RPC, func(p *load.Plan) { p.URLs = nil }},
		"--url has":    {load.RPC, func(p *load.Plan) { p.URLs = append(p.URLs, p.URLs...) }},
		"--publish":    {load.PubSub, func(p *load.Plan) { p.PublishURLs = []string{"localhost"} }},
		"--locality":   {load.PubSub, func(p *load.Plan) { p.URLs, p.Locality = append(p.URLs, "ws://other"), 1.5 }},
		"several":      {load.PubSub, func(p *load.Plan) { p.Locality = 1 }},
		"without": {load.PubSub, func(p *load.Plan) {
			p.URLs, p.PublishURLs, p.Locality = append(p.URLs, "ws://b"), []string{"ws://c"}, 1
		}},
		"--seconds":  {load.RPC, func(p *load.Plan) { p.Measure = 0 }},
		"--warm":     {load.RPC, func(p *load.Plan) { p.Warm = -1 }},
		"--max-time": {load.RPC, func(p *load.Plan) { p.MaxTime = 0 }},
	} {
		p := plan(test.mode, "ws://localhost")
		if err := p.Check(); err != nil {
			t.Fatalf("the plan to begin with: %v", err)
		}
		test.set(&p)
		if err := p.Check(); err == nil || !strings.Contains(err.Error(), flag) {
			t.Errorf("Check() = %v, want an error about %s", err, flag)
		}
	}
}
