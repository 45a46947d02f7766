/**
 * A small client of the AG protocol, the one that socketcluster-client speaks.
 *
 *     const client = new AGClient({url: 'ws://127.0.0.1:8000/socketcluster/'});
 *     client.on('message', ({channel, data}) => console.log(channel, data));
 *     client.subscribe('clock');
 *     const answer = await client.invoke('echo', {hello: 'world'});
 *
 * It has no dependencies. It connects, shakes hands, answers pings, calls and
 * is called, subscribes and publishes, keeps its auth token, and reconnects by
 * the rules of the official client. What is sent before the connection is open
 * waits for it; what is subscribed stays subscribed over reconnects.
 *
 * Events, each with one object as its argument:
 *
 *     connecting       {}
 *     connect          {id, pingTimeout, isAuthenticated, authError}
 *     close            {code, reason, wasOpen}
 *     reconnect        {delay}              the next attempt starts after `delay` ms
 *     frame            {direction, data, time}   'in' or 'out'; every frame, pings too
 *     raw              {data}               a frame that is no packet
 *     transmit         {event, data}        the server transmitted
 *     message          {channel, data}      somebody published
 *     subscribe        {channel}
 *     subscribeFail    {channel, error}
 *     unsubscribe      {channel}
 *     kickOut          {channel, message}
 *     authenticate     {claims, signedToken}
 *     deauthenticate   {claims}
 *     roundTrip        {event, ms}          a call was answered
 *     error            {error}              what has no call to be reported to
 */

const TEXT_OF_CLOSE_CODE = new Map([
  [1000, 'closed as asked'],
  [1001, 'the other side is going away'],
  [1002, 'a frame broke the WebSocket protocol'],
  [1003, 'a kind of message the server does not take'],
  [1005, 'closed without a status'],
  [1006, 'the connection broke, or was never made'],
  [1007, 'a message was not valid text'],
  [1008, 'a message broke a rule of the server'],
  [1009, 'a message was too big'],
  [1011, 'the server met a condition it cannot handle'],
  [4000, 'the server’s pings stopped'],
  [4001, 'the server missed our pongs'],
  [4002, 'the server could not sign the auth token'],
  [4003, 'the handshake failed'],
  [4004, 'the auth token could not be stored'],
  [4005, 'no handshake in time'],
  [4006, 'the server could not reach its message broker'],
  [4007, 'no connection in time'],
  [4008, 'the server refused the handshake'],
  [4009, 'a message was sent before the handshake'],
]);

/** Codes after which the official client reconnects without waiting. */
const RECONNECT_AT_ONCE = new Set([4000, 4001, 1005]);
/** Codes from here on mean: do not come back. So does 1000. */
const FIRST_PERMANENT_CODE = 4500;

/** What a close code means, in words. */
export function textOfCloseCode(code) {
  return TEXT_OF_CLOSE_CODE.get(code) ?? (code >= FIRST_PERMANENT_CODE ? 'ended for good' : '');
}

/** An error with a name, as errors cross the wire. */
export class AGError extends Error {
  constructor(name, message, fields = {}) {
    super(message);
    Object.assign(this, fields);
    this.name = name;
  }
}

/** The error that a packet's `error` member stands for; a plain value stays what it is. */
function hydrateError(error) {
  if (error === null || typeof error !== 'object') {
    return error;
  }
  const {name = 'Error', message = '', ...fields} = error;
  return new AGError(name, message, fields);
}

/** The claims inside a signed token. Nothing is verified: that is the server's job. */
export function claimsOf(signedToken) {
  try {
    const part = signedToken.split('.')[1].replaceAll('-', '+').replaceAll('_', '/');
    const bytes = Uint8Array.from(atob(part), (character) => character.charCodeAt(0));
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return null;
  }
}

