'use strict';

// Node servers for the tests of the Go client. Each line on standard input is a
// request, each line on standard output its answer, in order:
//
//     {"listen": {...server options, "minbin": true}}   {"port": 12345}
//     {"close": 12345}                                  {"port": 12345}
//
// The program ends with its standard input.

const http = require('http');
const readline = require('readline');
const socketClusterServer = require('socketcluster-server');
const AGAction = require('socketcluster-server/action');
const minbin = require('sc-codec-min-bin');

const USERS = new Set(['bob', 'kate', 'alice']);
const servers = new Map();

// What a socket answers to, by the name of the procedure. The third argument is
// the socket's notes: what its receiver "note" was sent.
const procedures = {
  echo: (socket, data) => data,
  notes: (socket, data, notes) => notes,
  hang: (socket) => {
    socket.transmit('hanging');
    return new Promise(() => {});
  },
  setAuthKey: (socket, data) => {
    socket.server.signatureKey = data;
    socket.server.verificationKey = data;
  },
  login: (socket, data) => {
    if (!USERS.has(data.username)) {
      throw named('FailedLoginError', 'Failed to login');
    }
    socket.setAuthToken({...data, exp: Math.round(Date.now() / 1000) + 3600});
  },
  logout: (socket) => socket.deauthenticate(),
  callMe: async (socket, {event, data}) => {
    try {
      return {answer: await socket.invoke(event, data)};
    } catch (error) {
      return {error: error && error.name ? `${error.name}: ${error.message}` : error};
    }
  },
  tellMe: (socket, {event, data}) => {
    socket.transmit(event, data);
  },
  sendMe: (socket, data) => {
    socket.send(data);
  },
  kickMe: (socket, {channel, message}) => socket.kickOut(channel, message),
  endMe: (socket, {code, reason}) => {
    setImmediate(() => socket.disconnect(code, reason));
  },
  cutMe: (socket) => {
    setImmediate(() => socket.socket.terminate());
  },
  fail: () => {
    throw Object.assign(named('TaskError', 'It failed'), {step: 3});
  },
  failPlain: () => {
    throw 'just text';
  }
};

function named(name, message) {
  let error = new Error(message);
  error.name = name;
  return error;
}

async function serve(socket) {
  let notes = [];
  (async () => {
    for await (let data of socket.receiver('note')) {
      notes.push(data);
    }
  })();
  for (let name of Object.keys(procedures)) {
    (async () => {
      for await (let request of socket.procedure(name)) {
        (async () => {
          try {
            request.end(await procedures[name](socket, request.data, notes));
          } catch (error) {
            request.error(error);
          }
        })();
      }
    })();
  }
}

// Nobody may subscribe to or publish to "forbidden", and a handshake with
// ?refuse=4501 is refused with that code.
function guard(server) {
  server.setMiddleware(server.MIDDLEWARE_INBOUND, async (actions) => {
    for await (let action of actions) {
      if (action.channel === 'forbidden') {
        action.block(named('ForbiddenError', 'Not that one'));
      } else {
        action.allow();
      }
    }
  });
  server.setMiddleware(server.MIDDLEWARE_HANDSHAKE, async (actions) => {
    for await (let action of actions) {
      let code = action.type === AGAction.HANDSHAKE_SC &&
        new URL(action.socket.request.url, 'http://x').searchParams.get('refuse');
      if (code) {
        let error = named('RefusedError', 'Stay away');
        error.statusCode = Number(code);
        action.block(error);
      } else {
        action.allow();
      }
    }
  });
}

function listen({minbin: binary, ...options}) {
  return new Promise((resolve) => {
    let httpServer = http.createServer();
    let server = socketClusterServer.attach(httpServer, {
      authKey: 'testkey',
      ...options,
      ...(binary ? {codecEngine: minbin} : {})
    });
    guard(server);
    (async () => {
      for await (let {socket} of server.listener('connection')) {
        serve(socket);
      }
    })();
    httpServer.listen(0, '127.0.0.1', () => {
      let {port} = httpServer.address();
      servers.set(port, {httpServer, server});
      resolve(port);
    });
  });
}

async function close(port) {
  let {httpServer, server} = servers.get(port);
  servers.delete(port);
  httpServer.close();
  await server.close();
  return port;
}

async function main() {
  for await (let line of readline.createInterface({input: process.stdin})) {
    let request = JSON.parse(line);
    let port = request.listen ? await listen(request.listen) : await close(request.close);
    process.stdout.write(JSON.stringify({port}) + '\n');
  }
  process.exit(0);
}

main();
