package protocol_test

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/socketcluster-go/socketcluster/protocol"
)

// vector is a message, and what the reference makes of it; see
// testdata/generate.cjs.
type vector struct {
	Hex string `json:"hex"`
	described
	Elements []described `json:"elements"`
}

type described struct {
	Kind  string          `json:"kind"`
	Event json.RawMessage `json:"event"`
	ID    string          `json:"id"`
	Data  *string         `json:"data"`
	Error *string         `json:"error"`
}

func (v vector) message(t testing.TB) []byte {
	t.Helper()
	message, err := hex.DecodeString(v.Hex)
	if err != nil {
		t.Fatal(err)
	}
	return message
}

func readVectors(t testing.TB) []vector {
	t.Helper()
	var file struct{ Handmade, Conversation []vector }
	readJSON(t, "testdata/packets.json", &file)
	return append(file.Handmade, file.Conversation...)
}

func readJSON(t testing.TB, name string, into any) {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

func TestParse_AsTheReference(t *testing.T) {
	for _, v := range readVectors(t) {
		message := v.message(t)
		p := protocol.Parse(message)
		checkPacket(t, message, p, v.described)
		var got []protocol.Packet
		for e := range p.Elements() {
			got = append(got, e)
		}
		if len(got) != len(v.Elements) {
			t.Errorf("Parse(%q) has %d elements, want %d", message, len(got), len(v.Elements))
			continue
		}
		for i, e := range got {
			checkPacket(t, message, e, v.Elements[i])
		}
	}
}

func checkPacket(t *testing.T, message []byte, p protocol.Packet, want described) {
	t.Helper()
	if p.Kind.String() != want.Kind {
		t.Errorf("Parse(%q).Kind = %v, want %v", message, p.Kind, want.Kind)
		return
	}
	if p.Kind == protocol.KindRaw || p.Kind == protocol.KindBatch {
		return
	}
	if want.Event != nil {
		if got := protocol.AppendString(nil, p.Event); string(got) != string(want.Event) {
			t.Errorf("Parse(%q).Event = %s, want %s", message, got, want.Event)
		}
	}
	if want.ID != "" && p.ID.String() != want.ID {
		t.Errorf("Parse(%q).ID = %v, want %v", message, p.ID, want.ID)
	}
	checkData(t, message, "Data", p.Data, want.Data)
	checkData(t, message, "Error", p.Error, want.Error)
}

// checkData compares what the two texts mean: the reference prints again what
// it has parsed.
func checkData(t *testing.T, message []byte, field string, got protocol.Data, want *string) {
	t.Helper()
	if want == nil {
		if got != nil {
			t.Errorf("Parse(%q).%s = %s, want none", message, field, got)
		}
		return
	}
	var g, w any
	if err := json.Unmarshal([]byte(*want), &w); err != nil {
		t.Fatal(err)
	}
	if err := got.Decode(&g); err != nil || !reflect.DeepEqual(g, w) {
		t.Errorf("Parse(%q).%s = %s (%v), want %s", message, field, got, err, *want)
	}
}

func TestParse_DoesNotAllocate(t *testing.T) {
	for _, message := range [][]byte{rpcFrame, publishFrame, batchFrame, []byte(`{"rid":7,"data":{"a":[1,"é"]}}`), []byte("hello")} {
		if n := testing.AllocsPerRun(100, func() { protocol.Parse(message) }); n != 0 {
			t.Errorf("Parse(%.40q) allocates %v times, want 0", message, n)
		}
	}
}

func TestParse_PayloadKeepsItsBytes(t *testing.T) {
	const data = `{ "b" : 1.0 , "a":"\u0041\/", "b":2e0 }`
	p := protocol.Parse([]byte(`{"event":"x","data": ` + data + ` }`))
	if string(p.Data) != data {
		t.Errorf("Data = %s, want %s", p.Data, data)
	}
	if cap(p.Data) != len(p.Data) {
		t.Errorf("cap(Data) = %d, want %d: an append would write into the message", cap(p.Data), len(p.Data))
	}
}

func TestParse_Depth(t *testing.T) {
	nested := func(depth int) []byte {
		return []byte(`{"event":"x","data":` + strings.Repeat("[", depth-1) + strings.Repeat("]", depth-1) + `}`)
	}
	if got := protocol.Parse(nested(protocol.MaxDepth)).Kind; got != protocol.KindTransmit {
		t.Errorf("Parse() at MaxDepth = %v, want transmit", got)
	}
	if got := protocol.Parse(nested(protocol.MaxDepth + 1)).Kind; got != protocol.KindRaw {
		t.Errorf("Parse() beyond MaxDepth = %v, want raw", got)
	}
	if got := protocol.Parse([]byte(strings.Repeat("[", 1<<20))).Kind; got != protocol.KindRaw {
		t.Errorf("Parse() of a million brackets = %v, want raw", got)
	}
}

func TestParse_Truncated(t *testing.T) {
	whole := ` {"event":"a\u0062\n","data":{"x":[1.5e3,true,null,{"é":"y"}]},"cid":12} `
	if p := protocol.Parse([]byte(whole)); p.Kind != protocol.KindInvoke {
		t.Fatalf("Parse() = %v, want invoke", p.Kind)
	}
	for n := range len(whole) - 1 {
		for _, message := range []string{whole[:n], "[" + whole[:n], "[1," + whole[:n] + "]"} {
			if p := protocol.Parse([]byte(message)); p.Kind != protocol.KindRaw && n > 1 {
				t.Errorf("Parse(%q) = %v, want raw", message, p.Kind)
			}
		}
	}
}

// What costs much to look at must cost in proportion to its length; a quadratic
// step would show as a test that does not end.
func TestParse_HostileSizes(t *testing.T) {
	const n = 1 << 17
	for name, message := range map[string]string{
		"Overflows":       `{"event":"e","data":[` + strings.Repeat("1e999999,", n) + `0]}`,
		"OverflowBatch":   "[" + strings.Repeat(`{"event":"e","data":1e400},`, n) + "1]",
		"LongNumber":      `{"event":"e","data":` + strings.Repeat("9", n) + `}`,
		"LongExponent":    `{"event":"e","cid":1e` + strings.Repeat("0", n) + `1}`,
		"DoubledKeys":     `{"event":"e"` + strings.Repeat(`,"data":1`, n) + `}`,
		"EscapedKeys":     `{"event":"e"` + strings.Repeat(`,"\u0064ata":1`, n) + `}`,
		"EmptyElements":   "[" + strings.Repeat("[],", n) + "[]]",
		"BadUTF8":         `{"event":"e","data":"` + strings.Repeat("\xff", n) + `"}`,
		"ErrorWithFields": `{"rid":1,"error":{` + strings.Repeat(`"a":1,"b":2,`, n) + `"c":3}}`,
	} {
		t.Run(name, func(t *testing.T) {
			p := protocol.Parse([]byte(message))
			if p.Kind == protocol.KindRaw {
				t.Fatal("Parse() = raw, want a packet")
			}
			for range p.Elements() {
				continue
			}
			if err := protocol.Hydrate(p.Error); err != nil && len(protocol.Dehydrate(err)) > 100 {
				t.Error("doubled fields were not merged")
			}
		})
	}
}

func TestPacket_Clone(t *testing.T) {
	message := []byte(`{"event":"name","cid":1,"data":{"a":1},"error":2}`)
	p := protocol.Parse(message).Clone()
	clear(message)
	if p.Event != "name" || string(p.Data) != `{"a":1}` {
		t.Errorf("Clone() = %q %s after the message was overwritten", p.Event, p.Data)
	}
}

func TestPacket_ElementsStops(t *testing.T) {
	n := 0
	for range protocol.Parse(batchFrame).Elements() {
		if n++; n == 3 {
			break
		}
	}
	if n != 3 {
		t.Errorf("Elements() ran %d times, want 3", n)
	}
	for range protocol.Parse(rpcFrame).Elements() {
		t.Error("Elements() of a packet that is no batch gave one")
	}
}

func TestKind_String(t *testing.T) {
	if got := protocol.Kind(99).String(); got != "unknown" {
		t.Errorf("String() = %q, want unknown", got)
	}
}
