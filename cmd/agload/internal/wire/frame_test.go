package wire_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/gobwas/ws"

	"github.com/socketcluster-go/socketcluster/cmd/agload/internal/wire"
)

// What is written is what another implementation reads.
func TestAppendFrame(t *testing.T) {
	before := []byte("before")
	for _, size := range []int{0, 1, 7, 8, 13, 125, 126, 127, 65_535, 65_536, 1 << 20} {
		payload := bytes.Repeat([]byte("abcdefg"), size/7+1)[:size]
		b := wire.AppendFrame(bytes.Clone(before), wire.OpText, payload, 0x81c2e3f4)
		if !bytes.HasPrefix(b, before) {
			t.Fatalf("%d bytes: what stood before was changed", size)
		}
		r := bytes.NewReader(b[len(before):])
		h, err := ws.ReadHeader(r)
		if err != nil || !h.Fin || h.OpCode != ws.OpText || !h.Masked || h.Length != int64(size) {
			t.Fatalf("%d bytes: header %+v, %v", size, h, err)
		}
		got, _ := io.ReadAll(r)
		ws.Cipher(got, h.Mask, 0)
		if !bytes.Equal(got, payload) {
			t.Errorf("%d bytes: the payload arrives changed", size)
		}
	}
}

func TestParseFrame(t *testing.T) {
	for _, size := range []int{0, 125, 126, 65_535, 65_536} {
		whole := ws.MustCompileFrame(ws.NewTextFrame(bytes.Repeat([]byte("x"), size)))
		for n := range min(len(whole), 20) {
			if _, got, err := wire.ParseFrame(whole[:n]); err != nil || got != 0 && got != len(whole) {
				t.Fatalf("%d of %d bytes: size %d, %v", n, len(whole), got, err)
			}
		}
		f, got, err := wire.ParseFrame(append(bytes.Clone(whole), "rest"...))
		if err != nil || got != len(whole) || f.Op != wire.OpText || !f.Final || len(f.Payload) != size {
			t.Errorf("size %d: ParseFrame() = %v final %v, %d bytes, size %d, %v", size, f.Op, f.Final, len(f.Payload), got, err)
		}
	}
	for name, text := range map[string]string{
		"Masked": "\x81\x80abcd", "Reserved": "\xc1\x00", "TooLong": "\x81\x7f\x7f\xff\xff\xff\xff\xff\xff\xff",
	} {
		if _, _, err := wire.ParseFrame([]byte(text)); !errors.Is(err, wire.ErrFrame) {
			t.Errorf("%s: error %v, want %v", name, err, wire.ErrFrame)
		}
	}
}

func TestParseUpgraded(t *testing.T) {
	request := string(wire.AppendUpgrade(nil, "/socketcluster/?a=b", "example.com:1"))
	var answer strings.Builder
	_, err := ws.Upgrade(struct {
		io.Reader
		io.Writer
	}{strings.NewReader(request), &answer})
	if err != nil {
		t.Fatalf("the request is not understood: %v", err)
	}
	good := answer.String()
	for n := range len(good) {
		if size, err := wire.ParseUpgraded([]byte(good[:n])); size != 0 || err != nil {
			t.Fatalf("%d of %d bytes: %d, %v, want to wait", n, len(good), size, err)
		}
	}
	if size, err := wire.ParseUpgraded([]byte(good + "\x81\x00")); size != len(good) || err != nil {
		t.Errorf("ParseUpgraded() = %d, %v, want %d", size, err, len(good))
	}
	for name, text := range map[string]string{
		"Status":  "HTTP/1.1 400 Bad Request\r\n\r\n",
		"Accept":  "HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: wrong\r\n\r\n",
		"Endless": "HTTP/1.1 101 " + strings.Repeat("x", 70_000),
	} {
		var refused *wire.UpgradeError
		if _, err := wire.ParseUpgraded([]byte(text)); !errors.As(err, &refused) {
			t.Errorf("%s: error %v, want an UpgradeError", name, err)
		}
	}
}
