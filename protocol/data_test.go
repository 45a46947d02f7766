package protocol_test

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/socketcluster-go/socketcluster/protocol"
)

func TestData_Decode(t *testing.T) {
	var in struct {
		User struct{ Age int }
	}
	t.Run("OK", func(t *testing.T) {
		if err := protocol.Data(`{"user":{"age":7}}`).Decode(&in); err != nil || in.User.Age != 7 {
			t.Errorf("Decode() = %v, %v, want 7", in, err)
		}
	})
	t.Run("NoData", func(t *testing.T) {
		if err := protocol.Data(nil).Decode(&in); !errors.Is(err, protocol.ErrNoData) {
			t.Errorf("Decode() = %v, want %v", err, protocol.ErrNoData)
		}
	})
	for name, text := range map[string]string{"WrongType": `{"user":{"age":"x"}}`, "WrongWhole": `[1]`, "NoJSON": `{`} {
		t.Run(name, func(t *testing.T) {
			err := protocol.Data(text).Decode(&in)
			if !errors.Is(err, protocol.ErrInvalidArguments) {
				t.Errorf("Decode(%s) = %v, want an InvalidArgumentsError", text, err)
			}
			if strings.Contains(err.Error(), "struct") || strings.Contains(err.Error(), "Go") {
				t.Errorf("Decode(%s) = %q, which tells of Go types", text, err)
			}
		})
	}
	t.Run("NamedError", func(t *testing.T) {
		var b protocol.Binary
		if err := protocol.Data(`{"base64":true,"data":"%"}`).Decode(&b); !errors.Is(err, protocol.ErrInvalidArguments) {
			t.Errorf("Decode() = %v, want an InvalidArgumentsError", err)
		}
	})
	t.Run("NoPointer", func(t *testing.T) {
		if err := protocol.Data(`1`).Decode(in); err == nil || errors.Is(err, protocol.ErrInvalidArguments) {
			t.Errorf("Decode() = %v, want an error that is the caller's", err)
		}
	})
}

func TestData_Falsy(t *testing.T) {
	for _, text := range []string{"null", "false", "0", "-0", "0.0", "0e5", "1e-400", `""`} {
		if !protocol.Data(text).Falsy() {
			t.Errorf("Falsy(%s) = false, want true", text)
		}
	}
	for _, text := range []string{"true", "1", "-1", "0.1", `"0"`, "[]", "{}", `"x"`} {
		if protocol.Data(text).Falsy() {
			t.Errorf("Falsy(%s) = true, want false", text)
		}
	}
	if !protocol.Data(nil).Falsy() {
		t.Error("Falsy(undefined) = false, want true")
	}
}

func TestData_Text(t *testing.T) {
	if s, ok := protocol.Data(`"a\n\u00e9\ud83d\ude00"`).Text(); !ok || s != "a\né😀" {
		t.Errorf("Text() = %q, %v", s, ok)
	}
	for _, text := range []string{"", `"`, "1", "null", "{}"} {
		if s, ok := protocol.Data(text).Text(); ok {
			t.Errorf("Text(%s) = %q, true, want false", text, s)
		}
	}
}

func TestData_Basics(t *testing.T) {
	var none protocol.Data
	if none.Exists() || none.String() != "undefined" || none.IsNull() || none.Clone() != nil {
		t.Errorf("nil Data: Exists %v, String %q, IsNull %v", none.Exists(), none, none.IsNull())
	}
	if !protocol.Null.Exists() || !protocol.Null.IsNull() || protocol.Null.String() != "null" {
		t.Error("Null is not null")
	}
	if got := protocol.Data(`{"a":{"b":[1,2]}}`).Get("a.b.1").Int(); got != 2 {
		t.Errorf("Get() = %v, want 2", got)
	}
	var in struct{ A, B protocol.Data }
	if err := json.Unmarshal([]byte(`{"A":{"x":1}}`), &in); err != nil || string(in.A) != `{"x":1}` {
		t.Errorf("UnmarshalJSON gave %v, %v", in, err)
	}
	if out, err := json.Marshal(in); err != nil || string(out) != `{"A":{"x":1},"B":null}` {
		t.Errorf("MarshalJSON gave %s, %v", out, err)
	}
}

