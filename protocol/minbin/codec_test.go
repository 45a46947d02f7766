package minbin_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/socketcluster-go/socketcluster/protocol"
	"github.com/socketcluster-go/socketcluster/protocol/minbin"
)

// vectors are what the JavaScript codec writes and reads; see
// testdata/generate.cjs.
type vectors struct {
	Encoded []struct{ JSON, Hex, Decoded string }
	Decoded []struct {
		Hex, JSON, Error string
	}
	Large []struct{ Name, SHA256 string }
}

func readVectors(t testing.TB) vectors {
	t.Helper()
	text, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var v vectors
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestCodec_EncodeAsTheReference(t *testing.T) {
	for _, v := range readVectors(t).Encoded {
		got, err := minbin.Codec{}.Encode([]byte("before"), []byte(v.JSON))
		if err != nil || hex.EncodeToString(got) != hex.EncodeToString([]byte("before"))+v.Hex {
			t.Errorf("Encode(%.80s) = %.80x, %v, want %.80s", v.JSON, got, err, v.Hex)
		}
		decoded, err := minbin.Codec{}.Decode(nil, unhex(t, v.Hex))
		if err != nil || !sameValue(t, decoded, v.Decoded) {
			t.Errorf("Decode(%.80s) = %.80s, %v, want %.80s", v.Hex, decoded, err, v.Decoded)
		}
	}
}

func TestCodec_DecodeAsTheReference(t *testing.T) {
	for _, v := range readVectors(t).Decoded {
		got, err := minbin.Codec{}.Decode([]byte("before"), unhex(t, v.Hex))
		if v.Error != "" {
			if err == nil {
				t.Errorf("Decode(%s) = %s, want an error as %q", v.Hex, got, v.Error)
			}
			continue
		}
		if err != nil || !bytes.HasPrefix(got, []byte("before")) || !sameValue(t, got[6:], v.JSON) {
			t.Errorf("Decode(%s) = %s, %v, want %s", v.Hex, got, err, v.JSON)
		}
	}
}

// sameValue compares JSON by what it means, without the members of packets that
// mean nothing.
func sameValue(t *testing.T, got []byte, want string) bool {
	t.Helper()
	data, err := protocol.ParseData(got) // infinities become null
	if err != nil {
		t.Errorf("%s is no JSON", got)
		return false
	}
	var g, w any
	if err := json.Unmarshal(data, &g); err != nil {
		t.Error(err)
	}
	if err := json.Unmarshal([]byte(want), &w); err != nil {
		t.Fatal(err)
	}
	if list, ok := w.([]any); ok {
		for _, element := range list {
			trim(element)
		}
	}
	trim(w)
	return reflect.DeepEqual(g, w)
}

func trim(packet any) {
	object, _ := packet.(map[string]any)
	if object["base64"] == true {
		return
	}
	for key := range object {
		switch key {
		case "event", "cid", "rid", "error", "data":
		default:
			delete(object, key)
		}
	}
}

func TestCodec_LargeValues(t *testing.T) {
	counting := make(protocol.Binary, 65536)
	for i := range counting {
		counting[i] = byte(i % 251)
	}
	var object strings.Builder
	for i := range 70000 {
		fmt.Fprintf(&object, `,"k%d":%d`, i, i)
	}
	values := map[string][]byte{
		"string":  []byte(`"` + strings.Repeat("é", 40000) + `"`),
		"array":   []byte("[" + strings.Repeat("1,", 69999) + "1]"),
		"map":     []byte("{" + object.String()[1:] + "}"),
		"bytes16": counting[:65535].AppendJSON(nil),
		"bytes32": counting.AppendJSON(nil),
	}
	for _, v := range readVectors(t).Large {
		packet := protocol.AppendInvoke(nil, "v", protocol.NewCallID(7), values[v.Name])
		got, err := minbin.Codec{}.Encode(nil, packet)
		if sum := sha256.Sum256(got); err != nil || hex.EncodeToString(sum[:]) != v.SHA256 {
			t.Errorf("Encode(%s) is not what the reference writes (%v)", v.Name, err)
		}
		again, err := minbin.Codec{}.Decode(nil, got)
		if err != nil || !bytes.Equal(again, packet) {
			t.Errorf("Decode(Encode(%s)) is not what it was (%v)", v.Name, err)
		}
	}
}

func TestCodec_WhiteSpace(t *testing.T) {
	const loose = " [ {\n\"event\" :\t\"a\" , \"data\" : { \"base64\" : true , \"data\" : \"AQI=\" } } , { \"rid\" : 1 , \"data\" : [ 1 , { } , [ ] , \"a,]}\\\\\" ] } ] "
	const tight = `[{"event":"a","data":{"base64":true,"data":"AQI="}},{"rid":1,"data":[1,{},[],"a,]}\\"]}]`
	got, err := minbin.Codec{}.Encode(nil, []byte(loose))
	want, _ := minbin.Codec{}.Encode(nil, []byte(tight))
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("Encode() = %x, %v, want %x", got, err, want)
	}
}

func TestCodec_Binary(t *testing.T) {
	if !(minbin.Codec{}).Binary() {
		t.Error("Binary() = false, want true")
	}
}

func TestCodec_EncodeRefuses(t *testing.T) {
	for _, text := range []string{"", "{", `{"event":"a"}x`, "#1", strings.Repeat("[", 1000)} {
		if got, err := (minbin.Codec{}).Encode(nil, []byte(text)); err == nil {
			t.Errorf("Encode(%.20q) = %x, want an error", text, got)
		}
	}
}

