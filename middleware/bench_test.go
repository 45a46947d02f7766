package middleware_test

import (
	"context"
	"iter"
	"testing"

	"github.com/socketcluster-go/socketcluster/middleware"
)

func BenchmarkDecide(b *testing.B) {
	for name, m := range map[string]middleware.Middleware{
		"Func": middleware.Func(func(context.Context, *middleware.Action) error { return nil }),
		"Stream": middleware.Stream(func(actions iter.Seq[*middleware.Action]) {
			for a := range actions {
				a.Allow()
			}
		}),
	} {
		b.Run(name, func(b *testing.B) {
			session := m.Open()
			defer session.Close()
			b.ReportAllocs()
			for b.Loop() {
				if err := session.Decide(context.Background(), &middleware.Action{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
