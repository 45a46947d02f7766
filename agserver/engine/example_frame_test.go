package engine_test

import (
	"fmt"

	"github.com/socketcluster-go/socketcluster/agserver/engine"
)

// A frame is built once from its pieces and sent to any number of connections.
func ExampleNewFrame() {
	f := engine.NewFrame(engine.OpText,
		[]byte(`{"event":"#publish","data":`), []byte(`{"channel":"news","data":1}`), []byte(`}`))
	fmt.Printf("%s\n", f.Payload())
	// Output: {"event":"#publish","data":{"channel":"news","data":1}}
}
