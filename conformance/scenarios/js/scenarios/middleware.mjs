// Actions that middleware blocks, changes or delays. What it is to do stands in
// the action itself: see the specification of the conformance app.

const NO = {block: {name: 'NoError', message: 'no', extra: 1}};

function query(verdicts) {
  return Object.fromEntries(Object.entries(verdicts).map(([name, verdict]) => [name, JSON.stringify(verdict)]));
}

export const middleware = [{
  name: 'allowed by middleware',
  group: 'middleware',
  async play(t) {
    let client = await t.connected('c', {query: query({ws: {delay: 20}, sc: {delay: 20}})});
    client.receive('shouted');
    client.subscribe(t.room('room'));
    await client.event('subscribe');
    client.transmit('shout', 1);
    await t.result('call', client.invoke('echo', 2));
    await t.result('publish', client.invokePublish(t.room('room'), 3));
    await client.received('shouted', 1);
    await client.messages(t.room('room'), 1);
  }
}, {
  name: 'refused upgrade',
  group: 'middleware',
  async play(t) {
    for (let [i, ws] of [NO, {blockValue: 'plain text'}, {blockEmpty: true}].entries()) {
      let client = t.client(`c${i}`, {query: query({ws})});
      client.connect();
      await client.event('close');
    }
  }
}, {
  name: 'refused handshake',
  group: 'middleware',
  async play(t) {
    for (let [i, sc] of [
      NO, {block: {name: 'Custom', message: 'with a code', statusCode: 4501}},
      {block: {message: 'hidden', silent: true}}, {blockValue: 'plain text'}, {blockEmpty: true}
    ].entries()) {
      let client = t.client(`c${i}`, {query: query({sc})});
      client.connect();
      await client.event('close');
    }
  }
}, {
  name: 'refused handshake, and a client that reconnects',
  group: 'middleware',
  async play(t) {
    let client = t.client('c', {
      query: query({sc: NO}),
      autoReconnect: true,
      autoReconnectOptions: {initialDelay: 10, randomness: 10, multiplier: 1, maxDelay: 30}
    });
    client.connect();
    await client.event('close', 3);
    client.disconnect();
  }
}, {
  name: 'blocked calls and messages',
  group: 'middleware',
  async play(t) {
    let client = await t.connected('c');
    client.receive('shouted');
    for (let mw of [
      NO, {block: {message: 'hidden', silent: true}}, {blockValue: 'plain text'}, {blockValue: 7}, {blockEmpty: true},
      {data: 'changed'}, {delay: 20, data: {changed: 'later'}}
    ]) {
      await t.result('call', client.invoke('echo', {mw}));
      client.transmit('shout', {mw});
    }
    await client.received('shouted', 2);
  }
}, {
  name: 'blocked subscriptions and publications',
  group: 'middleware',
  async play(t) {
    let client = await t.connected('c');
    client.subscribe(t.room('refused'), {data: {mw: NO}});
    await client.event('subscribeFail');
    client.subscribe(t.room('silently refused'), {data: {mw: {blockEmpty: true}}});
    await client.event('subscribeFail', 2);
    client.subscribe(t.room('room'));
    await client.event('subscribe');
    await t.result('refused', client.invokePublish(t.room('room'), {mw: NO}));
    await t.result('changed', client.invokePublish(t.room('room'), {mw: {data: 'changed on the way in'}}));
    await t.result('to nobody', client.invokePublish(t.room('room'), {out: {blockEmpty: true}}));
    await t.result('changed', client.invokePublish(t.room('room'), {out: {data: 'changed on the way out'}}));
    await t.result('last', client.invokePublish(t.room('room'), 'last'));
    await client.messages(t.room('room'), 3);
  }
}, {
  name: 'publication for some',
  group: 'middleware',
  async play(t) {
    let [one, two] = [
      await t.connected('one', {query: {name: 'one'}}), await t.connected('two', {query: {name: 'two'}})
    ];
    one.subscribe(t.room('room'));
    two.subscribe(t.room('room'));
    await Promise.all([one.event('subscribe'), two.event('subscribe')]);
    await t.result('not for one', one.invokePublish(t.room('room'), {out: {to: 'one', blockEmpty: true}}));
    await t.result('other for two', one.invokePublish(t.room('room'), {text: 'for one', out: {to: 'two', data: 'for two'}}));
    await t.result('late for one', two.invokePublish(t.room('room'), {text: 'late', out: {to: 'one', delay: 30}}));
    await t.result('last', two.invokePublish(t.room('room'), 'last'));
    await Promise.all([one.messages(t.room('room'), 3), two.messages(t.room('room'), 4)]);
  }
}, {
  name: 'delayed messages keep their order',
  group: 'middleware',
  async play(t) {
    let client = await t.connected('c');
    client.receive('shouted');
    client.transmit('shout', {n: 1, mw: {delay: 40}});
    client.transmit('shout', {n: 2});
    client.transmit('shout', {n: 3, mw: {delay: 10}});
    await t.result('call', client.invoke('echo', {n: 4}));
    await client.received('shouted', 3);
  }
}, {
  name: 'blocked authentication',
  group: 'middleware',
  async play(t) {
    let giver = await t.connected('giver', {tokenName: 'shared'});
    await giver.invoke('login', {claims: {username: 'ada', mw: NO}});
    await giver.event('authenticate');
    let client = await t.connected('c');
    await t.result('authenticate', client.authenticate(giver.signedAuthToken));
    t.step('state', client.authState);
    await t.result('whoami', client.invoke('whoami'));
    let next = await t.connected('next', {tokenName: 'shared'});
    t.step('state', next.authState);
    await t.result('whoami', next.invoke('whoami'));
  }
}, {
  name: 'raw messages',
  group: 'middleware',
  async play(t) {
    let client = await t.connected('c');
    client.receive('raw');
    client.send('mw:{"data":"changed"}\noriginal');
    client.send('mw:{"block":{"name":"RawError","message":"not this one"}}\nblocked');
    client.send('mw:{}\nas it is');
    await client.received('raw', 2);
  }
}];
