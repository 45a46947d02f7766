// Pings, and what happens without them. Nothing here measures a time: each
// group of server options leaves but one thing to happen.

import {wait} from '../scenario.mjs';

export const timing = [{
  name: 'pings',
  group: 'pings',
  async play(t) {
    let client = await t.connected('c');
    let before = client.frames;
    while (client.frames < before + 4) {
      await wait(20);
    }
    await t.result('alive', client.invoke('echo', 1));
  }
}, {
  name: 'no pings from the server',
  group: 'deaf', // it sends none, and tells clients to expect some
  async play(t) {
    let client = await t.connected('c');
    await client.event('close');
  }
}, {
  name: 'no pings from the server, and a client that reconnects',
  group: 'deaf',
  async play(t) {
    let client = await t.connected('c', {
      autoReconnect: true, autoReconnectOptions: {initialDelay: 10, randomness: 10, maxDelay: 30}
    });
    await client.event('connect', 3);
    client.disconnect();
    await client.event('close', 3);
  }
}, {
  name: 'no pongs from the client',
  group: 'silent', // its first ping comes after it has given up
  async play(t) {
    let client = await t.connected('c', {pingTimeoutDisabled: true});
    await client.event('close');
  }
}];
