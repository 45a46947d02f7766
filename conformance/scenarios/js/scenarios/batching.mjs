// Several packets in one frame, by the client and by the server.

export const batching = [{
  name: 'batch of a client',
  needs: 'batching',
  async play(t) {
    let client = await t.connected('c');
    client.receive('shouted');
    client.batch('startBatch');
    client.transmit('shout', 1);
    let calls = [1, 2].map((i) => t.result('call', client.invoke('echo', i)));
    client.transmit('shout', 2);
    client.batch('flushBatch');
    await Promise.all(calls);
    await client.received('shouted', 2);

    client.batch('startBatching');
    let call = t.result('call', client.invoke('echo', 'batched'));
    client.transmit('shout', 3);
    await call;
    await client.received('shouted', 3);
    client.batch('stopBatching');
    await t.result('after', client.invoke('echo', 'unbatched'));
  }
}, {
  name: 'batch on the handshake',
  needs: 'batching',
  async play(t) {
    let client = t.client('c', {batchOnHandshake: true, batchOnHandshakeDuration: 50, batchInterval: 10});
    for (let i = 0; i < 30; i++) {
      client.subscribe(t.room(`room ${i}`), {batch: true});
    }
    client.connect();
    await client.event('subscribe', 30);
    await t.result('publish', client.invokePublish(t.room('room 29'), 'hello'));
    await client.messages(t.room('room 29'), 1);
  }
}, {
  name: 'batch of the server',
  needs: 'batching',
  async play(t) {
    let client = await t.connected('c');
    client.receive('count');
    client.invoke('batch', 'startBatch');
    client.invoke('burst', {event: 'count', count: 5});
    client.subscribe(t.room('room'));
    client.transmitPublish(t.room('room'), 'batched');
    client.transmit('note', 'x');
    await t.result('flush', client.invoke('batch', 'flushBatch'));
    await client.received('count', 5);
    await client.messages(t.room('room'), 1);
    await t.result('batching', client.invoke('batch', 'startBatching'));
    await t.result('echo', client.invoke('echo', 'with the next batch'));
    await t.result('unbatched', client.invoke('batch', 'stopBatching'));
    await t.result('echo', client.invoke('echo', 'at once'));
  }
}, {
  name: 'batch of the server on the handshake',
  needs: 'batching',
  group: 'batching',
  async play(t) {
    let client = await t.connected('c');
    client.receive('count');
    client.subscribe(t.room('room'));
    await client.event('subscribe');
    await t.result('burst', client.invoke('burst', {event: 'count', count: 20}));
    await client.received('count', 20);
    await t.result('publish', client.invokePublish(t.room('room'), 1));
    await client.messages(t.room('room'), 1);
  }
}];
