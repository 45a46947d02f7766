// Package natstest starts NATS servers in the process of a test, on ports of 127.0.0.1.
// They end with their test.
//
//	url := natstest.Start(t, server.Options{Username: "ag", Password: "s3cret"}).ClientURL()
//
// It imports the NATS server, whose goroutines end with the test.
package natstest
