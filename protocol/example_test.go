package protocol_test

import (
	"errors"
	"fmt"

	"github.com/socketcluster-go/socketcluster/protocol"
)

func ExampleParse() {
	p := protocol.Parse([]byte(`{"event":"sum","data":[1,2,3.5],"cid":17}`))
	fmt.Println(p.Kind, p.Event, p.ID, p.Data)
	// Output: invoke sum 17 [1,2,3.5]
}

func ExamplePacket_Elements() {
	p := protocol.Parse([]byte(`[{"event":"move","data":1},{"rid":4,"data":"ok"},"text"]`))
	for e := range p.Elements() {
		fmt.Println(e.Kind, e.Data)
	}
	// Output:
	// transmit 1
	// response "ok"
	// raw undefined
}

func ExampleAppendReply() {
	p := protocol.Parse([]byte(`{"event":"sum","data":[1,2,3.5],"cid":17}`))
	var in []float64
	if err := p.Data.Decode(&in); err != nil {
		fmt.Printf("%s\n", protocol.AppendError(nil, p.ID, protocol.Dehydrate(err)))
		return
	}
	out, err := protocol.Encode(in[0] + in[1] + in[2])
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s\n", protocol.AppendReply(nil, p.ID, out))
	// Output: {"rid":17,"data":6.5}
}

func ExampleData_Decode() {
	var in struct {
		User string `json:"user"`
	}
	err := protocol.Data(`{"user":7}`).Decode(&in)
	fmt.Println(err)
	// Output: InvalidArgumentsError: The data has a wrong type: number at user
}

func ExampleData_With() {
	d := protocol.Data(`{"channel":"room","data":{"draft":true}}`)
	fmt.Println(d.With("data", protocol.Null))
	fmt.Println(d.Without("channel"))
	// Output:
	// {"channel":"room","data":null}
	// {"data":{"draft":true}}
}

func ExampleEncode() {
	d, err := protocol.Encode(map[string]any{"picture": protocol.Binary("\x89PNG"), "tag": "<b>"})
	fmt.Println(d, err)
	// Output: {"picture":{"base64":true,"data":"iVBORw=="},"tag":"<b>"} <nil>
}

func ExampleChannelOf() {
	p := protocol.Parse([]byte(`{"event":"#publish","data":{"channel":"room","data":{"text":"hi"}}}`))
	channel, data, ok := protocol.ChannelOf(p.Data)
	fmt.Println(channel, data, ok)
	// Output: room {"text":"hi"} true
}

func ExampleError() {
	err := fmt.Errorf("lookup: %w", protocol.ErrTimeout.Withf("Event response for %s event timed out", "sum"))
	fmt.Println(errors.Is(err, protocol.ErrTimeout))
	fmt.Println(protocol.Dehydrate(err))
	// Output:
	// true
	// {"message":"Event response for sum event timed out","name":"TimeoutError"}
}

func ExampleHydrate() {
	err := protocol.Hydrate(protocol.Data(`{"message":"m","name":"BadConnectionError","code":4001}`))
	var e *protocol.Error
	if errors.As(err, &e) && errors.Is(err, protocol.ErrBadConnection) {
		fmt.Println(e, e.Field("code"))
	}
	// Output: BadConnectionError: m 4001
}

func ExampleParseData() {
	d, err := protocol.ParseData([]byte(" {\"a\": 1e400} "))
	fmt.Println(d, err)
	_, err = protocol.ParseData([]byte("{a: 1}"))
	fmt.Println(err)
	// Output:
	// {"a": null} <nil>
	// InvalidArgumentsError: The data is not valid JSON
}

func ExampleData_Member() {
	d := protocol.Data(`{"authToken":null,"extra":{"n":1}}`)
	fmt.Println(d.Member("authToken"), d.Member("extra"), d.Member("other"))
	// Output: null {"n":1} undefined
}

func ExampleAppendBatch() {
	first := protocol.AppendTransmit(nil, "tick", protocol.Data("1"))
	second := protocol.AppendPublish(nil, "room", protocol.Data(`"hello"`))
	fmt.Printf("%s\n", protocol.AppendBatch(nil, first, second))
	// Output: [{"event":"tick","data":1},{"event":"#publish","data":{"channel":"room","data":"hello"}}]
}

func ExampleCloseCode_Text() {
	fmt.Println(protocol.ClosePongTimeout.Text())
	fmt.Println(protocol.CloseCode(4501).Sendable(), protocol.CloseCode(1006).Sendable())
	// Output:
	// Client pong timed out
	// true false
}

func ExampleValue() {
	err := error(&protocol.Value{Data: protocol.Data(`"no entry"`)})
	fmt.Println(err)
	fmt.Printf("%s\n", protocol.AppendError(nil, protocol.NewCallID(3), protocol.Dehydrate(err)))
	// Output:
	// no entry
	// {"rid":3,"error":"no entry"}
}
