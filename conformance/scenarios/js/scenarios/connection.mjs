// The life of a connection: opening, closing, reconnecting.

const RECONNECT = {
  autoReconnect: true,
  autoReconnectOptions: {initialDelay: 10, randomness: 10, multiplier: 1, maxDelay: 30}
};

export const connection = [{
  name: 'connect and disconnect',
  async play(t) {
    let client = t.client('c');
    t.step('before', client.state);
    client.connect();
    t.step('called', client.state);
    await client.event('connect');
    t.step('connected', client.state);
    client.disconnect();
    await client.event('close');
    t.step('after', client.state);
    client.connect();
    await client.event('connect', 2);
    client.disconnect(4321, 'a reason of my own');
    await client.event('close', 2);
  }
}, {
  name: 'disconnect while connecting',
  async play(t) {
    let client = t.client('c');
    let call = t.result('call', client.invoke('echo', 1));
    client.connect();
    client.disconnect();
    await call;
    await client.event('close');
    client.connect();
    await client.event('connect');
    await t.result('next call', client.invoke('echo', 2));
  }
}, {
  name: 'reconnect',
  async play(t) {
    let client = await t.connected('c');
    client.reconnect(4100, 'again');
    await client.event('connect', 2);
    client.connect();
    await t.result('still open', client.invoke('echo', 'yes'));
  }
}, {
  name: 'wrong path',
  async play(t) {
    let client = t.client('c', {path: '/elsewhere/'});
    client.connect();
    await client.event('close');
  }
}, {
  name: 'closed by the server',
  async play(t) {
    for (let [i, [code, reason]] of [
      [1000, ''], [1000, 'bye'], [1001, ''], [3000, 'three'], [4000, ''], [4001, ''], [4100, 'custom'],
      [4499, 'last that reconnects'], [4500, 'for good'], [4999, 'übergroß']
    ].entries()) {
      let client = await t.connected(`c${i}`);
      client.invoke('closeAfter', {ms: 0, code, reason}).catch(() => {});
      await client.event('close');
    }
  }
}, {
  name: 'reconnect after a close',
  async play(t) {
    for (let code of [4000, 4001, 4100, 4499]) {
      let client = await t.connected(`c${code}`, RECONNECT);
      client.transmit('note', code);
      client.subscribe(t.room(`room ${code}`));
      await client.event('subscribe');
      await t.result('close', client.invoke('closeAfter', {ms: 0, code, reason: `code ${code}`}));
      await client.event('subscribe', 2);
      await t.result('after', client.invokePublish(t.room(`room ${code}`), 'back'));
      await client.messages(t.room(`room ${code}`), 1);
    }
  }
}, {
  name: 'no reconnect from 4500 on',
  async play(t) {
    for (let code of [1000, 4500, 4999]) {
      let client = await t.connected(`c${code}`, RECONNECT);
      await t.result('close', client.invoke('closeAfter', {ms: 0, code, reason: ''}));
      await client.event('close');
      t.step('state', client.state);
    }
  }
}, {
  name: 'connection cut',
  async play(t) {
    let client = await t.connected('c', RECONNECT);
    let calls = [t.result('never', client.invoke('never', 1)), t.result('terminate', client.invoke('terminate'))];
    await Promise.all(calls);
    await client.event('connect', 2);
    await t.result('after', client.invoke('echo', 'back'));
  }
}, {
  name: 'many channels come back',
  async play(t) {
    const MANY = 200;
    let client = await t.connected('c', RECONNECT);
    for (let i = 0; i < MANY; i++) {
      client.subscribe(t.room(`many ${i}`));
    }
    await client.event('subscribe', MANY);
    await t.result('cut', client.invoke('terminate'));
    await client.event('subscribe', 2 * MANY);
    t.step('subscriptions', client.subscriptions().length);
    for (let i = 0; i < MANY; i += 20) {
      await client.invokePublish(t.room(`many ${i}`), i);
      await client.messages(t.room(`many ${i}`), 1);
    }
  }
}, {
  name: 'outbound buffer',
  async play(t) {
    let client = t.client('c');
    client.receive('shouted');
    client.subscribe(t.room('early'));
    for (let i = 0; i < 20; i++) {
      client.transmit('shout', i);
    }
    let calls = [1, 2, 3].map((i) => t.result('call', client.invoke('echo', i)));
    client.transmitPublish(t.room('early'), 'published before the connection');
    client.connect();
    await Promise.all(calls);
    await client.received('shouted', 20);
    await client.messages(t.room('early'), 1);
  }
}];
