'use strict';

// What the client's suite uses of socketcluster-server, on a server in Go.

const AsyncStreamEmitter = require('async-stream-emitter');
const WritableConsumableStream = require('writable-consumable-stream');
const {Bridge} = require('./bridge');
const {Request, Socket} = require('./socket');

class Server extends AsyncStreamEmitter {
  constructor(port, options) {
    super();
    this.MIDDLEWARE_INBOUND = 'inbound';
    this.options = {...options};
    this.httpServer = {close: () => this._bridge.tell({type: 'stopListening'})};
    this._signatureKey = options.authKey;
    this._verificationKey = options.authKey;
    this._sockets = new Map();
    this._middleware = null;
    this._bridge = new Bridge(port, options, (message) => this._on[message.type](message));
  }

  get signatureKey() {
    return this._signatureKey;
  }

  set signatureKey(key) {
    this._signatureKey = key;
    this._tellKeys();
  }

  get verificationKey() {
    return this._verificationKey;
  }

  set verificationKey(key) {
    this._verificationKey = key;
    this._tellKeys();
  }

  setMiddleware(type, middleware) {
    if (type !== this.MIDDLEWARE_INBOUND || this._middleware) {
      throw new Error(`no room for a middleware of the type ${type}`);
    }
    this._middleware = middleware;
    this._bridge.tell({type: 'inspect', on: true});
  }

  removeMiddleware(type) {
    if (type !== this.MIDDLEWARE_INBOUND) {
      throw new Error(`no middleware of the type ${type}`);
    }
    this._middleware = null;
    this._bridge.tell({type: 'inspect', on: false});
  }

  async close() {
    this._bridge.tell({type: 'close'});
    await this.listener('_closed').once();
    await this._bridge.end();
  }

  _tellKeys() {
    this._bridge.tell({
      type: 'setAuthKeys', signatureKey: this._signatureKey, verificationKey: this._verificationKey
    });
  }

  // _socket returns the socket with the id, which is new to the stand-in when it
  // connects, or before that when its token is shown to the middleware.
  _socket(id) {
    if (!this._sockets.has(id)) {
      this._sockets.set(id, new Socket(this._bridge, id));
    }
    return this._sockets.get(id);
  }

  // _decide shows an action to the middleware, which has one stream per socket.
  _decide({socket: id, action: type, channel, data, call}) {
    let socket = this._socket(id);
    if (!socket.actions) {
      socket.actions = new WritableConsumableStream();
      this._middleware(socket.actions);
    }
    let decide = (decision) => this._bridge.tell({...decision, call});
    socket.actions.write({
      type, socket, channel, data,
      allow: (packet) => decide({type: 'allow', data: packet && packet.data}),
      block: ({name, message}) => decide({type: 'block', error: {name, message}})
    });
  }

  // What the lines from the bridge do, by type.
  _on = {
    listening: ({pingTimeout}) => {
      this.options.pingTimeout = pingTimeout;
      this.emit('ready', {});
    },
    connection: ({socket: id}) => {
      this.emit('connection', {socket: this._socket(id)});
    },
    closure: ({socket: id}) => {
      if (this._sockets.has(id)) {
        this._sockets.get(id).end();
        this._sockets.delete(id);
      }
    },
    invoke: ({socket: id, name, data, call}) => {
      this._socket(id).write('procedures', name, new Request(this._bridge, call, data));
    },
    transmit: ({socket: id, name, data}) => this._socket(id).write('receivers', name, data),
    action: (message) => this._decide(message),
    closed: () => this.emit('_closed', {})
  };
}

module.exports = {
  listen: (port, options) => new Server(port, options || {})
};
