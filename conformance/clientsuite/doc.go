// Package clientsuite runs the official client's own test suite, the file
// test/integration.js of the npm package socketcluster-client 20.0.2,
// unmodified, against agserver.
//
// The suite starts the servers that it needs, by require('socketcluster-server').
// What it gets under that name is the stand-in of the folder standin: a few
// classes in JavaScript with the part of the Node server's API that the suite
// uses. Each server that it makes is a process of the program in the folder
// bridge, which listens on the suite's port with agserver and passes calls,
// messages and actions on to the suite's handlers over its standard input and
// output. Between client and server stands nothing but a TCP connection.
//
// It holds tests only. They need Node.js and npm; without these they skip with
// a message, or fail if CI=true.
package clientsuite
