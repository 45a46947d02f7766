package engine_test

import (
	"context"
	"fmt"
	"net"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"github.com/socketcluster-go/socketcluster/agserver/engine"
)

// room is a Handler that passes every message on to everybody.
type room struct{ members *engine.Group }

func (r *room) Upgrade(context.Context, *engine.Request) engine.Decision { return engine.Decision{} }
func (r *room) Open(c *engine.Conn)                                      { r.members.Add(c) }
func (r *room) Wake(*engine.Conn, engine.Instant) engine.Instant         { return 0 }
func (r *room) Closed(*engine.Conn, int, string, error)                  {}
func (r *room) Message(_ *engine.Conn, op engine.OpCode, p []byte) {
	r.members.Send(engine.NewFrame(op, p))
}

func Example() {
	r := &room{}
	e, err := engine.New(r, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer e.Close()
	r.members = e.NewGroup()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	go e.Serve(l, nil)

	client, _, _, err := ws.Dial(context.Background(), "ws://"+l.Addr().String())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	_ = wsutil.WriteClientText(client, []byte("hello, room"))
	text, err := wsutil.ReadServerText(client)
	fmt.Println(string(text), err)
	// Output: hello, room <nil>
}
