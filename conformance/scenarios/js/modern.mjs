// Modern drives the clients with async iterables: socketcluster-client 15 and
// later, and asyngular-client.

const LOCAL = new Set(['message']); // one for every frame: the comparison of frames is elsewhere

export class Modern {
  static has = {batching: true, version: 2};

  constructor(trace, name, library, options) {
    this.name = name;
    this.frames = 0;
    this._trace = trace;
    this._socket = library.create(options);
    let emit = this._socket.emit;
    this._socket.emit = (event, data) => {
      if (event === 'message') {
        this.frames++;
      }
      if (!LOCAL.has(event)) {
        trace.record(`${name} events`, [event, data]);
      }
      return emit.call(this._socket, event, data);
    };
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

  // event waits for the count-th event of that name, from the beginning.
  event(name, count = 1) {
    return this._trace.until(`${this.name} events`, count, ([event]) => event === name);
  }

  invoke(procedure, data) {
    return this._socket.invoke(procedure, data);
  }

  async transmit(receiver, data) {
    return this._socket.transmit(receiver, data);
  }

  send(text) {
    this._socket.send(text);
  }

  invokePublish(channel, data) {
    return this._socket.invokePublish(channel, data);
  }

  async transmitPublish(channel, data) {
    return this._socket.transmitPublish(channel, data);
  }

  authenticate(token) {
    return this._socket.authenticate(token);
  }

  async deauthenticate() {
    return this._socket.deauthenticate();
  }

  // subscribe subscribes, and records the messages from now on.
  subscribe(channel, options) {
    this._follow(`${this.name} channel ${channel}`, this._socket.subscribe(channel, options));
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

  // receive records what the server transmits under the name.
  receive(receiver) {
    this._follow(`${this.name} receiver ${receiver}`, this._socket.receiver(receiver));
  }

  received(receiver, count) {
    return this._trace.until(`${this.name} receiver ${receiver}`, count);
  }

  // procedure answers the server's calls; an error is an answer too, and a
  // promise that is never settled is none.
  async procedure(name, handler) {
    for await (let request of this._socket.procedure(name)) {
      (async () => {
        try {
          request.end(await handler(request.data));
        } catch (error) {
          request.error(error);
        }
      })();
    }
  }

  batch(operation) {
    this._socket[operation]();
  }

  async _follow(lane, stream) {
    for await (let data of stream) {
      this._trace.record(lane, data);
    }
  }
}
