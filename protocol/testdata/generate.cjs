// Writes packets.json and errors.json: what the reference itself makes of
// messages and of errors. Run it where its packages are installed, for example
//
//	npm install --prefix "$dir" socketcluster-server@20.0.1 socketcluster-client@20.0.2
//	NODE_PATH="$dir/node_modules" node generate.cjs
'use strict';
const fs = require('fs');
const http = require('http');
const path = require('path');
const formatter = require('sc-formatter');
const scErrors = require('sc-errors');
const serverPackage = require('socketcluster-server');
const clientPackage = require('socketcluster-client');

// What AGServerSocket looks at in a packet, and what it would send on.
function describe(packet) {
  if (packet && typeof packet.event === 'string') {
    const isCall = typeof packet.cid === 'number';
    return {
      kind: isCall ? 'invoke' : 'transmit',
      event: packet.event,
      id: isCall ? JSON.stringify(packet.cid) : undefined,
      data: JSON.stringify(packet.data)
    };
  }
  if (packet && typeof packet.rid === 'number') {
    return {
      kind: 'response',
      id: JSON.stringify(packet.rid),
      data: JSON.stringify(packet.data),
      error: JSON.stringify(packet.error)
    };
  }
  return {kind: 'raw'};
}

function vector(message) {
  const packet = formatter.decode(message);
  const hex = Buffer.from(message).toString('hex');
  if (Array.isArray(packet)) {
    return {hex, kind: 'batch', elements: packet.map(describe)};
  }
  return {hex, ...describe(packet)};
}

