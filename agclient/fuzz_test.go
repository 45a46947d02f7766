package agclient_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"github.com/socketcluster-go/socketcluster/agclient"
)

// FuzzFrames reads frames that nobody has made. Whatever they are, there is an
// end, no message is over the limit, and what reading makes of them is what it
// makes of them whole: written as frames again, the messages come back.
func FuzzFrames(f *testing.F) {
	frames := func(list ...ws.Frame) []byte {
		var b bytes.Buffer
		for _, fr := range list {
			ws.MustWriteFrame(&b, fr)
		}
		return b.Bytes()
	}
	f.Add(frames(ws.NewTextFrame([]byte(`{"event":"#publish","data":{"channel":"x","data":1}}`))))
	f.Add(frames(ws.NewTextFrame(nil), ws.NewPingFrame(nil), ws.NewCloseFrame(ws.NewCloseFrameBody(4001, "x"))))
	f.Add(frames(fragment(ws.OpText, "a"), ws.NewPongFrame([]byte("x")), ws.NewFrame(ws.OpContinuation, true, []byte("b"))))
	f.Add([]byte{0x82, 127, 0xff, 0, 0, 0, 0, 0, 0, 0})
	f.Add([]byte{0x82, 126, 0x01, 0x00, 'x'})
	f.Fuzz(func(t *testing.T, in []byte) {
		const limit = 1 << 16
		messages, err := agclient.ReadMessages(in, limit)
		if err == nil {
			t.Fatal("no end")
		}
		var again []byte
		for _, m := range messages {
			if len(m) > limit {
				t.Fatalf("message of %d bytes", len(m))
			}
			var b bytes.Buffer
			ws.MustWriteFrame(&b, ws.NewBinaryFrame(m))
			again = append(again, b.Bytes()...)
		}
		got, _ := agclient.ReadMessages(again, limit)
		if len(got) != len(messages) {
			t.Fatalf("%d messages, then %d", len(messages), len(got))
		}
		for i := range got {
			if !bytes.Equal(got[i], messages[i]) {
				t.Fatalf("message %d = %q, then %q", i, messages[i], got[i])
			}
		}
	})
}

// FuzzAppendFrame writes messages and reads them as a server does.
func FuzzAppendFrame(f *testing.F) {
	f.Add([]byte(nil))
	f.Add(bytes.Repeat([]byte("x"), 125))
	f.Add(bytes.Repeat([]byte("y"), 126))
	f.Add(bytes.Repeat([]byte("z"), 1<<16))
	f.Fuzz(func(t *testing.T, payload []byte) {
		frame := agclient.AppendFrame([]byte("before"), ws.OpBinary, payload)
		r := bytes.NewBuffer(frame[len("before"):])
		got, err := wsutil.ReadClientBinary(r)
		if err != nil || !bytes.Equal(got, payload) || r.Len() != 0 {
			t.Errorf("read %d bytes, %v, want %d", len(got), err, len(payload))
		}
	})
}

// FuzzClaims reads tokens of any kind: the claims are JSON or nothing.
func FuzzClaims(f *testing.F) {
	for _, signed := range []string{"", ".", "..", bobToken, badToken, token(`{"a":1e999}`), "a.\xff.b", token("\xff")} {
		f.Add(signed)
	}
	f.Fuzz(func(t *testing.T, signed string) {
		if claims := agclient.ClaimsOf(signed); claims != nil && !json.Valid(claims) {
			t.Errorf("claims of %q = %q, want JSON", signed, claims)
		}
	})
}
