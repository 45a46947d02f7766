// Trace is what one scenario observes: entries in lanes, and the means to wait
// for them.
export class Trace {
  constructor() {
    this.lanes = {};
    this._open = true;
    this._waiting = new Set();
  }

  // record adds an entry to a lane.
  record(lane, entry) {
    if (!this._open) {
      return;
    }
    (this.lanes[lane] ||= []).push(plain(entry));
    for (let look of this._waiting) {
      look();
    }
  }

  // close ends the recording: what the end of a scenario brings about is not
  // part of it.
  close() {
    this._open = false;
  }

  // until waits until the lane holds the number of entries that match.
  until(lane, count, matches = () => true) {
    return new Promise((resolve) => {
      let look = () => {
        if ((this.lanes[lane] || []).filter(matches).length >= count) {
          this._waiting.delete(look);
          resolve();
        }
      };
      this._waiting.add(look);
      look();
    });
  }
}

// What differs from run to run, or from server to server, by its nature.
const VARIABLE = new Set(['id', 'iat', 'exp', 'nbf', 'expiry', 'date', 'stack']);
const TOKEN = /^[\w-]+\.[\w-]+\.[\w-]+$/;
const SOCKET = /Socket [\w-]{20}/g;

// plain returns a value as JSON can hold it, without what is variable.
export function plain(value) {
  if (value === undefined) {
    return '(undefined)';
  }
  if (typeof value === 'string') {
    return TOKEN.test(value) ? '(token)' : value.replace(SOCKET, 'Socket (id)');
  }
  if (value === null || typeof value !== 'object') {
    return value;
  }
  if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) {
    return {binary: Array.from(new Uint8Array(value.buffer || value))};
  }
  if (Array.isArray(value)) {
    return value.map(plain);
  }
  let result = {};
  if (value instanceof Error) {
    result.name = value.name;
    result.message = plain(value.message);
  }
  for (let key of Object.keys(value)) {
    if (!VARIABLE.has(key) && typeof value[key] !== 'function') {
      result[key] = plain(value[key]);
    }
  }
  return result;
}