func TestParseData(t *testing.T) {
	for text, want := range map[string]string{" 1 ": "1", "[1e400]": "[null]", `"a` + "\xff" + `"`: `"a�"`, "-1e999": "null", `{"a":1}`: `{"a":1}`} {
		if got, err := protocol.ParseData([]byte(text)); err != nil || string(got) != want {
			t.Errorf("ParseData(%q) = %s, %v, want %s", text, got, err, want)
		}
	}
	for _, text := range []string{"", " ", "{", "1 2", "nul", "\xff", strings.Repeat("[", 600) + strings.Repeat("]", 600)} {
		if got, err := protocol.ParseData([]byte(text)); !errors.Is(err, protocol.ErrInvalidArguments) {
			t.Errorf("ParseData(%.20q) = %s, %v, want an InvalidArgumentsError", text, got, err)
		}
	}
}

func TestData_WithAndWithout(t *testing.T) {
	const key = "k"
	tests := []struct{ in, with, without string }{
		{`{}`, `{"k":9}`, `{}`},
		{`{"a":1}`, `{"a":1,"k":9}`, `{"a":1}`},
		{`{"k":1}`, `{"k":9}`, `{}`},
		{` { "a" : 1 , "k" : {"k":2} , "b" : [ 3 ] } `, ``, ``}, // no object: Data has no white space around it
		{`{ "a" : 1 , "k" : {"k":2} , "b" : [ 3 ] }`, `{"a" : 1,"k":9,"b" : [ 3 ]}`, `{"a" : 1,"b" : [ 3 ]}`},
		{`{"k":1,"a":2,"\u006b":3}`, `{"a":2,"k":9}`, `{"a":2}`},
		{`[1]`, `{"k":9}`, `{}`},
		{`"x"`, `{"k":9}`, `{}`},
		{`null`, `{"k":9}`, `{}`},
		{``, `{"k":9}`, `{}`},
		{`{"a":`, `{"k":9}`, `{}`},
	}
	for _, tt := range tests {
		if tt.with == "" {
			tt.with, tt.without = `{"k":9}`, `{}`
		}
		d := protocol.Data(tt.in)
		if got := d.With(key, protocol.Data("9")); string(got) != tt.with {
			t.Errorf("With(%s) = %s, want %s", tt.in, got, tt.with)
		}
		if got := d.Without(key); string(got) != tt.without {
			t.Errorf("Without(%s) = %s, want %s", tt.in, got, tt.without)
		}
		if got := d.With(key, nil); string(got) != tt.without {
			t.Errorf("With(%s, nil) = %s, want %s", tt.in, got, tt.without)
		}
	}
}

func TestData_Member(t *testing.T) {
	d := protocol.Data(`{"a":1,"b":{"a":2},"a":[3],"\u0063":null}`)
	for key, want := range map[string]string{"a": "[3]", "b": `{"a":2}`, "c": "null", "d": "undefined"} {
		if got := d.Member(key); got.String() != want {
			t.Errorf("Member(%q) = %s, want %s", key, got, want)
		}
	}
	for _, d := range []protocol.Data{nil, protocol.Null, protocol.Data(`["a"]`), protocol.Data(`"a"`)} {
		if got := d.Member("a"); got != nil {
			t.Errorf("Member() of %s = %s, want none", d, got)
		}
	}
}

