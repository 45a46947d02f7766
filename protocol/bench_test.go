package protocol_test

import (
	"strings"
	"testing"

	"github.com/socketcluster-go/socketcluster/protocol"
)

var (
	rpcFrame     = []byte(`{"event":"sum","data":[1,2,3.5],"cid":17}`)
	callFrame    = []byte(`{"event":"echo","data":{"text":"` + strings.Repeat("x", 117) + `"},"cid":123456}`)
	publishFrame = []byte(`{"event":"#publish","data":{"channel":"room-1","data":{"user":"Ada","text":"` +
		strings.Repeat("Lorem ipsum dolor sit amet. ", 7) + `","at":1700000000000}},"cid":42}`)
	largeFrame = []byte(`{"event":"#publish","data":{"channel":"room-1","data":"` + strings.Repeat("x", 4096) + `"}}`)
	batchFrame = []byte("[" + strings.Repeat(string(rpcFrame)+",", 9) + string(rpcFrame) + "]")
)

func benchmarkParse(b *testing.B, message []byte) {
	b.ReportAllocs()
	b.SetBytes(int64(len(message)))
	for b.Loop() {
		if protocol.Parse(message).Kind == protocol.KindRaw {
			b.Fatal("Parse() = raw, want a packet")
		}
	}
}

func BenchmarkParse(b *testing.B) {
	b.Run("RPC", func(b *testing.B) { benchmarkParse(b, rpcFrame) })
	b.Run("Call", func(b *testing.B) { benchmarkParse(b, callFrame) })
	b.Run("Publish", func(b *testing.B) { benchmarkParse(b, publishFrame) })
	b.Run("Publish4k", func(b *testing.B) { benchmarkParse(b, largeFrame) })
	b.Run("Batch", func(b *testing.B) { benchmarkParse(b, batchFrame) })
}

func BenchmarkParseData(b *testing.B) {
	data := protocol.Parse(callFrame).Data
	b.ReportAllocs()
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, err := protocol.ParseData(data); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPacket_Elements(b *testing.B) {
	p := protocol.Parse(batchFrame)
	b.ReportAllocs()
	b.SetBytes(int64(len(batchFrame)))
	for b.Loop() {
		n := 0
		for e := range p.Elements() {
			if e.Kind == protocol.KindInvoke {
				n++
			}
		}
		if n != 10 {
			b.Fatalf("Elements() gave %d invokes, want 10", n)
		}
	}
}

func BenchmarkChannelOf(b *testing.B) {
	d := protocol.Parse(publishFrame).Data
	b.ReportAllocs()
	for b.Loop() {
		if _, _, ok := protocol.ChannelOf(d); !ok {
			b.Fatal("ChannelOf() failed")
		}
	}
}

func BenchmarkAppend(b *testing.B) {
	data := protocol.Data(`{"user":"Ada","text":"hello"}`)
	id := protocol.NewCallID(42)
	buf := make([]byte, 0, 256)
	b.Run("Reply", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			buf = protocol.AppendReply(buf[:0], id, data)
		}
	})
	b.Run("Invoke", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			buf = protocol.AppendInvoke(buf[:0], "sum", id, data)
		}
	})
	b.Run("Publish", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			buf = protocol.AppendPublish(buf[:0], "room-1", data)
		}
	})
}

func BenchmarkAppendString(b *testing.B) {
	text := strings.Repeat("Lorem ipsum dolor sit amet é. ", 32)
	buf := make([]byte, 0, 2048)
	b.ReportAllocs()
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		buf = protocol.AppendString(buf[:0], text)
	}
}

func BenchmarkEncode(b *testing.B) {
	value := struct {
		User string `json:"user"`
		Text string `json:"text"`
	}{"Ada", "hello"}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := protocol.Encode(value); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDehydrate(b *testing.B) {
	err := protocol.NewBadConnectionError("m", "disconnect", protocol.CloseAbnormal, "")
	b.ReportAllocs()
	for b.Loop() {
		if protocol.Dehydrate(err) == nil {
			b.Fatal("Dehydrate() = nil")
		}
	}
}
