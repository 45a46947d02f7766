package middleware

import "context"

// Chain makes one function of several: each is asked about what those before it
// allowed, and the first that blocks an action decides. A function that has called
// Allow itself ends the chain.
func Chain(fs ...Func) Func {
	return func(ctx context.Context, a *Action) error {
		for _, f := range fs {
			if err := f(ctx, a); err != nil {
				return err
			}
			if ok, _ := a.verdict(); ok {
				return nil // a Func's session looks at what it called
			}
		}
		return nil
	}
}
