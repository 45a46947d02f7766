// Legacy drives socketcluster-client 14, with callbacks and event emitters,
// in the terms of its successors.

const EVENTS = [
  'connecting', 'connect', 'connectAbort', 'disconnect', 'close', 'raw',
  'authenticate', 'deauthenticate', 'authStateChange', 'removeAuthToken',
  'subscribe', 'subscribeFail', 'unsubscribe', 'subscribeStateChange', 'subscribeRequest', 'kickOut'
];

export class Legacy {
  static has = {batching: false, version: 1};

  constructor(trace, name, library, options) {
    this.name = name;
    this.frames = 0;
    this._trace = trace;
    this._followed = new Set();
    this._socket = library.create({...options, multiplex: false});
    for (let event of EVENTS) {
      this._socket.on(event, (...args) => trace.record(`${name} events`, [event, ...args]));
    }
    // The client emits errors by a timer, whatever else happens meanwhile.
    this._socket.on('error', (error) => trace.record(`${name} errors`, ['error', error]));
    this._socket.on('message', () => this.frames++);
  }

  get state() {
    return this._socket.state;
  }

  // extension is the name of the one that the server has agreed to. Its
  // parameters differ on purpose: see no-context-takeover in docs/differences.md.
  get extension() {
    return this._socket.transport.socket.extensions.split(';')[0];
  }

  get authState() {
    return this._socket.authState;
  }

  get authToken() {
    return this._socket.authToken;
  }

  get signedAuthToken() {
    return this._socket.signedAuthToken;
  }

  connect(options) {
    this._socket.connect(options);
  }

  disconnect(code, reason) {
    this._socket.disconnect(code, reason);
  }

  reconnect(code, reason) {
    this._socket.reconnect(code, reason);
  }

  event(name, count = 1) {
    return this._trace.until(`${this.name} events`, count, ([event]) => event === name);
  }

  invoke(procedure, data) {
    return this._call((done) => this._socket.emit(procedure, data, done));
  }

  async transmit(receiver, data) {
    this._socket.emit(receiver, data);
  }

  send(text) {
    this._socket.send(text);
  }

  invokePublish(channel, data) {
    return this._call((done) => this._socket.publish(channel, data, done));
  }

  async transmitPublish(channel, data) {
    this._socket.publish(channel, data);
  }

  authenticate(token) {
    return this._call((done) => this._socket.authenticate(token, done));
  }

  deauthenticate() {
    return this._call((done) => this._socket.deauthenticate(done));
  }

  subscribe(channel, options) {
    this._socket.subscribe(channel, options);
    if (!this._followed.has(channel)) {
      this._followed.add(channel);
      this._socket.watch(channel, (data) => this._trace.record(`${this.name} channel ${channel}`, data));
    }
  }

  unsubscribe(channel) {
    this._socket.unsubscribe(channel);
  }

  isSubscribed(channel) {
    return this._socket.isSubscribed(channel);
  }

  subscriptions() {
    return this._socket.subscriptions();
  }

  messages(channel, count) {
    return this._trace.until(`${this.name} channel ${channel}`, count);
  }

  receive(receiver) {
    this._socket.on(receiver, (data) => this._trace.record(`${this.name} receiver ${receiver}`, data));
  }

  received(receiver, count) {
    return this._trace.until(`${this.name} receiver ${receiver}`, count);
  }

  procedure(name, handler) {
    this._socket.on(name, async (data, respond) => {
      try {
        respond(null, await handler(data));
      } catch (error) {
        respond(error);
      }
    });
  }

  _call(start) {
    return new Promise((resolve, reject) => {
      start((error, data) => (error ? reject(error) : resolve(data)));
    });
  }
}
