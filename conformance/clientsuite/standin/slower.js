'use strict';

// Makes the timers of the suite, and of the client in its process, so many times
// slower. The suite leaves fixed times for what machines do, which a busy one does
// not do in time.

const {promisify} = require('util');

const times = Number(process.env.CLIENTSUITE_SLOWER);

for (const name of ['setTimeout', 'setInterval']) {
  const real = globalThis[name];
  globalThis[name] = (callback, delay, ...args) => real(callback, delay * times, ...args);
  globalThis[name][promisify.custom] = real[promisify.custom];
}
