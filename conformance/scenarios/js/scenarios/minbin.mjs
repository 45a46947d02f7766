// The same protocol in another form: with the codec of sc-codec-min-bin on both
// sides.

const bytes = (...values) => new Uint8Array(values).buffer;

const VALUES = [
  null, true, false, 0, 1, -1, 127, 128, 255, 256, -129, 65536, 4294967296, 1.5, -1e-7, 1e300, '', 'text', 'ü€😀',
  'x'.repeat(40), 'x'.repeat(300), 'x'.repeat(70000), [], {}, [[[]]], {a: {b: [1, {c: null}]}},
  Array.from({length: 20}, (_, i) => i), bytes(), bytes(0, 1, 254, 255), {inside: [bytes(7), 'x']}
];

export const minbin = [{
  name: 'binary codec: calls',
  group: 'minbin',
  needs: 'codec',
  async play(t) {
    let client = await t.connected('c', {codecEngine: t.codec});
    for (let value of VALUES) {
      await t.result('echo', client.invoke('echo', value));
    }
    await t.result('no data', client.invoke('echo'));
    await t.result('empty', client.invoke('endEmpty', 1));
    await t.result('fail', client.invoke('fail', {name: 'Boom', message: 'it broke', extra: [1, 'two']}));
    client.procedure('double', (data) => data * 2);
    client.procedure('fails', () => {
      throw Object.assign(new Error('not today'), {name: 'LazyError'});
    });
    await t.result('double', client.invoke('invoke', {event: 'double', data: 21}));
    await t.result('fails', client.invoke('invoke', {event: 'fails'}));
  }
}, {
  name: 'binary codec: messages',
  group: 'minbin',
  needs: 'codec',
  async play(t) {
    let [one, two] = [
      await t.connected('one', {codecEngine: t.codec}), await t.connected('two', {codecEngine: t.codec})
    ];
    one.receive('shouted');
    two.subscribe(t.room('room'));
    await two.event('subscribe');
    for (let value of VALUES) {
      one.transmit('shout', value);
      one.transmitPublish(t.room('room'), value);
    }
    await t.result('publish', one.invokePublish(t.room('room'), {the: 'last'}));
    await t.result('by the server', one.invoke('publish', {channel: t.room('room'), data: bytes(1, 2, 3)}));
    await one.received('shouted', VALUES.length);
    await two.messages(t.room('room'), VALUES.length + 2);
    one.receive('news');
    await t.result('transmit', one.invoke('transmit', {event: 'news', data: {text: 'hello'}}));
    await one.received('news', 1);
    two.unsubscribe(t.room('room'));
    await two.event('unsubscribe');
  }
}, {
  name: 'binary codec: login, batch and reconnect',
  group: 'minbin',
  needs: 'codec',
  async play(t) {
    let client = await t.connected('c', {
      codecEngine: t.codec,
      autoReconnect: true,
      autoReconnectOptions: {initialDelay: 10, randomness: 10, multiplier: 1, maxDelay: 30}
    });
    await t.result('login', client.invoke('login', {claims: {username: 'ada'}}));
    await client.event('authenticate');
    client.receive('shouted');
    client.batch('startBatch');
    client.transmit('shout', 1);
    client.transmit('shout', bytes(2));
    let call = t.result('call', client.invoke('echo', 3));
    client.batch('flushBatch');
    await call;
    await client.received('shouted', 2);
    client.subscribe(t.room('room'));
    await client.event('subscribe');
    await t.result('cut', client.invoke('terminate'));
    await client.event('subscribe', 2);
    t.step('state', [client.authState, client.authToken]);
    await t.result('authenticate', client.authenticate(client.signedAuthToken));
    await t.result('bad token', client.authenticate('nonsense'));
  }
}];
