import {Trace} from './trace.mjs';

// How long a scenario may take before it counts as stuck.
const PATIENCE = 25000;

// Stage is what a scenario plays on: it makes clients and records steps.
class Stage {
  constructor(scenario, {driver, library, player, codec, ports, secure}) {
    this.trace = new Trace();
    this.codec = codec; // sc-codec-min-bin, where there is one
    this._driver = driver;
    this._library = library;
    this._player = player;
    this._scenario = scenario.name;
    this._port = ports[scenario.group || 'plain'];
    this._secure = secure === true;
    this._clients = [];
  }

  // client makes a client, which is not connected yet. Unless the options say
  // otherwise it does not reconnect by itself. Clients with the same token name
  // share their auth token.
  client(name, {tokenName = name, ...options} = {}) {
    let client = new this._driver(this.trace, name, this._library, {
      hostname: '127.0.0.1',
      port: this._port,
      secure: this._secure,
      path: '/socketcluster/',
      autoConnect: false,
      autoReconnect: false,
      authTokenName: `${this._player}.${this._scenario}.${tokenName}`,
      ...options
    });
    this._clients.push(client);
    return client;
  }

  // room returns the name of a channel that no other player uses.
  room(name) {
    return `${this._player}: ${name}`;
  }

  // connected makes a client and waits until it is open.
  async connected(name, options) {
    let client = this.client(name, options);
    client.connect();
    await client.event('connect');
    return client;
  }

  // step records a value.
  step(label, value) {
    this.trace.record('steps', [label, value]);
  }

  // result records what becomes of a promise, and returns it.
  async result(label, promise) {
    try {
      let value = await promise;
      this.step(label, {value});
      return value;
    } catch (error) {
      this.step(label, {error});
    }
  }

  // settle waits until the server's frames to every client have come: answers
  // stand behind what was sent before the call came in. Some clients emit some
  // events by a timer of their own, which has run before a longer one.
  async settle() {
    await Promise.all(this._clients
      .filter((client) => client.state === 'open')
      .map((client) => client.invoke('echo', null).catch(() => {})));
    await wait(40);
  }

  end() {
    this.trace.close();
    for (let client of this._clients) {
      client.disconnect();
    }
  }
}

// can tells whether a player can play a scenario.
export function can({driver, codec}, {needs}) {
  return !needs || (needs === 'codec' ? !!codec : driver.has[needs]);
}

// play plays a scenario and returns its lanes. A scenario that fails or gets
// stuck has a lane "failure". The player is {driver, library, player, ports,
// codec}: a class of modern.mjs or legacy.mjs, the package that it drives, the
// name of all that, the ports of the servers by group, and sc-codec-min-bin, if
// there is one that fits.
export async function play(scenario, player) {
  let stage = new Stage(scenario, player);
  let timer;
  let stuck = new Promise((resolve, reject) => {
    timer = setTimeout(() => reject(new Error('the scenario got stuck')), PATIENCE);
  });
  let whole = (async () => {
    await scenario.play(stage);
    await stage.settle();
  })();
  try {
    await Promise.race([whole, stuck]);
  } catch (error) {
    stage.trace.record('failure', `${error.name}: ${error.message}`);
  }
  clearTimeout(timer);
  stage.end();
  return stage.trace.lanes;
}

export function wait(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
