package agclient_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log"
	"os"
	"path/filepath"

	"github.com/socketcluster-go/socketcluster/agclient"
	"github.com/socketcluster-go/socketcluster/protocol"
)

func ExampleDial() {
	url, stop := exampleServer()
	defer stop()

	c, err := agclient.Dial(context.Background(), url, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	fmt.Println(c.State(), c.ID())
	// Output: open socket1
}

func ExampleNew() {
	url, stop := exampleServer()
	defer stop()

	c, err := agclient.New(url, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	events := c.Events().All.Consume() // before Connect, to miss nothing
	if err := c.Connect(); err != nil {
		log.Fatal(err)
	}
	for ev := range events.All(context.Background()) {
		fmt.Println(ev.EventName())
		if _, ok := ev.(agclient.ConnectEvent); ok {
			break
		}
	}
	// Output:
	// connecting
	// message
	// connect
}

func ExampleClient_Invoke() {
	url, stop := exampleServer()
	defer stop()
	ctx := context.Background()
	c, err := agclient.Dial(ctx, url, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()

	var sum int
	err = c.Invoke(ctx, "sum", []int{1, 2, 3}, &sum)
	fmt.Println(sum, err)

	err = c.Invoke(ctx, "product", []int{1, 2, 3}, &sum)
	var e *protocol.Error
	if errors.As(err, &e) {
		fmt.Println(e.Name, "-", e.Message)
	}
	// Output:
	// 6 <nil>
	// UnknownProcedureError - what is product?
}

func ExampleClient_Subscribe() {
	url, stop := exampleServer()
	defer stop()
	ctx := context.Background()
	c, err := agclient.Dial(ctx, url, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()

	news := c.Channel("news")
	messages := news.Output().All(ctx) // from here on
	news.Subscribe()                   // again after every connect
	for m := range messages {
		var text string
		if err := m.Decode(&text); err != nil {
			log.Fatal(err)
		}
		fmt.Println(news.Name(), text)
		break
	}
	// Output: news hello
}

func ExampleClient_Procedure() {
	url, stop := exampleServer()
	defer stop()
	ctx := context.Background()
	c, err := agclient.Dial(ctx, url, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()

	calls := c.Procedure("name").Consume()
	thanks := c.Receiver("thanks").Consume()
	if err := c.Transmit("hi", nil); err != nil {
		log.Fatal(err)
	}
	call, err := calls.Next(ctx) // the server calls the client
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(call.Procedure(), call.Data())
	if err := call.Reply("Gopher"); err != nil {
		log.Fatal(err)
	}
	fmt.Println(call.Reply("once more"))
	data, err := thanks.Next(ctx)
	fmt.Println(data.Get("data"), err)
	// Output:
	// name "formal"
	// InvalidActionError: Response to request 1 has already been sent
	// Gopher <nil>
}

func ExampleClient_Authenticate() {
	url, stop := exampleServer()
	defer stop()
	ctx := context.Background()
	c, err := agclient.Dial(ctx, url, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()

	status, err := c.Authenticate(ctx, bobToken)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(status.IsAuthenticated, c.AuthState(), c.AuthToken().Get("username"))
	// Output: true authenticated bob
}

func ExampleClient_StartBatch() {
	url, stop := exampleServer()
	defer stop()
	ctx := context.Background()
	c, err := agclient.Dial(ctx, url, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()

	c.StartBatch()
	for n := range 3 {
		if err := c.TransmitPublish("numbers", n); err != nil {
			log.Fatal(err)
		}
	}
	c.FlushBatch() // one message on the wire
}

// fileStore keeps each token in a file of its own.
type fileStore struct{ dir string }

func (s fileStore) LoadToken(_ context.Context, name string) (string, error) {
	token, err := os.ReadFile(filepath.Join(s.dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return string(token), err
}

func (s fileStore) SaveToken(_ context.Context, name, token string) error {
	return os.WriteFile(filepath.Join(s.dir, name), []byte(token), 0o600)
}

func (s fileStore) RemoveToken(ctx context.Context, name string) (string, error) {
	old, err := s.LoadToken(ctx, name)
	if err != nil || old == "" {
		return "", err
	}
	return old, os.Remove(filepath.Join(s.dir, name))
}

// A store that keeps tokens in files: type fileStore struct{ dir string }.
func ExampleTokenStore() {
	url, stop := exampleServer()
	defer stop()
	dir, err := os.MkdirTemp("", "tokens")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)

	ctx := context.Background()
	c, err := agclient.Dial(ctx, url, &agclient.Options{
		TokenStore:    fileStore{dir},
		AuthTokenName: "token",
	})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Authenticate(ctx, "head.body.tail"); err != nil {
		log.Fatal(err)
	}
	token, err := os.ReadFile(filepath.Join(dir, "token"))
	fmt.Println(string(token), err)
	// Output: head.body.tail <nil>
}