func TestChannelOf(t *testing.T) {
	tests := []struct {
		in, channel, data string
		ok                bool
	}{
		{`{"channel":"a","data":{"x":1}}`, "a", `{"x":1}`, true},
		{`{"data":null,"channel":""}`, "", `null`, true},
		{`{"channel":"a"}`, "a", "", true},
		{`{"channel":"a","channel":"b","data":1,"data":2}`, "b", "2", true},
		{`{"\u0063hannel":"\u0061"}`, "a", "", true},
		{`{"channel":"a","channel":1}`, "", "", false},
		{`{"channel":1}`, "", "", false},
		{`{}`, "", "", false},
		{`"a"`, "", "", false},
		{`null`, "", "", false},
		{``, "", "", false},
		{`{"channel":"a"`, "", "", false},
	}
	for _, tt := range tests {
		channel, data, ok := protocol.ChannelOf(protocol.Data(tt.in))
		if channel != tt.channel || string(data) != tt.data || ok != tt.ok {
			t.Errorf("ChannelOf(%s) = %q, %s, %v, want %q, %s, %v", tt.in, channel, data, ok, tt.channel, tt.data, tt.ok)
		}
	}
	if n := testing.AllocsPerRun(100, func() { protocol.ChannelOf(protocol.Data(tests[0].in)) }); n > 1 {
		t.Errorf("ChannelOf() allocates %v times", n-1) // one is the conversion here
	}
}

func TestEncode(t *testing.T) {
	tests := []struct {
		in   any
		want string
	}{
		{nil, "undefined"},
		{protocol.Data(nil), "undefined"},
		{json.RawMessage(nil), "undefined"},
		{protocol.Data(` [1e400] `), "[null]"},
		{json.RawMessage(`{"a":1}`), `{"a":1}`},
		{"a<b>\u2028\"\x01", "\"a<b>\u2028\\\"\\u0001\""},
		{true, "true"}, {7, "7"}, {-1.5, "-1.5"}, {1e21, "1e+21"}, {1e-7, "1e-7"}, {math.Copysign(0, -1), "0"},
		{math.NaN(), "null"}, {math.Inf(1), "null"},
		{protocol.Binary("hi!"), `{"base64":true,"data":"aGkh"}`},
		{protocol.Binary(nil), "null"},
		{map[string]any{"b": protocol.Binary{1}, "s": "<&>"}, `{"b":{"base64":true,"data":"AQ=="},"s":"<&>"}`},
		{[]any{nil, uint8(1)}, "[null,1]"},
		{(*int)(nil), "null"},
	}
	for _, tt := range tests {
		if got, err := protocol.Encode(tt.in); err != nil || got.String() != tt.want {
			t.Errorf("Encode(%#v) = %s, %v, want %s", tt.in, got, err, tt.want)
		}
	}
	for _, bad := range []any{protocol.Data("{"), json.RawMessage("x"), make(chan int), []float64{math.NaN()}} {
		if got, err := protocol.Encode(bad); err == nil {
			t.Errorf("Encode(%#v) = %s, want an error", bad, got)
		}
	}
}

func TestBinary_Unmarshal(t *testing.T) {
	var b protocol.Binary
	for _, text := range []string{`{"base64":true,"data":"AQI="}`, `{"data":"AQI","base64":true}`} {
		if err := json.Unmarshal([]byte(text), &b); err != nil || string(b) != "\x01\x02" {
			t.Errorf("Unmarshal(%s) = %v, %v", text, b, err)
		}
	}
	for _, text := range []string{`{"base64":false,"data":"AQI="}`, `{"data":"AQI="}`, `"AQI="`, `{"base64":true,"data":"*"}`, `{"base64":true,"data":3}`} {
		if err := json.Unmarshal([]byte(text), &b); !errors.Is(err, protocol.ErrInvalidArguments) {
			t.Errorf("Unmarshal(%s) = %v, want an InvalidArgumentsError", text, err)
		}
	}
}