func TestCodec_DecodeIsBounded(t *testing.T) {
	deep := func(n int) []byte { return append(bytes.Repeat([]byte{0x91}, n), 0x01) }
	if _, err := (minbin.Codec{}).Decode(nil, append(unhex(t, "81a16592a178"), deep(protocol.MaxDepth-2)...)); err != nil {
		t.Errorf("Decode() within MaxDepth: %v", err)
	}
	for name, message := range map[string][]byte{
		"Depth":  append(unhex(t, "81a16592a178"), deep(1<<20)...),
		"Batch":  deep(1 << 20),
		"Maps":   bytes.Repeat(unhex(t, "81a161"), 1<<18),
		"Array":  unhex(t, "ddffffffff"),
		"Map":    unhex(t, "dfffffffff"),
		"String": unhex(t, "dbffffffff"),
		"Bytes":  unhex(t, "c6ffffffff"),
		"Key":    unhex(t, "8190c0"),
	} {
		if _, err := (minbin.Codec{}).Decode(nil, message); err == nil {
			t.Errorf("%s: Decode() succeeds, want an error", name)
		}
	}
}

func TestCodec_InfiniteCallIDIsACall(t *testing.T) {
	got, err := minbin.Codec{}.Decode(nil, unhex(t, "81a16593a178c0cb7ff0000000000000"))
	if p := protocol.Parse(got); err != nil || p.Kind != protocol.KindInvoke {
		t.Errorf("Decode() = %s, %v, want a call", got, err)
	}
}

func TestCodec_ManyAtOnce(t *testing.T) {
	packet := []byte(`{"event":"a","cid":1,"data":{"x":[1,"two",null]}}`)
	done := make(chan error)
	for range 8 {
		go func() {
			for range 100 {
				message, err := minbin.Codec{}.Encode(nil, packet)
				if err != nil {
					done <- err
					return
				}
				if again, err := (minbin.Codec{}).Decode(nil, message); err != nil || !bytes.Equal(again, packet) {
					done <- fmt.Errorf("got %s, %v", again, err)
					return
				}
			}
			done <- nil
		}()
	}
	for range 8 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// growth is by how much JSON is longer than a message at most: three bytes are an
// extension value, and {"buffer":{"base64":true,"data":"AA=="},"type":-128}, is the
// longest text of one.
const growth = 18

// FuzzDecode: whatever comes, Decode does not panic, and what it returns is
// JSON, bounded by the message, that can be written and read again.
func FuzzDecode(f *testing.F) {
	v := readVectors(f)
	for _, e := range v.Encoded {
		f.Add(unhex(f, e.Hex))
	}
	for _, d := range v.Decoded {
		f.Add(unhex(f, d.Hex))
	}
	f.Fuzz(func(t *testing.T, message []byte) {
		text, err := minbin.Codec{}.Decode(nil, message)
		if err != nil {
			return
		}
		if !json.Valid(text) {
			t.Fatalf("Decode(%x) = %s, which is no JSON", message, text)
		}
		if len(text) > growth*len(message)+100 {
			t.Errorf("Decode(%x) is %d bytes long", message, len(text))
		}
		data, err := protocol.ParseData(text)
		if err != nil {
			t.Fatalf("ParseData(%s) = %v", text, err)
		}
		packet := protocol.AppendTransmit(nil, "v", data)
		again, err := minbin.Codec{}.Encode(nil, packet)
		if err != nil {
			return // one too deep now
		}
		back, err := minbin.Codec{}.Decode(nil, again)
		if err != nil || !sameValue(t, back, string(packet)) {
			t.Errorf("Decode(Encode(%s)) = %s, %v", packet, back, err)
		}
	})
}

// FuzzEncode: what Encode writes is read again as the packet that it was.
func FuzzEncode(f *testing.F) {
	for _, e := range readVectors(f).Encoded {
		f.Add([]byte(e.JSON))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		p := protocol.Parse(text)
		message, err := minbin.Codec{}.Encode(nil, text)
		if err != nil {
			if p.Kind != protocol.KindRaw {
				t.Errorf("Encode(%q): %v", text, err)
			}
			return
		}
		if p.Kind == protocol.KindRaw || p.Kind == protocol.KindBatch || p.ID.String() == "null" {
			return
		}
		back, err := minbin.Codec{}.Decode(nil, message)
		if got := protocol.Parse(back); err != nil || got.Kind != p.Kind || got.ID != p.ID {
			t.Errorf("Decode(Encode(%q)) = %s, %v", text, back, err)
		}
	})
}

func BenchmarkCodec(b *testing.B) {
	packet := []byte(`{"event":"#publish","data":{"channel":"room-1","data":{"user":"Ada","text":"hello there","at":1700000000000}},"cid":42}`)
	message, err := minbin.Codec{}.Encode(nil, packet)
	if err != nil {
		b.Fatal(err)
	}
	buf := make([]byte, 0, 512)
	b.Run("Encode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := (minbin.Codec{}).Encode(buf, packet); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("Decode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := (minbin.Codec{}).Decode(buf, message); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func ExampleCodec() {
	var c protocol.Codec = minbin.Codec{}
	message, err := c.Encode(nil, []byte(`{"event":"#publish","data":{"channel":"room","data":[1,2]}}`))
	fmt.Printf("%x %v\n", message, err)
	packet, err := c.Decode(nil, message)
	fmt.Printf("%s %v\n", packet, err)
	// Output:
	// 81a17092a4726f6f6d920102 <nil>
	// {"event":"#publish","data":{"channel":"room","data":[1,2]}} <nil>
}
