'use strict';

// The event log: what the server emits, in the order in which it emits it.
// The journal wraps the server's emit, because a consumer of the streams would
// run later and could see the events of two streams in another order.

const ENGINE_ERROR = 'EngineError';

class Journal {
  constructor() {
    this.onHandshake = () => {};
    this.reset();
  }

  // reset empties the log; the next socket is s1 again.
  reset() {
    this.entries = [];
    this._labels = new Map();
    this._engineErrors = new Set();
    this._engineTexts = new Set();
  }

  add(...entry) {
    this.entries.push(entry.map((value) => (value === undefined ? null : value)));
  }

  // addError logs an error, or a plain value that serves as one.
  addError(head, error) {
    if (this._engineErrors.has(error)) {
      this.add(...head, ENGINE_ERROR, null);
    } else if (error !== null && typeof error === 'object') {
      this.add(...head, error.name, this._withLabels(error.message));
    } else {
      this.add(...head, null, this._withLabels(error));
    }
  }

  // follow logs all events of the server from now on.
  follow(server) {
    let emit = server.emit;
    server.emit = (name, event) => {
      if (Object.hasOwn(EVENTS, name)) {
        EVENTS[name](this, event);
      }
      return emit.call(server, name, event);
    };
  }

  label(socket) {
    return this._labels.get(socket.id) || null;
  }

  _begin(socket) {
    this._labels.set(socket.id, `s${this._labels.size + 1}`);
    this.add('handshake', this.label(socket));
    this._watchEngine(socket.socket);
    this.onHandshake(socket);
  }

  // _watchEngine remembers which errors come from the WebSocket engine: their
  // texts are the engine's own affair.
  _watchEngine(webSocket) {
    let remember = (error) => {
      this._engineErrors.add(error);
      this._engineTexts.add(String(error));
    };
    webSocket.prependListener('error', remember);
    let send = webSocket.send;
    webSocket.send = (data, options, callback) => {
      send.call(webSocket, data, options, (error) => {
        if (error) {
          remember(error);
        }
        callback(error);
      });
    };
  }

  _reason(reason) {
    return this._engineTexts.has(reason) ? ENGINE_ERROR : reason;
  }

  _withLabels(text) {
    if (typeof text !== 'string') {
      return text;
    }
    for (let [id, label] of this._labels) {
      text = text.replaceAll(id, label);
    }
    return text;
  }
}

function claims(token) {
  if (token === null || typeof token !== 'object') {
    return token;
  }
  let {iat, exp, nbf, ...rest} = token;
  return rest;
}

function closing(name) {
  return (journal, {socket, code, reason}) => {
    journal.add(name, journal.label(socket), code, journal._reason(reason));
  };
}

// How each event of the server is logged.
const EVENTS = {
  handshake: (journal, {socket}) => journal._begin(socket),
  connection: (journal, {socket, isAuthenticated, authError}) => {
    journal.add('connection', journal.label(socket), isAuthenticated, authError && authError.name);
  },
  connectionAbort: closing('connectionAbort'),
  disconnection: closing('disconnection'),
  closure: closing('closure'),
  subscription: (journal, {socket, channel, subscriptionOptions}) => {
    journal.add('subscription', journal.label(socket), channel, subscriptionOptions);
  },
  unsubscription: (journal, {socket, channel}) => {
    journal.add('unsubscription', journal.label(socket), channel);
  },
  authentication: (journal, {socket, authToken}) => {
    journal.add('authentication', journal.label(socket), claims(authToken));
  },
  deauthentication: (journal, {socket, oldAuthToken}) => {
    journal.add('deauthentication', journal.label(socket), claims(oldAuthToken));
  },
  authenticationStateChange: (journal, {socket, oldAuthState, newAuthState}) => {
    journal.add('authenticationStateChange', journal.label(socket), oldAuthState, newAuthState);
  },
  badSocketAuthToken: (journal, {socket, authError}) => {
    journal.add('badSocketAuthToken', journal.label(socket), authError.name);
  },
  warning: (journal, {warning}) => journal.addError(['warning'], warning),
  error: (journal, {error}) => journal.addError(['error'], error)
};

module.exports = {Journal};
