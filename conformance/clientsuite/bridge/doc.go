// Command bridge is an agserver whose handlers are elsewhere: in the Node
// process that started it. They talk in lines of JSON (type message), the
// bridge on its standard output, Node on the bridge's standard input. The end
// of that input ends the bridge.
//
//	bridge --port 8175 --options '{"authKey": "testkey"}'
package main