func TestAppend(t *testing.T) {
	id := protocol.NewCallID(5)
	tests := []struct {
		got  []byte
		want string
	}{
		{protocol.AppendTransmit(nil, "a\"b", nil), `{"event":"a\"b"}`},
		{protocol.AppendTransmit(nil, "a", protocol.Null), `{"event":"a","data":null}`},
		{protocol.AppendInvoke(nil, "a", id, nil), `{"event":"a","cid":5}`},
		{protocol.AppendInvoke(nil, "a", id, protocol.Data("[1]")), `{"event":"a","cid":5,"data":[1]}`},
		{protocol.AppendReply(nil, id, nil), `{"rid":5}`},
		{protocol.AppendReply(nil, id, protocol.Data("2")), `{"rid":5,"data":2}`},
		{protocol.AppendError(nil, id, protocol.Dehydrate(protocol.ErrTimeout.Withf("late"))), `{"rid":5,"error":{"message":"late","name":"TimeoutError"}}`},
		{protocol.AppendError(nil, id, nil), `{"rid":5}`},
		{protocol.AppendPublish(nil, "c", protocol.Data("1")), `{"event":"#publish","data":{"channel":"c","data":1}}`},
		{protocol.AppendPublish(nil, "c", nil), `{"event":"#publish","data":{"channel":"c"}}`},
		{protocol.AppendBatch([]byte("x")), "x[]"},
		{protocol.AppendBatch(nil, []byte(`{"rid":1}`), []byte(`{"rid":2}`)), `[{"rid":1},{"rid":2}]`},
	}
	for _, tt := range tests {
		if string(tt.got) != tt.want {
			t.Errorf("got %s, want %s", tt.got, tt.want)
		}
	}
}

func TestAppendString_SurrogateHalves(t *testing.T) {
	for in, want := range map[string]string{
		"\xed\xa0\xbd":     `"\ud83d"`,
		"a\xed\xb8\x80b":   `"a\ude00b"`,
		"\xed\xa0":         `"` + "��" + `"`,
		"\xff":             `"` + "�" + `"`,
		"\b\f\n\r\t\x1f/'": `"\b\f\n\r\t\u001f/'"`,
	} {
		if got := protocol.AppendString(nil, in); string(got) != want {
			t.Errorf("AppendString(%q) = %s, want %s", in, got, want)
		}
	}
}

func TestCallID(t *testing.T) {
	if n, ok := protocol.NewCallID(-3).Int(); n != -3 || !ok {
		t.Errorf("Int() = %v, %v, want -3, true", n, ok)
	}
	parse := func(number string) protocol.CallID {
		message := []byte(`{"rid":` + number + `}`)
		p := protocol.Parse(message)
		clear(message)
		return p.ID
	}
	if parse("1e2") != protocol.NewCallID(100) || parse("-0") != (protocol.CallID{}) {
		t.Error("equal numbers give different ids")
	}
	for number, want := range map[string]string{"1.5": "1.5", "1e400": "null", "9007199254740993": "9007199254740992", "-1e21": "-1e+21"} {
		if got := protocol.AppendReply(nil, parse(number), nil); string(got) != `{"rid":`+want+`}` {
			t.Errorf("AppendReply(%s) = %s, want %s", number, got, want)
		}
		if id := parse(number); id != parse(number) {
			t.Errorf("id %v is not equal to itself", id)
		} else if _, ok := id.Int(); ok {
			t.Errorf("Int() of %s is ok, want not", number)
		}
	}
}

func TestError_FieldOfTime(t *testing.T) {
	at := time.Date(2024, 2, 29, 13, 30, 15, 7e6, time.FixedZone("", 3600))
	if got := protocol.NewAuthTokenExpiredError("m", at).Field("expiry"); string(got) != `"2024-02-29T12:30:15.007Z"` {
		t.Errorf("Field() = %s", got)
	}
}

func TestVersion(t *testing.T) {
	if protocol.V1.Ping() != "#1" || protocol.V1.Pong() != "#2" || protocol.V2.Ping() != "" || protocol.V2.Pong() != "" {
		t.Error("pings or pongs are not those of the versions")
	}
}

func TestJSONCodec(t *testing.T) {
	c := protocol.JSONCodec{}
	out, err := c.Encode([]byte("a"), rpcFrame)
	if err != nil || string(out) != "a"+string(rpcFrame) {
		t.Errorf("Encode() = %s, %v", out, err)
	}
	if out, err = c.Decode([]byte("a"), rpcFrame); err != nil || string(out) != "a"+string(rpcFrame) {
		t.Errorf("Decode() = %s, %v", out, err)
	}
	if c.Binary() {
		t.Error("Binary() = true, want false")
	}
}
