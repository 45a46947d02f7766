// Package playground is the page that agserver shows in development mode: one
// connects, logs in and out, subscribes, publishes, invokes and transmits, and
// sees every frame that crosses the wire.
//
//	page, err := playground.New(&playground.Options{Path: "/socketcluster/"})
//	if err != nil {
//		return err
//	}
//	mux.Handle("/", page)
//
// The page is plain HTML, CSS and JavaScript, embedded in the program. It loads
// nothing from elsewhere, and its security policy forbids it to: scripts,
// styles and connections are its own server's only, and only the page itself
// may frame it. The client it speaks with (page/agclient.js) is a module of its
// own without dependencies; it shares no code with socketcluster-client.
//
// A handler is immutable once made and may be used by any number of requests at
// once. It starts no goroutines.
package playground
