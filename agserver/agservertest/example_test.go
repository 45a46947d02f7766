package agservertest_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/socketcluster-go/socketcluster/agserver"
	"github.com/socketcluster-go/socketcluster/agserver/agservertest"
)

// exampleT takes the place of a test's t, which examples do not have.
type exampleT struct {
	testing.TB
	cleanups []func()
}

func (*exampleT) Helper()                  {}
func (*exampleT) Context() context.Context { return context.Background() }
func (*exampleT) Fatal(args ...any)        { panic(fmt.Sprint(args...)) }
func (t *exampleT) Cleanup(f func())       { t.cleanups = append(t.cleanups, f) }

func (t *exampleT) end() {
	for i := range t.cleanups {
		t.cleanups[len(t.cleanups)-1-i]()
	}
}

func ExampleNew() {
	t := new(exampleT) // in a test: its t
	defer t.end()

	srv, client := agservertest.New(t, nil)
	agserver.HandleFunc(srv, "greet", func(_ context.Context, _ *agserver.Socket, name string) (string, error) {
		return "Hello, " + name, nil
	})
	var answer string
	if err := client.Invoke(t.Context(), "greet", "Ada", &answer); err != nil {
		t.Fatal(err)
	}
	fmt.Println(answer)
	// Output: Hello, Ada
}

func ExampleOpen() {
	t := new(exampleT)
	defer t.end()

	srv := agservertest.NewServer(t, nil)
	c := agservertest.Open(t, srv, nil)
	c.Handshake("")
	c.Send(`{"event":"#subscribe","data":{"channel":"news"},"cid":2}`)
	c.Expect(`{"rid":2}`)
	if err := srv.Exchange().InvokePublish(t.Context(), "news", "hello"); err != nil {
		t.Fatal(err)
	}
	fmt.Println(c.Next())
	// Output: {"event":"#publish","data":{"channel":"news","data":"hello"}}
}
