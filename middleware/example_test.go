package middleware_test

import (
	"context"
	"fmt"
	"iter"

	"github.com/socketcluster-go/socketcluster/middleware"
	"github.com/socketcluster-go/socketcluster/protocol"
)

func ExampleFunc() {
	onlyNews := middleware.Func(func(_ context.Context, a *middleware.Action) error {
		if a.Kind == middleware.PublishIn && a.Channel != "news" {
			return &protocol.Error{Name: "NotAllowedError", Message: "no"}
		}
		return nil
	})
	// srv.SetMiddleware(middleware.Inbound, onlyNews)
	session := onlyNews.Open()
	fmt.Println(session.Decide(context.Background(), &middleware.Action{Kind: middleware.PublishIn, Channel: "news"}))
	fmt.Println(session.Decide(context.Background(), &middleware.Action{Kind: middleware.PublishIn, Channel: "other"}))
	// Output:
	// <nil>
	// NotAllowedError: no
}

func ExampleStream() {
	firstThree := middleware.Stream(func(actions iter.Seq[*middleware.Action]) {
		n := 0 // of this socket
		for a := range actions {
			if n++; n > 3 {
				a.Block(&protocol.Error{Name: "QuotaError", Message: "three are enough"})
				continue
			}
			a.Allow()
		}
	})
	// srv.SetMiddleware(middleware.Inbound, firstThree)
	session := firstThree.Open()
	defer session.Close()
	for range 4 {
		fmt.Println(session.Decide(context.Background(), &middleware.Action{Kind: middleware.Invoke}))
	}
	// Output:
	// <nil>
	// <nil>
	// <nil>
	// QuotaError: three are enough
}
