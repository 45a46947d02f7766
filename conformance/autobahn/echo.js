'use strict';
// An echo server on the npm package `ws`. Its argument is how many fragments a
// message may have; it writes its port and the version of `ws`, and ends with its
// standard input.

const { WebSocketServer } = require('ws');
const { version } = require('ws/package.json');

const server = new WebSocketServer({
  host: '127.0.0.1',
  port: 0,
  maxFragments: Number(process.argv[process.argv.length - 1]),
  perMessageDeflate: { threshold: 0 }
});
server.on('connection', (socket) => {
  socket.on('error', () => {}); // broken frames are what this is for
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
});
server.on('listening', () => console.log(server.address().port, version));
process.stdin.on('end', () => process.exit(0));
process.stdin.resume();
