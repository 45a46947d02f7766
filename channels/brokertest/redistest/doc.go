// Package redistest starts redis-servers for tests. They are real ones, of the
// machine's own package, on ports of 127.0.0.1, and end with their test.
//
//	server := redistest.Start(t, "--requirepass", "s3cret")
//	… server.Addr
//
// Without a redis-server on the machine a test is left out; with CI=true in the
// environment it fails.
//
// It imports the standard library, freeport and programtest, whose goroutines end with
// the test.
package redistest
