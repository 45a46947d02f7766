// Package docs keeps the Markdown pages honest: the Go in docs/*.md and in the
// README is compiled, and what it says is run against a server; links between
// the pages have to lead somewhere.
//
// # Blocks
//
// A block is what stands between "```go" and "```". The blocks of one page are
// one package, in the order of the page:
//
//   - One that begins with "package" is a program of its own, and is compiled.
//
//   - One of declarations (functions, types) may be used by all others.
//
//   - Any other is statements. It becomes a function in which these are known:
//
//     ctx   context.Context    ends when the test of the block does
//     srv   *agserver.Server   with the auth key "secret"
//     s     *agserver.Socket   one of its sockets, connected
//     mux   *http.ServeMux
//
// Packages are imported as they are named. Variables that a block declares last
// for the reader's sake need not be used.
//
// # Checks
//
// What a block of statements does is checked by statements that readers do not
// see, in a comment behind it:
//
//	<!-- go:check
//	var sum float64
//	is(nil, client.Invoke(ctx, "sum", []int{1, 2}, &sum))
//	is(3.0, sum)
//	-->
//
// The block runs in a goroutine; the check begins when it has ended or waits for
// something, and has the names above and these (see package frame):
//
//	client          *agclient.Client               the other end of s
//	connect, try    func() *agclient.Client        one more client; one that may be refused
//	is              func(want, got any)
//	settle          func()                         until everybody waits
//
// Three more comments have a meaning: "go:before" has statements that run before
// the block, with the names of a check; "go:only-compiled" says that the block is
// not run; "go:declarations" gives what the reader of the page is supposed to
// have, and what the checks need.
//
// Everything runs in a bubble of testing/synctest: there are no ports, and
// nobody waits for timers.
package docs
