'use strict';

// The conformance app on socketcluster-server: the program that a comparison
// takes as the truth. It listens on 127.0.0.1, prints "listening on N" and
// ends with status 0 on SIGTERM.
//
//     node main.js --port 8000 --options '{"ackTimeout":500}'

const http = require('http');
const socketClusterServer = require('socketcluster-server');
const {Journal} = require('./journal');
const {attachHandlers} = require('./handlers');
const {installMiddleware} = require('./middleware');

// The options that are handed on to the server; all others are ignored.
const SERVER_OPTIONS = [
  'ackTimeout', 'handshakeTimeout', 'strictHandshake', 'pingInterval', 'pingTimeout',
  'pingTimeoutDisabled', 'origins', 'path', 'protocolVersion', 'authKey', 'authPrivateKey',
  'authPublicKey', 'authAlgorithm', 'authVerifyAlgorithms', 'authDefaultExpiry',
  'batchOnHandshake', 'batchOnHandshakeDuration', 'batchInterval', 'middlewareEmitFailures',
  'socketChannelLimit', 'allowClientPublish', 'maxPayload', 'perMessageDeflate',
  'socketStreamCleanupMode', 'cloneData'
];

function main() {
  let {port, options} = parseArguments(process.argv.slice(2));
  let app = options.app || {};
  let serverOptions = {};
  for (let name of SERVER_OPTIONS) {
    if (name in options) {
      serverOptions[name] = options[name];
    }
  }

  let journal = new Journal();
  let httpServer = http.createServer();
  let server = socketClusterServer.attach(httpServer, serverOptions);
  journal.follow(server);
  journal.onHandshake = (socket) => attachHandlers(server, socket, journal);
  installMiddleware(server, app.middleware || []);

  httpServer.on('request', (request, response) => answer(request, response, server, journal));
  httpServer.listen(port, '127.0.0.1', () => {
    process.stdout.write(`listening on ${port}\n`);
  });

  process.on('SIGTERM', () => process.exit(0));
  // What a client sends must not end the app, even where it would end a
  // program that takes no such care.
  process.on('uncaughtException', (error) => console.error('uncaught:', error));
  process.on('unhandledRejection', (error) => console.error('unhandled:', error));
}

function parseArguments(args) {
  let port = 0;
  let options = {};
  for (let i = 0; i < args.length; i += 2) {
    if (args[i] === '--port') {
      port = Number(args[i + 1]);
    } else if (args[i] === '--options') {
      options = JSON.parse(args[i + 1]);
    } else {
      throw new Error(`unknown argument ${args[i]}`);
    }
  }
  return {port, options};
}

function answer(request, response, server, journal) {
  if (request.method === 'GET' && request.url === '/log') {
    response.writeHead(200, {'Content-Type': 'application/json'});
    response.end(JSON.stringify({
      log: journal.entries,
      clients: server.clientsCount,
      pending: server.pendingClientsCount
    }));
    return;
  }
  if (request.method === 'GET' && request.url === '/reset') {
    journal.reset();
    response.writeHead(200);
    response.end('ok');
    return;
  }
  response.writeHead(501);
  response.end('Not Implemented');
}

main();
