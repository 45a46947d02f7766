package agserver_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/socketcluster-go/socketcluster/agclient"
	"github.com/socketcluster-go/socketcluster/agserver"
	"github.com/socketcluster-go/socketcluster/agserver/agservertest"
	"github.com/socketcluster-go/socketcluster/authtoken"
	"github.com/socketcluster-go/socketcluster/channels"
	"github.com/socketcluster-go/socketcluster/middleware"
	"github.com/socketcluster-go/socketcluster/protocol"
)

var ctx = context.Background()

// dial returns a client of a server, joined in memory: examples need no port.
func dial(srv *agserver.Server) *agclient.Client {
	c, err := agclient.Dial(ctx, "ws://example", &agclient.Options{NetDial: agservertest.Dialer(srv)})
	if err != nil {
		log.Fatal(err)
	}
	return c
}

func Example() {
	srv := agserver.New(&agserver.Options{AuthKey: "a secret of 256 bits"})
	defer srv.Close(ctx)

	srv.HandleProcedure("login", func(ctx context.Context, req *agserver.Request) error {
		var in struct{ User, Password string }
		if err := req.Decode(&in); err != nil {
			return err // reaches the client as a named error; the socket goes on
		}
		if in.Password != "open sesame" {
			return &protocol.Error{Name: "FailedLoginError", Message: "wrong user or password"}
		}
		return req.Socket.SetAuthToken(ctx, authtoken.Claims{"username": in.User}, nil)
	})

	// A program calls srv.ListenAndServe(":8000") here.
	c := dial(srv)
	defer c.Close()
	err := c.Invoke(ctx, "login", map[string]string{"user": "ali", "password": "hello"}, nil)
	fmt.Println(err)
	authenticated := c.Events().Authenticate.Consume()
	err = c.Invoke(ctx, "login", map[string]string{"user": "ali", "password": "open sesame"}, nil)
	fmt.Println(err)
	ev, _ := authenticated.Next(ctx)
	fmt.Println(ev.AuthToken.Get("username"))
	// Output:
	// FailedLoginError: wrong user or password
	// <nil>
	// ali
}

func ExampleHandleFunc() {
	srv := agserver.New(nil)
	defer srv.Close(ctx)
	agserver.HandleFunc(srv, "sum", func(_ context.Context, _ *agserver.Socket, in []float64) (float64, error) {
		var sum float64
		for _, x := range in {
			sum += x
		}
		return sum, nil
	})

	c := dial(srv)
	defer c.Close()
	var sum float64
	fmt.Println(c.Invoke(ctx, "sum", []int{1, 2, 3}, &sum), sum)
	fmt.Println(c.Invoke(ctx, "sum", "one, two", &sum))
	// Output:
	// <nil> 6
	// InvalidArgumentsError: The data has a wrong type: string
}

func ExampleServer_HandleReceiver() {
	srv := agserver.New(nil)
	defer srv.Close(ctx)
	seen := make(chan string)
	srv.HandleReceiver("position", func(_ context.Context, s *agserver.Socket, data protocol.Data) error {
		var p struct{ X, Y int }
		if err := data.Decode(&p); err != nil {
			return err // becomes a warning
		}
		seen <- fmt.Sprint(p)
		return nil
	})

	c := dial(srv)
	defer c.Close()
	c.Transmit("position", map[string]int{"x": 3, "y": 4})
	fmt.Println(<-seen)
	// Output: {3 4}
}

// A conversation with each socket, as in the JavaScript server.
func ExampleServer_Events() {
	srv := agserver.New(nil)
	defer srv.Close(ctx)
	connections := srv.Events().Connection.All(ctx) // sees what comes from now on
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ev := range connections {
			for req := range ev.Socket.Procedure("ping").All(ev.Socket.Context()) {
				req.Reply("pong")
				return
			}
		}
	}()

	c := dial(srv)
	defer c.Close()
	for {
		// A consumer that is made after the connection may miss what comes at once.
		ctx, cancel := context.WithTimeout(ctx, 10e6)
		var answer string
		err := c.Invoke(ctx, "ping", nil, &answer)
		cancel()
		if err == nil {
			fmt.Println(answer)
			break
		}
	}
	<-done
	// Output: pong
}

