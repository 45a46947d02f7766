// Subscribing, publishing, being kicked out.

export const channels = [{
  name: 'subscribe and publish',
  async play(t) {
    let [one, two] = [await t.connected('one'), await t.connected('two')];
    one.subscribe(t.room('room'));
    two.subscribe(t.room('room'));
    await Promise.all([one.event('subscribe'), two.event('subscribe')]);
    await t.result('publish', one.invokePublish(t.room('room'), {from: 'one'}));
    await t.result('publish', two.invokePublish(t.room('room'), ['from', 'two']));
    await one.messages(t.room('room'), 2);
    await t.result('by the server', one.invoke('publish', {channel: t.room('room'), data: 'from the server'}));
    await t.result('elsewhere', one.invokePublish(t.room('other'), 'nobody is there'));
    await one.transmitPublish(t.room('room'), 'transmitted');
    await Promise.all([one.messages(t.room('room'), 4), two.messages(t.room('room'), 4)]);
    t.step('subscriptions', one.subscriptions());
    one.unsubscribe(t.room('room'));
    await one.event('unsubscribe');
    await t.result('after', two.invokePublish(t.room('room'), 'for two alone'));
    await two.messages(t.room('room'), 5);
    t.step('still there', [one.isSubscribed(t.room('room')), two.isSubscribed(t.room('room'))]);
    await t.result('known', one.invoke('isSubscribed', t.room('room')));
    one.subscribe(t.room('room'));
    await one.event('subscribe', 2);
    await t.result('again', one.invokePublish(t.room('room'), 'both'));
    await Promise.all([one.messages(t.room('room'), 5), two.messages(t.room('room'), 6)]);
  }
}, {
  name: 'all kinds of messages',
  async play(t) {
    let client = await t.connected('c');
    client.subscribe(t.room('values'));
    await client.event('subscribe');
    let values = [null, 0, '', false, [], {}, 'ü', {deep: [{er: 1}]}, 1e21];
    for (let value of values) {
      await t.result('publish', client.invokePublish(t.room('values'), value));
    }
    await client.messages(t.room('values'), values.length);
  }
}, {
  name: 'order of messages',
  async play(t) {
    let [one, two] = [await t.connected('one'), await t.connected('two')];
    two.subscribe(t.room('order'));
    await two.event('subscribe');
    for (let i = 0; i < 300; i++) {
      one.transmitPublish(t.room('order'), i);
    }
    await two.messages(t.room('order'), 300);
  }
}, {
  name: 'strange names',
  async play(t) {
    let client = await t.connected('c');
    let names = ['a/b', 'with space', 'ünïcödé', '#hash', '"quoted"', 'a\\b', 'x'.repeat(500), '😀'];
    for (let [i, name] of names.entries()) {
      client.subscribe(t.room(name));
      await client.event('subscribe', i + 1);
      await t.result('publish', client.invokePublish(t.room(name), i));
      await client.messages(t.room(name), 1);
    }
    t.step('subscriptions', client.subscriptions());
  }
}, {
  name: 'kick',
  async play(t) {
    let client = await t.connected('c');
    client.subscribe(t.room('room'));
    client.subscribe(t.room('hall'));
    client.subscribe(t.room('attic'));
    await client.event('subscribe', 3);
    await t.result('kick', client.invoke('kick', {channel: t.room('room'), message: 'you know why'}));
    await client.event('kickOut');
    t.step('subscriptions', client.subscriptions());
    await t.result('missed', client.invokePublish(t.room('room'), 'missed'));
    await t.result('not subscribed', client.invoke('kick', {channel: t.room('cellar'), message: 'x'}));
    await t.result('all', client.invoke('kick', {message: 'everybody out'}));
    await client.event('kickOut', 3);
    client.subscribe(t.room('room'));
    await client.event('subscribe', 4);
    await t.result('back', client.invokePublish(t.room('room'), 'back'));
    await client.messages(t.room('room'), 1);
  }
}, {
  name: 'channel limit',
  group: 'limited',
  async play(t) {
    let client = await t.connected('c');
    for (let i = 1; i <= 5; i++) {
      client.subscribe(t.room(`room ${i}`));
    }
    await client.event('subscribe', 3);
    await client.event('subscribeFail', 2);
    client.unsubscribe(t.room('room 2'));
    await t.result('fence', client.invoke('echo', 1));
    client.subscribe(t.room('room 6'));
    await client.event('subscribe', 4);
    t.step('subscriptions', client.subscriptions());
  }
}, {
  name: 'wait for authentication',
  async play(t) {
    let client = await t.connected('c');
    client.subscribe(t.room('private'), {waitForAuth: true});
    client.subscribe(t.room('public'), {waitForAuth: false});
    await client.event('subscribe');
    t.step('subscriptions', client.subscriptions());
    await t.result('login', client.invoke('login', {claims: {username: 'ada'}}));
    await client.event('subscribe', 2);
    await t.result('publish', client.invokePublish(t.room('private'), 'now'));
    await client.messages(t.room('private'), 1);
  }
}, {
  name: 'subscription options',
  async play(t) {
    let client = await t.connected('c');
    client.subscribe(t.room('with data'), {data: {since: 17}});
    client.subscribe(t.room('batched 1'), {batch: true});
    client.subscribe(t.room('batched 2'), {batch: true});
    await client.event('subscribe', 3);
    await t.result('publish', client.invokePublish(t.room('batched 2'), 2));
    await client.messages(t.room('batched 2'), 1);
  }
}, {
  name: 'publishing forbidden',
  group: 'quiet',
  async play(t) {
    let client = await t.connected('c');
    client.subscribe(t.room('room'));
    await client.event('subscribe');
    await t.result('invoked', client.invokePublish(t.room('room'), 1));
    await t.result('transmitted', client.transmitPublish(t.room('room'), 2));
    await t.result('by the server', client.invoke('publish', {channel: t.room('room'), data: 3}));
    await client.messages(t.room('room'), 1);
  }
}];
