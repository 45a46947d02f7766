'use strict';

// socketcluster-server with its defaults, as it is measured: echo answers a call
// with its data, sleep does so after 50 ms. It listens on 127.0.0.1 and ends
// with status 0 on SIGTERM.
//
//     node load.js --port 8000

const http = require('http');
const socketClusterServer = require('socketcluster-server');

const SLEEP = 50;

function main() {
  let httpServer = http.createServer();
  let server = socketClusterServer.attach(httpServer, {});
  each(server.listener('connection'), ({socket}) => {
    each(socket.procedure('echo'), (request) => request.end(request.data));
    each(socket.procedure('sleep'), (request) => {
      setTimeout(() => request.end(request.data), SLEEP);
    });
  });
  each(server.listener('error'), ({error}) => console.error('error:', error.message));
  each(server.listener('warning'), () => {}); // clients that hang up
  process.on('SIGTERM', () => process.exit(0));
  httpServer.listen({port: Number(process.argv[3]), host: '127.0.0.1', backlog: 4096});
}

async function each(stream, handle) {
  for await (let item of stream) {
    handle(item);
  }
}

main();
