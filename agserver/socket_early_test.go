package agserver_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/socketcluster-go/socketcluster/agserver"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// What a client sends before the loop over connections has attached its
// consumers is kept for them.
func TestSocket_EarlyMessages(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		srv := r.serve(agserver.Options{})
		connections := srv.Events().Connection.Consume()
		c, _ := r.shake()
		for i := range 3 {
			c.Send(fmt.Sprintf(`{"event":"ask","data":%d,"cid":%d}`, i, i+2))
			c.Send(fmt.Sprintf(`{"event":"tell","data":%d}`, i))
		}
		time.Sleep(500 * time.Millisecond)
		sock := next(t, connections).Socket
		requests, messages := sock.Procedure("ask").Consume(), sock.Receiver("tell").Consume()
		for i := range 3 {
			if got := next(t, messages).String(); got != fmt.Sprint(i) {
				t.Errorf("tell = %s, want %d", got, i)
			}
			check(t, next(t, requests).Reply(i))
			c.Expect(fmt.Sprintf(`{"rid":%d,"data":%d}`, i+2, i))
		}
		// A second consumer sees only what comes from now on.
		again := sock.Receiver("tell").Consume()
		c.Send(`{"event":"tell","data":3}`)
		if a, b := next(t, messages).String(), next(t, again).String(); a != "3" || b != "3" {
			t.Errorf("tell = %s and %s, want 3", a, b)
		}
	})
}

// Nothing is kept where nobody could come for it.
func TestSocket_EarlyMessagesUnwanted(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		r.serve(agserver.Options{})
		c, sock := r.shake()
		c.Send(`{"event":"tell"}`)
		c.Send(`{"event":"ask","cid":2}`)
		synctest.Wait()
		if n, m := len(drain(sock.Receiver("tell").Consume())), len(drain(sock.Procedure("ask").Consume())); n+m != 0 {
			t.Errorf("%d messages and %d calls were kept, want none", n, m)
		}
	})
}

// What nobody comes for is dropped in the end, and as many are kept as there is
// room for.
func TestSocket_EarlyMessagesEnd(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		srv := r.serve(agserver.Options{UnknownProcedure: agserver.UnknownError, PingTimeoutDisabled: true})
		connections := srv.Events().Connection.Consume()
		c, _ := r.shake()
		sock := next(t, connections).Socket
		c.Send(`{"event":"ask","cid":2}`)
		for i := range 150 {
			c.Send(fmt.Sprintf(`{"event":"tell","data":%d}`, i))
		}
		synctest.Wait()
		messages := drain(sock.Receiver("tell").Consume())
		if n := len(messages); n < 90 || n > 100 {
			t.Errorf("%d messages were kept, want about a hundred", n)
		}
		for i, got := range messages {
			if got.String() != fmt.Sprint(i) {
				t.Fatalf("message %d = %s, want the first ones in order", i, got)
			}
		}
		if got := protocol.Data(c.Next()); got.Get("error.name").String() != "UnknownProcedureError" {
			t.Errorf("answer = %s, want UnknownProcedureError", got)
		}
		c.Send(`{"event":"ask","cid":3}`) // too late to be kept
		if got := protocol.Data(c.Next()); got.Get("error.name").String() != "UnknownProcedureError" {
			t.Errorf("answer = %s, want UnknownProcedureError", got)
		}
	})
}
