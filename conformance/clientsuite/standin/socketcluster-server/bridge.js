'use strict';

const {spawn} = require('child_process');
const readline = require('readline');

// Bridge is a process of the Go program, and the lines to it and from it.
class Bridge {
  constructor(port, options, onMessage) {
    this._process = spawn(process.env.CLIENTSUITE_BRIDGE, [
      '--port', String(port), '--options', JSON.stringify(options),
      `--portable=${process.env.CLIENTSUITE_PORTABLE}`
    ], {stdio: ['pipe', 'pipe', 'inherit']});
    this._ended = new Promise((resolve) => this._process.once('close', resolve));
    this._read(onMessage);
  }

  // tell sends a line. After the end there is nobody left to be told.
  tell(message) {
    if (this._process.stdin.writable) {
      this._process.stdin.write(JSON.stringify(message) + '\n');
    }
  }

  // end ends the process; the promise is settled when it is gone.
  end() {
    this._process.stdin.end();
    return this._ended;
  }

  // _read hands over each line in a turn of its own, as messages of a server in
  // the same process would come: what a handler does at once is done then.
  async _read(onMessage) {
    let lines = readline.createInterface({input: this._process.stdout});
    for await (let line of lines) {
      onMessage(JSON.parse(line));
      await new Promise(setImmediate);
    }
  }
}

module.exports = {Bridge};