func ExampleServer_SetMiddleware() {
	srv := agserver.New(nil)
	defer srv.Close(ctx)
	srv.SetMiddleware(middleware.Inbound, middleware.Func(func(_ context.Context, a *middleware.Action) error {
		if a.Kind == middleware.PublishIn && strings.HasPrefix(a.Channel, "staff/") && a.Socket.AuthToken() == nil {
			return &protocol.Error{Name: "NotAllowedError", Message: "staff only"}
		}
		return nil
	}))

	c := dial(srv)
	defer c.Close()
	fmt.Println(c.InvokePublish(ctx, "public", "hello"))
	fmt.Println(c.InvokePublish(ctx, "staff/lunch", "pizza"))
	// Output:
	// <nil>
	// NotAllowedError: staff only
}

// A stream has state of its own for each socket: here, a count.
func ExampleServer_SetMiddleware_stream() {
	srv := agserver.New(nil)
	defer srv.Close(ctx)
	srv.SetMiddleware(middleware.Inbound, middleware.Stream(func(actions iter.Seq[*middleware.Action]) {
		published := 0
		for a := range actions {
			if a.Kind == middleware.PublishIn {
				if published++; published > 2 {
					a.Block(errors.New("too many"))
					continue
				}
			}
			a.Allow()
		}
	}))

	c := dial(srv)
	defer c.Close()
	for i := range 3 {
		fmt.Println(c.InvokePublish(ctx, "news", i) == nil)
	}
	// Output:
	// true
	// true
	// false
}

func ExampleServer_Exchange() {
	srv := agserver.New(nil)
	defer srv.Close(ctx)
	orders := srv.Exchange().Subscribe("orders").Output().All(ctx)

	c := dial(srv)
	defer c.Close()
	c.InvokePublish(ctx, "orders", map[string]int{"id": 7})
	for order := range orders {
		var o struct{ ID int }
		fmt.Println(order.Decode(&o), o.ID)
		break
	}

	confirmed := c.Channel("confirmed")
	subscribed := confirmed.Listener(channels.EventSubscribe).Consume()
	messages := confirmed.Output().Consume()
	confirmed.Subscribe()
	subscribed.Next(ctx)
	srv.Exchange().InvokePublish(ctx, "confirmed", 7)
	fmt.Println(messages.Next(ctx))
	// Output:
	// <nil> 7
	// 7 <nil>
}

func ExampleServer_ServeHTTP() {
	srv := agserver.New(nil)
	defer srv.Close(ctx)
	mux := http.NewServeMux()
	mux.Handle("/socketcluster/", srv) // an http.Handler like any other
	hs := httptest.NewServer(mux)
	defer hs.Close()

	c, err := agclient.Dial(ctx, "ws://"+hs.Listener.Addr().String()+"/socketcluster/", nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(c.State(), srv.ClientsCount())
	c.Close()
	// Output: open 1
}

func ExampleSocket_Invoke() {
	srv := agserver.New(nil)
	defer srv.Close(ctx)
	c := dial(srv)
	defer c.Close()
	questions := c.Procedure("question").All(ctx)
	go func() {
		for q := range questions {
			q.Reply("forty-two")
		}
	}()

	s := srv.Client(c.ID())
	var answer string
	fmt.Println(s.Invoke(ctx, "question", "what is six by nine?", &answer), answer)
	s.Disconnect(4501, "that is all")
	fmt.Println(errors.Is(s.Invoke(ctx, "question", "and now?", &answer), protocol.ErrBadConnection))
	// Output:
	// <nil> forty-two
	// true
}

func ExampleRequest_Detach() {
	srv := agserver.New(nil)
	defer srv.Close(ctx)
	jobs := make(chan *agserver.Request, 1)
	srv.HandleProcedure("convert", func(_ context.Context, req *agserver.Request) error {
		req.Detach() // somebody else answers
		jobs <- req
		return nil
	})
	go func() {
		req := <-jobs
		req.Reply("done: " + req.Data().Get("file").String())
	}()

	c := dial(srv)
	defer c.Close()
	var answer string
	fmt.Println(c.Invoke(ctx, "convert", map[string]string{"file": "a.png"}, &answer), answer)
	// Output: <nil> done: a.png
}

func ExampleParseOptions() {
	o, err := agserver.ParseOptions([]byte(`{"pingInterval": 5000, "origins": "example.com:*"}`))
	fmt.Println(o.PingInterval, o.Origins, err)
	_, err = agserver.ParseOptions([]byte(`{"pingInterval": "5 s"}`))
	fmt.Println(err)
	// Output:
	// 5s [example.com:*] <nil>
	// InvalidOptionsError: The pingInterval option must be a number of milliseconds from 0 to 2147483647, not "5 s"
}
