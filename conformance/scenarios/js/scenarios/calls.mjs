// Calls and messages, both ways.

const VALUES = [
  null, true, false, 0, -0, 1.5, -1e-7, 1e21, 123456789012345680, '', 'text', 'ü€😀', '\u0000\u001f"\\/\u2028', [],
  {}, [[[]]], {a: {b: [1, {c: null}]}}, {'': 1, 'ключ': 2, '__x__': 3}, [1, 'two', null, {three: 3}]
];

export const calls = [{
  name: 'echo values',
  async play(t) {
    let client = await t.connected('c');
    for (let value of VALUES) {
      await t.result('echo', client.invoke('echo', value));
    }
    await t.result('no data', client.invoke('echo'));
    await t.result('empty', client.invoke('endEmpty', 1));
    let long = 'x'.repeat(70000);
    t.step('long', (await client.invoke('echo', long)) === long);
  }
}, {
  name: 'errors',
  async play(t) {
    let client = await t.connected('c');
    for (let fields of [
      {name: 'Boom', message: 'it broke', extra: 7, list: [1, {two: 2}]},
      {message: 'no name'}, {name: 'NoMessage'}, {name: 'TimeoutError', message: 'not really'}, {}
    ]) {
      await t.result('fail', client.invoke('fail', fields));
    }
    for (let value of ['text', '', 0, 42, false, true, null]) {
      await t.result('failValue', client.invoke('failValue', value));
    }
    await t.result('twice', client.invoke('twice'));
  }
}, {
  name: 'calls side by side',
  async play(t) {
    let client = await t.connected('c');
    let slow = t.result('slow', client.invoke('slow', {ms: 150, value: 'slow'}));
    let quick = t.result('quick', client.invoke('echo', 'quick'));
    await quick;
    await slow;
    await Promise.all([1, 2, 3].map((i) => t.result('queue', client.invoke('queue', {ms: 30 - 10 * i, value: i}))));
  }
}, {
  name: 'acknowledgement timeout',
  async play(t) {
    let client = await t.connected('c', {ackTimeout: 1000});
    await t.result('never', client.invoke('never', 1));
    await t.result('unknown procedure', client.invoke('no such procedure', 1));
    // The answer that comes too late is dropped.
    await t.result('too slow', client.invoke('slow', {ms: 1400, value: 'late'}));
    await t.result('after', client.invoke('slow', {ms: 10, value: 'in time'}));
  }
}, {
  name: 'messages',
  async play(t) {
    let client = await t.connected('c');
    client.receive('shouted');
    client.receive('raw');
    for (let value of VALUES) {
      client.transmit('shout', value);
    }
    await client.received('shouted', VALUES.length);
    client.transmit('no such receiver', 1);
    client.send('this is no packet');
    client.send('{"neither": "is this"}');
    await client.received('raw', 2);
    client.receive('count');
    await t.result('burst', client.invoke('burst', {event: 'count', count: 100}));
    await client.received('count', 100);
  }
}, {
  name: 'calls by the server',
  async play(t) {
    let client = await t.connected('c');
    client.procedure('double', (data) => data * 2);
    client.procedure('nothing', () => {});
    client.procedure('fails', (data) => {
      throw Object.assign(new Error('not today'), {name: 'LazyError', extra: data});
    });
    client.procedure('silent', () => new Promise(() => {}));
    await t.result('double', client.invoke('invoke', {event: 'double', data: 21}));
    await t.result('nothing', client.invoke('invoke', {event: 'nothing'}));
    await t.result('fails', client.invoke('invoke', {event: 'fails', data: [1]}));
    await t.result('silent', client.invoke('invoke', {event: 'silent', ackTimeout: 100}));
    client.receive('news');
    await t.result('transmit', client.invoke('transmit', {event: 'news', data: {text: 'hello'}}));
    await t.result('transmit nothing', client.invoke('transmit', {event: 'news'}));
    await client.received('news', 2);
  }
}, {
  name: 'binary data',
  async play(t) {
    let bytes = (...values) => new Uint8Array(values).buffer;
    let client = await t.connected('c');
    await t.result('echo', client.invoke('echo', bytes(0, 1, 254, 255)));
    await t.result('inside', client.invoke('echo', {list: [bytes(), bytes(7)], text: 'x'}));
    client.receive('shouted');
    client.transmit('shout', bytes(1, 2, 3));
    await client.received('shouted', 1);
    client.subscribe(t.room('bytes'));
    await client.event('subscribe');
    await t.result('publish', client.invokePublish(t.room('bytes'), bytes(9, 8, 7)));
    await client.messages(t.room('bytes'), 1);
  }
}, {
  name: 'compression',
  group: 'deflate', // which ws and browsers offer by themselves
  async play(t) {
    let [one, two] = [await t.connected('one'), await t.connected('two')];
    t.step('agreed', one.extension);
    two.subscribe(t.room('room'));
    await two.event('subscribe');
    for (let length of [0, 1, 1023, 1024, 1025, 65536, 300000]) {
      let text = 'ein Text, der sich gut packen läßt '.repeat(length / 34 + 1).slice(0, length);
      t.step(`echo ${length}`, (await one.invoke('echo', text)) === text);
      await one.invokePublish(t.room('room'), length);
      await one.invokePublish(t.room('room'), text.slice(0, 3000));
      await one.transmitPublish(t.room('room'), {short: 1});
    }
    await two.messages(t.room('room'), 21);
  }
}];