const handmade = [
  '', '#1', '#2', ' ', '[]', '{}', ' \n\r\t[]', '\ufeff{"event":"a"}', '\u00a0{"event":"a"}', '"event"', 'null', 'hello',
  '{"event":"a"} ', '{"event":"a"}x', '{"event":"a"}{}', '\v{"event":"a"}', '{"event":"a",}', "{'event':'a'}", '[1,]', '[,1]', '{"event":"a"', '{"event"}',
  '{"event":"a"}', '{"event":""}', '{"event":"a","data":null}', '{"event":"a","data":{"b":[1,2,{"c":null}]}}', '{"data":1,"event":"a"}',
  '{"event":1}', '{"event":null,"rid":1}', '{"event":1,"rid":2,"data":3}', '{"event":"a","rid":1}', '{"event":["a"]}',
  '{"event":"a","event":"b"}', '{"event":"a","event":1}', '{"event":"a","data":1,"data":2}', '{"event":"a","cid":1,"cid":"2"}',
  '{"\\u0065vent":"a"}', '{"ev\\u0065nt":"a","event":"b"}', '{"event":"a","\\u0064ata":7}', '{"EVENT":"a"}', '{"event ":"a"}', '{"":1,"event":"a"}',
  '{"event":"a\\u0062\\n\\"\\\\\\/\\b\\f\\r\\t"}', '{"event":"\\ud83d\\ude00"}', '{"event":"\\ud83d"}', '{"event":"\\ude00\\ud83d"}', '{"event":"\\ud83dx\\ude00"}', '{"event":"\u2028é😀"}',
  '{"event":"a\\u00"}', '{"event":"a\\x"}', '{"event":"a\nb"}', '{"event":"a\u0000"}', '{"event":"\\u0000"}', '{"event":"a\u007f"}',
  ...['0', '1', '-1', '-0', '-0.0', '0.0', '1.0', '1.5', '1e2', '1E+2', '100e-2', '1e400', '-1e400', '1e-400', '1e21', '123456789012345678901234567890', '1e-7', '0.000001', '9007199254740991', '9007199254740992', '9007199254740993', '-9007199254740993', '4294967296', '1e308', '1.7976931348623159e308', '01', '+1', '1.', '.5', '-', '1e', 'NaN', 'Infinity', '"1"', 'null', 'true', '[1]', '{}'].flatMap((n) => [`{"event":"a","cid":${n}}`, `{"rid":${n}}`]),
  '{"rid":1,"data":"x"}', '{"rid":1,"error":{"message":"m","name":"N"}}', '{"rid":1,"error":null,"data":null}', '{"rid":1,"error":"plain"}', '{"rid":1,"error":false,"data":2}', '{"cid":1,"data":2}',
  '{"event":"a","data":1e400}', '{"event":"a","data":[1,-1e999,{"x":1e309,"y":2}],"cid":3}', '{"rid":1,"error":1e400,"data":{"a":1e400}}', '{"event":"a","data":"1e400"}', '{"x":1e400,"event":"a","data":1}', `{"event":"a","data":[${'9'.repeat(400)},${'9'.repeat(250)},0.${'0'.repeat(400)}1]}`,
  '{"event":"a","data":"\\ud800"}', '{"event":"a","data":"\\u2028\u2029"}', '{"event":"a","data":{"type":"other","data":[1]}}',
  '[{"event":"a"},{"rid":1},{"event":"b","cid":2,"data":[]}]', '[1,"a",null,true,{},[],[{"event":"a"}]]', '[[{"event":"a"}]]', '[{"event":"a","data":1e400},{"event":"b","cid":1e400},{"rid":1e400,"data":5}]', ' [ {"event":"a"} , {"event":"b"} ] ', '[{"event":"a"},{"event":]', '[{"event":"a","event":"b"},"\\ud800"]',
  '{"event":"#publish","data":{"channel":"c","data":1}}', '{"event":"__proto__"}', '{"__proto__":{"event":"a"}}', '{"event":"toString","cid":1}', '{"event":"constructor","data":{"__proto__":1}}',
  '{"event":"a","data":tru}', '{"event":"a","data":nul}', '{"event":"a","data":truee}', '{"event":"a" "data":1}', '{"event":"a",,"data":1}', '{"event";"a"}', '/**/{"event":"a"}',
  ...[1, 2, 100, 500].map((n) => `{"event":"a","data":${'['.repeat(n)}${']'.repeat(n)}}`),
  // Only a binary frame can hold these: bytes that are no UTF-8.
  Buffer.from('7b226576656e74223a2261ff62227d', 'hex'), Buffer.from('7b226576656e74223a2261222c2264617461223a22eda080e282f09f98c3287ac0afe0808022' + '7d', 'hex'),
  Buffer.from('7b226576656e74223a2261227dff', 'hex'), Buffer.from('ff7b226576656e74223a2261227d', 'hex'), Buffer.from('7b226576656e74223a22f4908080f09f9822' + '7d', 'hex')
];

// A conversation between their client and their server: every frame of it.
async function conversation() {
  const frames = [];
  const httpServer = http.createServer();
  const agServer = serverPackage.attach(httpServer, {authKey: 'a key for vectors', pingInterval: 50});
  agServer.wsServer.on('connection', (ws) => {
    ws.on('message', (message) => frames.push(message.toString()));
    const send = ws.send;
    ws.send = function (message, ...rest) {
      frames.push(message.toString());
      return send.call(this, message, ...rest);
    };
  });
  (async () => {
    for await (const {socket} of agServer.listener('connection')) {
      (async () => {
        for await (const request of socket.procedure('login')) {
          await socket.setAuthToken({username: request.data.user});
          request.end();
        }
      })();
      (async () => {
        for await (const request of socket.procedure('fail')) {
          request.error(Object.assign(new Error('no such thing'), {name: 'MissingError', detail: {id: 7}}));
        }
      })();
      (async () => {
        for await (const request of socket.procedure('echo')) request.end(request.data);
      })();
      (async () => {
        for await (const data of socket.receiver('kick me')) socket.kickOut(data.channel, data.message);
      })();
    }
  })();
  await new Promise((resolve) => httpServer.listen(0, '127.0.0.1', resolve));
  const client = clientPackage.create({hostname: '127.0.0.1', port: httpServer.address().port, protocolVersion: 2});
  await client.listener('connect').once();
  await client.invoke('login', {user: 'Ada'});
  await client.invoke('fail').catch(() => {});
  for (const value of [undefined, null, 'text "quoted" \u2028 é 😀', 1.5, [1, [2]], {a: {b: null}}, Buffer.from('binary')]) {
    await client.invoke('echo', value);
  }
  const channel = client.subscribe('room', {priority: 2, data: {since: 5}});
  await channel.listener('subscribe').once();
  await client.invokePublish('room', {from: 'Ada', text: 'hello'});
  await client.transmitPublish('room', [1, 2, 3]);
  client.startBatch();
  client.transmit('position', {x: 1, y: 2});
  client.transmit('position', {x: 2, y: 3});
  const batched = client.invoke('echo', 'in a batch');
  client.flushBatch();
  await batched;
  client.transmit('kick me', {channel: 'room', message: 'enough'});
  await channel.listener('kickOut').once();
  const other = client.subscribe('other');
  await other.listener('subscribe').once();
  client.unsubscribe('other');
  await client.authenticate('not a token').catch(() => {});
  await client.deauthenticate();
  await new Promise((resolve) => setTimeout(resolve, 120));
  client.disconnect();
  await agServer.close();
  httpServer.close();
  return frames;
}

