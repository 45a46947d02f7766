package load_test

import (
	"encoding/json"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
)

// faulty is a server that does what it is told with what it sends: deliver gets
// the number of each delivery and its text, answer the same of the answers to
// publications and calls; both return the texts to send in its place.
type faulty struct {
	deliver, answer func(n int, text string) []string
	write           func(c net.Conn, text string) error

	mu      sync.Mutex
	peers   map[net.Conn]*peer
	answers int
}

// peer is a connection to the server, written to under the server's lock.
type peer struct {
	channel   string
	delivered int
}

// same changes nothing.
func same(_ int, text string) []string { return []string{text} }

// start returns the URL of the server; it ends with the test.
func (f *faulty) start(t *testing.T) string {
	t.Helper()
	f.peers, f.answers = map[net.Conn]*peer{}, 0 // the table of faults is used again with -count
	if f.deliver == nil {
		f.deliver = same
	}
	if f.answer == nil {
		f.answer = same
	}
	if f.write == nil {
		f.write = func(c net.Conn, text string) error { return wsutil.WriteServerText(c, []byte(text)) }
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() { f.serve(c) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		f.mu.Lock()
		for c := range f.peers {
			c.Close()
		}
		f.mu.Unlock()
		all.Wait()
	})
	return "ws://" + l.Addr().String() + "/socketcluster/"
}

// answered returns how many publications and calls there were.
func (f *faulty) answered() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.answers
}

func (f *faulty) serve(c net.Conn) {
	defer c.Close()
	if _, err := ws.Upgrade(c); err != nil {
		return
	}
	f.mu.Lock()
	f.peers[c] = &peer{}
	f.mu.Unlock()
	for {
		m, err := wsutil.ReadClientText(c)
		if err != nil {
			f.mu.Lock()
			delete(f.peers, c)
			f.mu.Unlock()
			return
		}
		f.message(c, m)
	}
}

func (f *faulty) message(c net.Conn, m []byte) {
	var packet struct {
		Event string
		Data  json.RawMessage
		CID   int
	}
	var data struct {
		Channel string
		Data    json.RawMessage
	}
	if json.Unmarshal(m, &packet) != nil {
		return // a pong
	}
	json.Unmarshal(packet.Data, &data)
	f.mu.Lock()
	defer f.mu.Unlock()
	answer := fmt.Sprintf(`{"rid":%d}`, packet.CID)
	switch packet.Event {
	case "#handshake":
		f.write(c, answer)
		return
	case "#subscribe":
		f.peers[c].channel = data.Channel
		f.write(c, answer)
		return
	case "#publish":
		f.publish(data.Channel, string(data.Data))
	default:
		answer = fmt.Sprintf(`{"rid":%d,"data":%s}`, packet.CID, packet.Data)
	}
	f.answers++
	for _, text := range f.answer(f.answers, answer) {
		f.write(c, text)
	}
}

// publish delivers to all subscribers. Each of them sees the same faults.
func (f *faulty) publish(channel, data string) {
	text := fmt.Sprintf(`{"event":"#publish","data":{"channel":%q,"data":%s}}`, channel, data)
	for c, p := range f.peers {
		if p.channel != channel {
			continue
		}
		p.delivered++
		for _, one := range f.deliver(p.delivered, text) {
			if one == cut {
				c.Close()
				continue
			}
			f.write(c, one)
		}
	}
}

// cut as a text cuts the connection.
const cut = "cut"

// at5 changes one message, the fifth.
func at5(change func(text string) []string) func(int, string) []string {
	return func(n int, text string) []string {
		if n != 5 {
			return []string{text}
		}
		return change(text)
	}
}

// writeRaw writes frames that the header function has changed.
func writeRaw(change func(*ws.Header)) func(net.Conn, string) error {
	return func(c net.Conn, text string) error {
		frame := ws.NewTextFrame([]byte(text))
		if strings.Contains(text, "#publish") {
			change(&frame.Header)
		}
		return ws.WriteFrame(c, frame)
	}
}
