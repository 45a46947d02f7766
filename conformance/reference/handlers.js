'use strict';

// The procedures, receivers and the raw echo of the conformance app.

const scErrors = require('sc-errors');

const BATCH_OPERATIONS = [
  'startBatching', 'stopBatching', 'cancelBatching', 'startBatch', 'flushBatch', 'cancelBatch'
];

// attachHandlers starts the app's work for one socket. It has to be called in
// the handshake event: the consumers must be there before the first message.
function attachHandlers(server, socket, journal) {
  for (let [name, procedure] of Object.entries(PROCEDURES)) {
    eachAtOnce(socket.procedure(name), (request) => procedure({server, socket, journal}, request));
  }
  eachInTurn(socket.procedure('queue'), slow);
  for (let [name, receiver] of Object.entries(RECEIVERS)) {
    eachAtOnce(socket.receiver(name), (data) => receiver({server, socket, journal}, data));
  }
  eachAtOnce(socket.listener('raw'), ({message}) => {
    let data = typeof message === 'string' ? {text: message} : {binary: message.toString('base64')};
    socket.transmit('raw', data);
  });
}

async function eachAtOnce(stream, handle) {
  for await (let item of stream) {
    guard(handle, item);
  }
}

async function eachInTurn(stream, handle) {
  for await (let item of stream) {
    await guard(handle, item);
  }
}

// guard keeps what data of an unexpected shape does inside the one call.
async function guard(handle, item) {
  try {
    await handle(item);
  } catch (error) {
    console.error('handler:', error);
  }
}

function wait(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

// errorOf makes an error that has the members of an object as its fields.
function errorOf(fields) {
  return Object.assign(new Error(''), fields);
}

// settle ends a request without data when the operation is done, or fails it
// with the operation's error.
async function settle(request, operation) {
  try {
    await operation();
  } catch (error) {
    request.error(error);
    return;
  }
  request.end();
}

async function slow(request) {
  let {ms, value} = request.data;
  await wait(ms);
  request.end(value);
}

// The exchange's channels whose messages are being logged already.
const logged = new Set();

const PROCEDURES = {
  echo: (app, request) => request.end(request.data),
  endEmpty: (app, request) => request.end(),
  never: () => {},
  fail: (app, request) => request.error(errorOf(request.data)),
  failValue: (app, request) => request.error(request.data),
  twice: ({journal}, request) => {
    request.end(1);
    try {
      request.end(2);
    } catch (error) {
      journal.addError(['app', 'twice'], error);
    }
  },
  slow: (app, request) => slow(request),
  whoami: ({socket}, request) => {
    request.end({
      id: socket.id,
      state: socket.getState(),
      authState: socket.authState,
      authToken: socket.getAuthToken() || null,
      signed: !!socket.signedAuthToken
    });
  },
  login: ({socket}, request) => {
    let {claims, options} = request.data;
    return settle(request, () => socket.setAuthToken(claims, options));
  },
  logout: ({socket}, request) => {
    let {options} = request.data || {};
    return settle(request, () => socket.deauthenticate(options));
  },
  logoutSelf: ({socket}, request) => {
    socket.deauthenticateSelf();
    request.end();
  },
  invoke: async ({socket}, request) => {
    let {event, data, ackTimeout} = request.data;
    let options = ackTimeout === undefined ? undefined : {ackTimeout};
    let result;
    try {
      result = await socket.invoke(event, data, options);
    } catch (error) {
      request.end({error: scErrors.dehydrateError(error)});
      return;
    }
    request.end({result});
  },
  transmit: ({socket}, request) => {
    let {event, data} = request.data;
    socket.transmit(event, data);
    request.end();
  },
  burst: ({socket}, request) => {
    let {event, count} = request.data;
    for (let i = 1; i <= count; i++) {
      socket.transmit(event, i);
    }
    request.end();
  },
  publish: async ({server}, request) => {
    let {channel, data} = request.data;
    await server.exchange.invokePublish(channel, data);
    request.end();
  },
  exSub: ({server, journal}, request) => {
    let {channel} = request.data;
    let subscription = server.exchange.subscribe(channel);
    if (!logged.has(channel)) {
      logged.add(channel);
      eachAtOnce(subscription, (data) => journal.add('exchange', channel, data));
    }
    request.end();
  },
  exUnsub: async ({server}, request) => {
    await server.exchange.unsubscribe(request.data.channel);
    request.end();
  },
  kick: ({socket}, request) => {
    let {channel, message} = request.data;
    return settle(request, () => socket.kickOut(channel, message));
  },
  close: ({socket}, request) => {
    let {code, reason} = request.data || {};
    return socket.disconnect(code, reason);
  },
  closeAfter: async ({socket}, request) => {
    let {ms, code, reason} = request.data;
    request.end();
    await wait(ms);
    socket.disconnect(code, reason);
  },
  terminate: ({socket}) => socket.terminate(),
  batch: ({socket}, request) => {
    if (BATCH_OPERATIONS.includes(request.data)) {
      socket[request.data]();
    }
    request.end();
  },
  counts: ({server, socket}, request) => {
    request.end({
      clients: server.clientsCount,
      pending: server.pendingClientsCount,
      count: socket.channelSubscriptionsCount,
      subscriptions: socket.subscriptions(),
      exchange: server.exchange.subscriptions()
    });
  },
  isSubscribed: ({socket}, request) => request.end(socket.isSubscribed(request.data))
};

const RECEIVERS = {
  note: ({socket, journal}, data) => journal.add('note', journal.label(socket), data),
  shout: ({socket}, data) => {
    socket.transmit('shouted', data);
  },
  signIn: async ({socket, journal}, {claims, options}) => {
    try {
      await socket.setAuthToken(claims, options);
    } catch (error) {
      journal.addError(['app', 'signIn'], error);
    }
  },
  signOut: async ({socket, journal}) => {
    try {
      await socket.deauthenticate();
    } catch (error) {
      journal.addError(['app', 'signOut'], error);
    }
  }
};

module.exports = {attachHandlers, errorOf, wait};
