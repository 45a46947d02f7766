import {auth} from './auth.mjs';
import {batching} from './batching.mjs';
import {calls} from './calls.mjs';
import {channels} from './channels.mjs';
import {connection} from './connection.mjs';
import {middleware} from './middleware.mjs';
import {minbin} from './minbin.mjs';
import {timing} from './timing.mjs';

// A scenario has a name, the group of server options that it is for ("plain" if
// it does not say), an ability that it needs of the player, and a function that
// plays it. The groups are in groups_test.go.
export const scenarios = [
  ...connection, ...calls, ...auth, ...channels, ...batching, ...timing, ...middleware, ...minbin
];
