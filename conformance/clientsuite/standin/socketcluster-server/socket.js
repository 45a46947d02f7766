'use strict';

const StreamDemux = require('stream-demux');

// Socket is the server's side of a connection, as the suite's handlers see it.
class Socket {
  constructor(bridge, id) {
    this.id = id;
    this.actions = null; // for the middleware, from the first one on
    this._bridge = bridge;
    this._streams = {procedures: new StreamDemux(), receivers: new StreamDemux()};
  }

  procedure(name) {
    return this._streams.procedures.stream(name);
  }

  receiver(name) {
    return this._streams.receivers.stream(name);
  }

  setAuthToken(claims) {
    this._bridge.tell({type: 'setAuthToken', socket: this.id, data: claims});
  }

  write(kind, name, value) {
    this._streams[kind].write(name, value);
  }

  // end ends the loops of handlers and middleware.
  end() {
    this._streams.procedures.killAll();
    this._streams.receivers.killAll();
    if (this.actions) {
      this.actions.kill();
    }
  }
}

// Request is a client's call.
class Request {
  constructor(bridge, call, data) {
    this.data = data;
    this._bridge = bridge;
    this._call = call;
  }

  end(data) {
    this._bridge.tell({type: 'end', call: this._call, data});
  }

  error({name, message}) {
    this._bridge.tell({type: 'end', call: this._call, error: {name, message}});
  }
}

module.exports = {Request, Socket};