/** Where a client keeps its token when it is given no store: in memory. */
class MemoryStore {
  #token = null;
  load() { return this.#token; }
  save(token) { this.#token = token; }
  remove() { this.#token = null; }
}

export class AGClient {
  /** 'closed', 'connecting' or 'open'. It is open once the handshake is done. */
  state = 'closed';
  /** The id the server gave to this connection, or null. */
  id = null;
  /** The auth token's claims, or null. */
  claims = null;
  signedToken = null;

  #options;
  #store;
  #ping;
  #pong;
  #socket = null;
  #nextCallId = 1;
  #attempts = 0;
  #listeners = new Map(); // event → Set of functions
  #procedures = new Map(); // name → function, for calls of the server
  #channels = new Map(); // name → {state, options}
  #calls = new Map(); // call id → {event, resolve, reject, timer}
  #waiting = []; // packets that wait for the connection
  #connectTimer = 0;
  #pingTimer = 0;
  #reconnectTimer = 0;
  #pingTimeout = 0;

  /**
   * All times are in milliseconds. `tokenStore` has load(), save(token) and
   * remove(). `protocolVersion` 1 has '#1' and '#2' for pings, 2 has ''.
   */
  constructor(options) {
    this.#options = {
      protocolVersion: 2,
      connectTimeout: 20_000,
      ackTimeout: 10_000,
      autoReconnect: true,
      initialDelay: 10_000,
      randomness: 10_000,
      multiplier: 1.5,
      maxDelay: 60_000,
      ...options,
    };
    this.#store = this.#options.tokenStore ?? new MemoryStore();
    [this.#ping, this.#pong] = this.#options.protocolVersion === 1 ? ['#1', '#2'] : ['', ''];
  }

  get url() { return this.#options.url; }

  /** Whether it reconnects by itself; switching that off ends a wait for the next attempt. */
  setAutoReconnect(isOn) {
    this.#options.autoReconnect = isOn;
    if (!isOn) {
      clearTimeout(this.#reconnectTimer);
    }
  }

  get isAuthenticated() { return this.signedToken !== null; }

  /** Calls `listener` at each event of that name; the answer is a function that ends this. */
  on(event, listener) {
    if (!this.#listeners.has(event)) {
      this.#listeners.set(event, new Set());
    }
    this.#listeners.get(event).add(listener);
    return () => this.#listeners.get(event).delete(listener);
  }

  /** Answers the server's calls of `name` with what `handler(data)` returns or throws. */
  handle(name, handler) {
    this.#procedures.set(name, handler);
  }

  #emit(event, detail = {}) {
    for (const listener of this.#listeners.get(event) ?? []) {
      listener(detail);
    }
  }

  // ---- Connection ----

  /** Connects, or does nothing if that is under way or done. New options replace old ones. */
  connect(options = {}) {
    if (this.state !== 'closed') {
      return;
    }
    Object.assign(this.#options, options);
    [this.#ping, this.#pong] = this.#options.protocolVersion === 1 ? ['#1', '#2'] : ['', ''];
    clearTimeout(this.#reconnectTimer);
    this.state = 'connecting';
    this.#emit('connecting');

    const socket = new WebSocket(this.#options.url);
    socket.binaryType = 'arraybuffer';
    this.#socket = socket;
    this.#connectTimer = setTimeout(() => this.#drop(4007), this.#options.connectTimeout);
    this.#pingTimeout = this.#options.connectTimeout;

    // A socket that has been dropped may still report: it is not listened to.
    const current = (handler) => (event) => {
      if (this.#socket === socket) {
        handler(event);
      }
    };
    socket.addEventListener('open', current(() => this.#handshake()));
    socket.addEventListener('message', current((event) => this.#receive(event.data)));
    socket.addEventListener('close', current((event) => this.#closed(event.code, event.reason)));
  }

  /** Closes the connection and stays away; also ends a wait for the next attempt. */
  disconnect(code = 1000, reason = '') {
    clearTimeout(this.#reconnectTimer);
    if (this.state !== 'closed') {
      this.#drop(code, reason);
    }
  }

  async #handshake() {
    clearTimeout(this.#connectTimer);
    this.#expectPing();
    const socket = this.#socket;
    const signedToken = this.#store.load();
    let status;
    try {
      status = await this.#call('#handshake', {authToken: signedToken}, this.#options.ackTimeout, true);
    } catch (error) {
      if (this.#socket === socket) {
        this.#emit('error', {error});
        this.#drop(error?.statusCode ?? 4003, String(error?.message ?? error));
      }
      return;
    }

    this.state = 'open';
    this.id = status.id;
    this.#attempts = 0;
    this.#pingTimeout = status.pingTimeout;
    this.#expectPing();
    if (status.isAuthenticated) {
      this.#authenticated(signedToken);
    } else {
      this.#unauthenticated();
    }
    this.#emit('connect', {...status, authError: status.authError ? hydrateError(status.authError) : null});

    for (const name of this.#channels.keys()) {
      this.#sendSubscribe(name);
    }
    for (const packet of this.#waiting.splice(0)) {
      this.#sendPacket(packet);
    }
  }

  /** Ends the connection from this side, without waiting for the server's agreement. */
  #drop(code, reason = '') {
    const socket = this.#socket;
    this.#closed(code, reason);
    // Browsers let a page close with 1000 and 3000 to 4999 only.
    socket.close(code === 1000 || code >= 3000 ? code : 1000, reason.slice(0, 40));
  }

  #closed(code, reason) {
    const wasOpen = this.state === 'open';
    this.#socket = null;
    this.state = 'closed';
    this.id = null;
    clearTimeout(this.#connectTimer);
    clearTimeout(this.#pingTimer);

    reason ||= textOfCloseCode(code);
    for (const channel of this.#channels.values()) {
      channel.state = 'pending';
    }
    this.#emit('close', {code, reason, wasOpen});

    const failure = wasOpen ? 'disconnect' : 'connectAbort';
    this.#waiting.length = 0;
    for (const [id, call] of this.#calls) {
      this.#calls.delete(id);
      clearTimeout(call.timer);
      call.reject(new AGError('BadConnectionError',
        `The connection ended before ${call.event} was answered`, {type: failure, code, reason}));
    }

    if (!this.#options.autoReconnect || code === 1000 || code >= FIRST_PERMANENT_CODE) {
      return;
    }
    const delay = this.#nextDelay(RECONNECT_AT_ONCE.has(code));
    this.#reconnectTimer = setTimeout(() => this.connect(), delay);
    this.#emit('reconnect', {delay});
  }

  /** The wait before the next attempt: random at first, growing, bounded. */
  #nextDelay(atOnce) {
    const {initialDelay, randomness, multiplier, maxDelay} = this.#options;
    const attempt = this.#attempts++;
    if (atOnce && attempt === 0) {
      return 0;
    }
    const first = initialDelay + randomness * Math.random();
    return Math.min(Math.round(first * multiplier ** attempt), maxDelay);
  }

  /** Only the server's pings count as signs of life. */
  #expectPing() {
    clearTimeout(this.#pingTimer);
    this.#pingTimer = setTimeout(() => this.#drop(4000), this.#pingTimeout);
  }

  // ---- Frames and packets ----

  #receive(data) {
    this.#emit('frame', {direction: 'in', data, time: Date.now()});
    if (data === this.#ping) {
      this.#expectPing();
      this.#send(this.#pong);
      return;
    }
    let packet;
    try {
      packet = JSON.parse(typeof data === 'string' ? data : new TextDecoder('utf-8', {fatal: true}).decode(data));
    } catch {
      this.#emit('raw', {data});
      return;
    }
    for (const element of Array.isArray(packet) ? packet : [packet]) {
      this.#process(element, data);
    }
  }

  #process(packet, data) {
    if (typeof packet?.event === 'string') {
      if (typeof packet.cid === 'number') {
        this.#answer(packet);
      } else {
        this.#processTransmit(packet.event, packet.data);
      }
    } else if (typeof packet?.rid === 'number') {
      this.#settle(packet);
    } else {
      this.#emit('raw', {data});
    }
  }

  #processTransmit(event, data) {
    switch (event) {
      case '#publish':
        if (this.#channels.has(data?.channel)) {
          this.#emit('message', {channel: data.channel, data: data.data});
        }
        break;
      case '#kickOut':
        if (this.#channels.delete(data?.channel)) {
          this.#emit('kickOut', {channel: data.channel, message: data.message});
          this.#emit('unsubscribe', {channel: data.channel});
        }
        break;
      case '#setAuthToken':
        this.#takeToken(data?.token);
        break;
      case '#removeAuthToken':
        this.#dropToken();
        break;
      default:
        this.#emit('transmit', {event, data});
    }
  }

  /** Answers a call of the server. */
  async #answer({event, data, cid}) {
    try {
      let result;
      if (event === '#setAuthToken') {
        if (!data?.token) {
          throw new AGError('InvalidMessageError', '#setAuthToken came without a token');
        }
        this.#takeToken(data.token);
      } else if (event === '#removeAuthToken') {
        this.#dropToken();
      } else if (this.#procedures.has(event)) {
        result = await this.#procedures.get(event)(data);
      } else {
        return; // as the official client: nobody answers, the server's call times out
      }
      this.#sendPacket({rid: cid, data: result});
    } catch (error) {
      this.#sendPacket({rid: cid, error: {...error, name: error.name, message: error.message}});
    }
  }

  /** Hands an answer to the call that waits for it; one that comes too late is dropped. */
  #settle({rid, data, error}) {
    const call = this.#calls.get(rid);
    if (!call) {
      return;
    }
    this.#calls.delete(rid);
    clearTimeout(call.timer);
    if (call.sentAt !== undefined) {
      this.#emit('roundTrip', {event: call.event, ms: performance.now() - call.sentAt});
    }
    if (error) {
      call.reject(hydrateError(error));
    } else {
      call.resolve(data);
    }
  }

  #send(data) {
    if (this.#socket?.readyState === WebSocket.OPEN) {
      this.#socket.send(data);
      this.#emit('frame', {direction: 'out', data, time: Date.now()});
    }
  }

  #sendPacket(packet) {
    const call = this.#calls.get(packet.cid);
    if (call) {
      call.sentAt = performance.now();
    }
    this.#send(JSON.stringify(packet));
  }

  /** Sends now, or as soon as the connection is open. */
  #queuePacket(packet) {
    if (this.state === 'open') {
      this.#sendPacket(packet);
      return;
    }
    this.#waiting.push(packet);
    this.connect();
  }

  #call(event, data, timeout, beforeOpen = false) {
    return new Promise((resolve, reject) => {
      const cid = this.#nextCallId++;
      const packet = {event, data, cid};
      const timer = timeout === Infinity ? 0 : setTimeout(() => {
        this.#calls.delete(cid);
        const queued = this.#waiting.indexOf(packet);
        if (queued >= 0) {
          this.#waiting.splice(queued, 1);
        }
        reject(new AGError('TimeoutError', `No answer to ${event} within ${timeout} ms`));
      }, timeout);
      this.#calls.set(cid, {event, resolve, reject, timer});
      if (beforeOpen) {
        this.#sendPacket(packet);
      } else {
        this.#queuePacket(packet);
      }
    });
  }

  // ---- Calls ----

  /** Calls a procedure: resolves with its answer, rejects with its error or a TimeoutError. */
  invoke(event, data, {ackTimeout = this.#options.ackTimeout} = {}) {
    return this.#call(event, data, ackTimeout);
  }

  /** Sends an event that nobody answers. */
  transmit(event, data) {
    this.#queuePacket({event, data});
  }

  /** Sends a frame as it is, packet or not. Needs an open connection. */
  sendRaw(data) {
    if (this.state !== 'open') {
      throw new AGError('BadConnectionError', 'The connection is not open');
    }
    this.#send(data);
  }

  // ---- Channels ----

  /** The channels, each with its state: 'pending' or 'subscribed'. */
  get channels() {
    return new Map([...this.#channels].map(([name, channel]) => [name, channel.state]));
  }

  /** Subscribes now and after each reconnect. `options` travel with the subscription. */
  subscribe(name, options = {}) {
    if (this.#channels.has(name)) {
      return;
    }
    this.#channels.set(name, {state: 'pending', options});
    if (this.state === 'open') {
      this.#sendSubscribe(name);
    } else {
      this.connect();
    }
  }

  async #sendSubscribe(name) {
    const channel = this.#channels.get(name);
    try {
      await this.#call('#subscribe', {...channel.options, channel: name}, Infinity, true);
    } catch (error) {
      // A lost connection leaves the channel pending; a refusal ends it.
      if (error?.name !== 'BadConnectionError' && this.#channels.get(name) === channel) {
        this.#channels.delete(name);
        this.#emit('subscribeFail', {channel: name, error});
      }
      return;
    }
    if (this.#channels.get(name) === channel) {
      channel.state = 'subscribed';
      this.#emit('subscribe', {channel: name});
    }
  }

  unsubscribe(name) {
    if (this.#channels.delete(name)) {
      if (this.state === 'open') {
        this.#sendPacket({event: '#unsubscribe', data: name});
      }
      this.#emit('unsubscribe', {channel: name});
    }
  }

  /** Publishes; resolves when the server has passed the message on. */
  publish(channel, data) {
    return this.invoke('#publish', {channel, data});
  }

  /** Publishes without waiting for an acknowledgement. */
  transmitPublish(channel, data) {
    this.transmit('#publish', {channel, data});
  }

  // ---- Authentication ----

  /** Presents a signed token to the server. Resolves with {isAuthenticated, authError}. */
  async authenticate(signedToken) {
    let status;
    try {
      status = await this.invoke('#authenticate', signedToken);
    } catch (error) {
      if (error?.name !== 'BadConnectionError' && error?.name !== 'TimeoutError') {
        this.#unauthenticated();
      }
      throw error;
    }
    if (status?.isAuthenticated) {
      this.#takeToken(signedToken);
    } else {
      this.#unauthenticated();
    }
    return {...status, authError: status?.authError ? hydrateError(status.authError) : null};
  }

  /** Forgets the token here and on the server. */
  deauthenticate() {
    if (this.state === 'open') {
      this.#sendPacket({event: '#removeAuthToken'});
    }
    this.#dropToken();
  }

  #takeToken(signedToken) {
    if (typeof signedToken === 'string') {
      this.#store.save(signedToken);
      this.#authenticated(signedToken);
    }
  }

  #dropToken() {
    this.#store.remove();
    this.#unauthenticated();
  }

  #authenticated(signedToken) {
    this.signedToken = signedToken;
    this.claims = claimsOf(signedToken);
    this.#emit('authenticate', {claims: this.claims, signedToken});
  }

  #unauthenticated() {
    if (this.signedToken !== null) {
      const {claims} = this;
      this.signedToken = null;
      this.claims = null;
      this.#emit('deauthenticate', {claims});
    }
  }
}
