// Package scenarios has real clients do the same things on two servers, the
// conformance app on Node (conformance/reference) and the one in Go
// (conformance/app) on each of its engines, and by wss, and compares what they observe.
//
// The scenarios are the files of js/scenarios. They are played by eight
// generations of the official client in Node.js, from socketcluster-client
// 14.3.2 with version 1 of the protocol to 20.0.2, and by the minified browser
// build of 20.0.2 in Chromium. The reverse, agclient on both servers, is in the
// tests of this package themselves.
//
// What is observed goes into lanes: the events of a client in the order in
// which it emits them, the messages of a channel, the results of the
// scenario's own steps. The order within a lane is the order of cause and
// effect or that of frames on the wire, and does not depend on timing; between
// lanes no order is recorded. What names a moment or a connection (ids, iat,
// exp) is left out.
//
// package.json pins one package below a client: stream-demux 9.0.2, which
// socketcluster-client 18.3.0 uses, asks for any writable-consumable-stream from
// 4.0.1 on, but loses messages with 4.1.0 and later once there are two consumers.
//
// It holds tests, and one small server (binapp). They need Node.js and npm, and
// Chromium for the browser build; without these they skip with a message, or
// fail if CI=true.
package scenarios
