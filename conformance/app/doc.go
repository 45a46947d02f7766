// Command app is the conformance app on agserver: a server with a fixed
// behaviour that reaches everything a client can observe, so that two servers
// can be compared frame by frame. Its twin on socketcluster-server stands in
// conformance/reference. It holds no protocol logic of its own.
//
//	go run ./conformance/app --port 8000 --options '{"ackTimeout": 500}'
//	go run ./conformance/app --redis 127.0.0.1:6379
//
// Without a flag that names a broker it runs on the server's own.
package main
