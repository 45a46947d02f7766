package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"os"

	"github.com/socketcluster-go/socketcluster/agserver"
	"github.com/socketcluster-go/socketcluster/conformance/internal/selfsigned"
	"github.com/socketcluster-go/socketcluster/protocol"
	"github.com/socketcluster-go/socketcluster/protocol/minbin"
)

func main() {
	port := flag.Int("port", 0, "port on 127.0.0.1")
	options := flag.String("options", "{}", "options of the server, as JSON under the Node server's names")
	portable := flag.Bool("portable", false, "serve every connection by a goroutine rather than by event loops")
	secure := flag.Bool("tls", false, "serve with TLS, and a certificate that nobody knows")
	flag.Parse()
	if err := run(*port, []byte(*options), *portable, *secure); err != nil {
		fmt.Fprintln(os.Stderr, "binapp:", err)
		os.Exit(1)
	}
}

func run(port int, text []byte, portable, secure bool) error {
	opt, err := agserver.ParseOptions(text)
	if err != nil {
		return err
	}
	opt.Codec, opt.Portable = minbin.Codec{}, portable
	srv := agserver.New(opt)
	handle(srv)
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return err
	}
	if secure {
		if l, err = selfsigned.Listener(l); err != nil {
			return err
		}
	}
	fmt.Printf("listening on %d\n", port)
	return srv.Serve(l) // until a signal ends the process
}

func handle(srv *agserver.Server) {
	for name, h := range map[string]agserver.ProcedureHandler{
		"echo":     func(_ context.Context, req *agserver.Request) error { return req.Reply(req.Data()) },
		"endEmpty": func(_ context.Context, req *agserver.Request) error { return req.Reply(nil) },
		"fail":     fail,
		"login":    login,
		"logout": func(ctx context.Context, req *agserver.Request) error {
			return req.Socket.Deauthenticate(ctx, nil)
		},
		"invoke": invoke,
		"transmit": func(_ context.Context, req *agserver.Request) error {
			event, _ := req.Data().Member("event").Text()
			return req.Socket.Transmit(event, req.Data().Member("data"))
		},
		"publish": func(ctx context.Context, req *agserver.Request) error {
			channel, data, _ := protocol.ChannelOf(req.Data())
			return srv.Exchange().InvokePublish(ctx, channel, data)
		},
		"terminate": func(_ context.Context, req *agserver.Request) error {
			req.Detach()
			req.Socket.Terminate()
			return nil
		},
	} {
		srv.HandleProcedure(name, h)
	}
	srv.HandleReceiver("shout", func(_ context.Context, s *agserver.Socket, data protocol.Data) error {
		return s.Transmit("shouted", data)
	})
}

// fail answers with an error of the name, the message and the extra that the
// data has.
func fail(_ context.Context, req *agserver.Request) error {
	name, _ := req.Data().Member("name").Text()
	message, _ := req.Data().Member("message").Text()
	return &protocol.Error{
		Name: name, Message: message,
		Fields: []protocol.Field{{Key: "extra", Value: req.Data().Member("extra")}},
	}
}

// login gives the socket a token.
func login(ctx context.Context, req *agserver.Request) error {
	return req.Socket.SetAuthToken(ctx, req.Data().Member("claims"), nil)
}

// invoke calls the client back, which takes until it answers.
func invoke(ctx context.Context, req *agserver.Request) error {
	event, _ := req.Data().Member("event").Text()
	var result protocol.Data
	err := req.Socket.Invoke(ctx, event, req.Data().Member("data"), &result)
	if err != nil {
		return req.Reply(map[string]protocol.Data{"error": protocol.Dehydrate(err)})
	}
	return req.Reply(map[string]protocol.Data{"result": result})
}
