// Plays all scenarios in a browser, as node.mjs does in Node.js: see
// browser_test.go, which serves this file and the client.

import * as client from '/client.js'; // the minified build, a module
import {Modern} from './modern.mjs';
import {can, play} from './scenario.mjs';
import {scenarios} from './scenarios/index.mjs';

// playAll returns, as JSON, the lanes by the names of the scenarios.
export async function playAll(ports) {
  let player = {driver: Modern, library: client, player: 'browser', ports: ports['2']};
  let played = {};
  for (let scenario of scenarios.filter((scenario) => can(player, scenario))) {
    played[scenario.name] = await play(scenario, player);
  }
  return JSON.stringify(played);
}
