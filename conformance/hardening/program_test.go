package hardening_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"regexp"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/socketcluster-go/socketcluster/conformance/program/programtest"
)

var agserverProgram = programtest.Binary{Package: "./cmd/agserver", Race: true}

// program is cmd/agserver as a process.
type program struct {
	*programtest.Process
	addr string
}

// command prepares a run on a free port of 127.0.0.1.
func command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	return exec.Command(agserverProgram.File(t), append([]string{"-host", "127.0.0.1", "-port", "0"}, args...)...)
}

// startProgram starts the server and waits until it listens.
func startProgram(t *testing.T, args ...string) *program {
	t.Helper()
	p := &program{Process: programtest.Start(t, command(t, args...))}
	address := regexp.MustCompile(`listening"?[, ]"?address"?[=:]"?(127\.0\.0\.1:\d+)`)
	p.Await("say where it listens", func() bool {
		m := address.FindStringSubmatch(p.Log.String())
		if m != nil {
			p.addr = m[1]
		}
		return m != nil
	})
	return p
}

// SIGTERM under load: no longer ready, sockets closed in stages without a status,
// what was sent before still delivered, exit status 0, also when some clients do
// not answer their close frame.
func TestC6_Termination(t *testing.T) {
	p := startProgram(t, "-drain", "2s", "-log-level", "2")
	const sockets, deaf = 40, 5
	var acknowledged, received [sockets]atomic.Int64
	closed := make(chan int, sockets)
	for n := range sockets {
		c := dial(t, p.addr).upgrade()
		defer c.close()
		c.handshake()
		c.subscribe(fmt.Sprint("own", n))
		go func() { closed <- c.load(n, &acknowledged[n], &received[n]) }()
	}
	for range deaf {
		c := dial(t, p.addr).upgrade()
		defer c.close()
		c.handshake()
	}
	keptAlive := new(http.Client)
	defer keptAlive.CloseIdleConnections()
	health := func() int {
		r, err := keptAlive.Get("http://" + p.addr + "/health-check")
		if err != nil {
			return 0
		}
		defer r.Body.Close()
		_, _ = io.Copy(io.Discard, r.Body)
		return r.StatusCode
	}
	if got := health(); got != 200 {
		t.Errorf("/health-check before the signal = %d, want 200", got)
	}
	if !poll(func() bool { return acknowledged[0].Load() > 20 && acknowledged[sockets-1].Load() > 20 }) {
		t.Fatal("there is no load")
	}
	p.Signal(syscall.SIGTERM)
	for n := range sockets {
		if code := <-closed; code != 1005 {
			t.Errorf("a socket was closed with %d, want a close frame without a status", code)
		}
		if n == 0 {
			if got := health(); got == 200 {
				t.Error("/health-check says that all is well while the sockets are being closed")
			}
		}
	}
	if status := p.AwaitEnd(); status != 0 {
		t.Errorf("exit status %d, want 0\n%s", status, p.Log.String())
	}
	for n := range sockets {
		if got, want := received[n].Load(), acknowledged[n].Load(); got < want {
			t.Errorf("socket %d: %d publications were acknowledged, %d arrived", n, want, got)
		}
	}
}

// load publishes to the socket's own channel, one publication after the other,
// until the connection ends, and returns its close code.
func (c *client) load(n int, acknowledged, received *atomic.Int64) int {
	publish := func() {
		_ = c.try(text(fmt.Sprintf(`{"event":"#publish","data":{"channel":"own%d","data":1},"cid":9}`, n))) // it may be closed
	}
	publish()
	for {
		op, payload, err := c.next()
		switch {
		case err != nil:
			return noClose
		case op == opClose:
			_ = c.try(frame(fin|opClose, payload))
			if len(payload) < 2 {
				return 1005
			}
			return int(payload[0])<<8 | int(payload[1])
		case bytes.HasPrefix(payload, []byte(`{"rid":9`)):
			acknowledged.Add(1)
			publish()
		case bytes.HasPrefix(payload, []byte(`{"event":"#publish"`)):
			received.Add(1)
		}
	}
}

// What clients send may be logged, but only as a value: a record is one line, and
// no token is in it.
func TestA9_LogInjection(t *testing.T) {
	const injected = "\ntime=2026-01-01T00:00:00.000Z level=ERROR msg=forged\n{\"level\":\"ERROR\",\"msg\":\"forged\"}\n"
	quoted, err := json.Marshal(injected)
	if err != nil {
		t.Fatal(err)
	}
	token := hs256(plainHeader, `{"username":"somebody"}`, "wrong key")
	for _, format := range []string{"text", "json"} {
		t.Run(format, func(t *testing.T) {
			p := startProgram(t, "-log-level", "3", "-log-format", format, "-options", `{"authKey":"`+secret+`","origins":"*:*"}`)
			c := dial(t, p.addr).upgrade("User-Agent: \u2028" + strings.Repeat("x", 100))
			defer c.close()
			c.call("#handshake", `{"authToken":"`+token+`"}`)
			in := string(quoted)
			for _, message := range []string{
				`{"event":"#subscribe","data":{"channel":` + in + `},"cid":2}`,
				`{"event":"#unsubscribe","data":` + strings.Replace(in, "forged", "forged twice", 1) + `,"cid":3}`,
				`{"event":` + in + `,"data":1,"cid":4}`,
				`{"event":"#authenticate","data":` + in + `,"cid":5}`,
				`{"event":"#authenticate","data":"` + token + `","cid":6}`,
				`{"event":"login","data":{"username":` + in + `},"cid":7}`,
				`{"event":"#publish","data":{"channel":7,"data":` + in + `},"cid":8}`,
			} {
				c.write(text(message))
			}
			for _, target := range []string{"/%0Atime=2026%20level=ERROR%20msg=forged", "/?token=" + token, "/health-check?authToken=" + token} {
				d := dial(t, p.addr)
				d.write([]byte("GET " + target + " HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + token + "\r\nConnection: close\r\n\r\n"))
				d.response()
				d.close()
			}
			d := dial(t, p.addr)
			d.write([]byte(request("Cookie: token=" + token)))
			d.response()
			d.close()
			c.write(closeFrame(4999, "\nlevel=ERROR msg=forged "+strings.Repeat("x", 80)))
			c.closeCode()
			if !poll(func() bool { return strings.Contains(p.Log.String(), "4999") }) {
				t.Errorf("the closure is not logged:\n%s", p.Log.String())
			}
			if status := p.Terminate(); status != 0 {
				t.Errorf("exit status %d", status)
			}
			log := p.Log.String()
			for line := range strings.Lines(log) {
				if !isRecord(format, line) || strings.Contains(line, "msg=forged") && !strings.Contains(line, `\nlevel`) && !strings.Contains(line, `\ntime`) {
					t.Errorf("no record of the program: %q", line)
				}
			}
			for _, part := range strings.Split(token, ".")[1:] {
				if strings.Contains(log, part) {
					t.Errorf("the log holds a token:\n%s", log)
				}
			}
		})
	}
}

// isRecord reports whether a line is one that the program's logger writes.
func isRecord(format, line string) bool {
	if format == "json" {
		var record struct{ Time, Level, Msg string }
		return json.Unmarshal([]byte(line), &record) == nil && record.Time != "" && record.Msg != "forged"
	}
	return strings.HasPrefix(line, "time=") && !strings.Contains(line, " msg=forged\n")
}