// Every error of sc-errors, as the Go test makes it, and how it is sent.
function errorVectors() {
  const date = new Date(Date.UTC(2024, 1, 29, 12, 30, 15, 7));
  const made = [
    ['AuthTokenExpiredError', 'm', date], ['AuthTokenExpiredError', 'm', 1700000000], ['AuthTokenInvalidError', 'm'], ['AuthTokenNotBeforeError', 'm', date],
    ['AuthTokenError', 'm'], ['AuthError', 'm'], ['SilentMiddlewareBlockedError', 'm', 'inbound'], ['InvalidActionError', 'm'],
    ['InvalidArgumentsError', 'm'], ['InvalidOptionsError', 'm'], ['InvalidMessageError', 'm'], ['SocketProtocolError', 'm', 4001],
    ['ServerProtocolError', 'm'], ['HTTPServerError', 'm'], ['ResourceLimitError', 'm'], ['TimeoutError', 'm'],
    ['BadConnectionError', 'm', 'disconnect', 4001, 'why'], ['BadConnectionError', 'm', 'connectAbort'], ['BadConnectionError', 'm', 'disconnect', 1000, ''], ['BadConnectionError', 'm', 'disconnect', 4000, ''],
    ['BrokerError', 'm'], ['ProcessExitError', 'm', 3], ['UnknownError', 'm "quoted" \u2028']
  ].map(([name, ...args]) => ({name, args, wire: JSON.stringify(scErrors.dehydrateError(new scErrors[name](...args)))}));
  const hydrated = [
    '{"message":"m","name":"N","b":1,"a":{"x":[1]}}', '{"message":"m"}', '{}', '{"message":5,"name":6,"x":null}', '{"name":"N","message":"m"}',
    '{"message":"m","stack":"s","toString":1,"constructor":2,"__proto__":{"a":1},"hasOwnProperty":3}', '[1,"a"]', '"text"', '0', '1', 'true', 'false', '""', 'null',
    '{"message":"a","message":"b","x":1,"y":2,"x":3}', '{"message":"m","isBadToken":true,"code":4008,"statusCode":4008}'
  ].map((wire) => {
    const error = scErrors.hydrateError(JSON.parse(wire));
    const isError = error instanceof Error;
    return {wire, isError, text: String(error), again: JSON.stringify(scErrors.dehydrateError(error))};
  });
  return {
    made, hydrated,
    errorStatuses: scErrors.socketProtocolErrorStatuses,
    ignoreStatuses: scErrors.socketProtocolIgnoreStatuses
  };
}

function write(name, value) {
  fs.writeFileSync(path.join(__dirname, name), JSON.stringify(value, null, 1) + '\n');
}

conversation().then((frames) => {
  write('packets.json', {handmade: handmade.map(vector), conversation: [...new Set(frames)].map(vector)});
  write('errors.json', errorVectors());
  process.exit(0);
});
