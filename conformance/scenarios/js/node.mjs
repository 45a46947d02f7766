// Plays all scenarios with all clients, in Node.js:
//
//     node js/node.mjs '{"1": {"plain": 8001, …}, "2": {…}}' [client [scenario]]
//
// The argument tells the ports of the servers, by protocol version and group of
// options, and has "tls" if they are to be reached by wss. It prints a line of JSON for every client and scenario.

import {createRequire} from 'node:module';
import {Legacy} from './legacy.mjs';
import {Modern} from './modern.mjs';
import {can, play} from './scenario.mjs';
import {scenarios} from './scenarios/index.mjs';
import {inTasks} from './tasks.mjs';

const require = createRequire(import.meta.url);

const PLAYERS = {
  'socketcluster-client-20': Modern,
  'socketcluster-client-19': Modern,
  'socketcluster-client-18': Modern,
  'socketcluster-client-17': Modern,
  'socketcluster-client-16': Modern,
  'socketcluster-client-15': Modern,
  'asyngular-client-6': Modern,
  'socketcluster-client-14': Legacy
};

// As in a browser: the clients keep their auth tokens there.
const storage = new Map();
globalThis.localStorage = {
  setItem: (key, value) => storage.set(key, String(value)),
  getItem: (key) => (storage.has(key) ? storage.get(key) : null),
  removeItem: (key) => storage.delete(key)
};

// Old clients leave promises of their own without a handler.
process.on('unhandledRejection', (error) => console.error('unhandled:', error));

// Several clients share a copy of ws; each copy is changed once.
for (let WebSocket of new Set(Object.keys(PLAYERS).map((player) => createRequire(require.resolve(player))('ws')))) {
  inTasks(WebSocket);
}

async function playAll(name, driver, ports, only) {
  let player = {
    driver,
    library: require(name),
    player: name,
    ports: ports[driver.has.version],
    secure: 'tls' in ports,
    codec: driver === Modern ? require('sc-codec-min-bin') : null
  };
  for (let scenario of scenarios) {
    if (can(player, scenario) && (!only || scenario.name === only)) {
      let lanes = await play(scenario, player);
      process.stdout.write(JSON.stringify({player: name, scenario: scenario.name, lanes}) + '\n');
    }
  }
}

const [ports, onlyPlayer, onlyScenario] = process.argv.slice(2);
if ('tls' in JSON.parse(ports)) {
  process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'; // nobody knows their certificates
}
await Promise.all(Object.entries(PLAYERS)
  .filter(([player]) => !onlyPlayer || player === onlyPlayer)
  .map(([player, driver]) => playAll(player, driver, JSON.parse(ports), onlyScenario)));
process.exit(0);
