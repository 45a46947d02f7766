// Writes vectors.json: what sc-codec-min-bin itself writes and reads. Run it
// where the packages are installed, for example
//
//	npm install --prefix "$dir" sc-codec-min-bin@3.0.0 sc-formatter@4.0.0
//	NODE_PATH="$dir/node_modules" node generate.cjs
'use strict';
const fs = require('fs');
const path = require('path');
const codec = require('sc-codec-min-bin');
const formatter = require('sc-formatter');

const bytes = (n) => Uint8Array.from({length: n}, (_, i) => i % 251).buffer;
const values = [
  null, true, false, '', 'text', 'é\u2028😀"\\\n\u0000', 'x'.repeat(31), 'x'.repeat(32), 'é'.repeat(16), 'y'.repeat(255), 'y'.repeat(256), 'half \ud800 pair', '\udc00\ud800',
  0, -0, 1, 127, 128, 255, 256, 65535, 65536, 2147483647, 2147483648, 4294967295, 4294967296, -1, -32, -33, -128, -129, -32768, -32769, -2147483648, -2147483649,
  1.5, -0.1, 1e21, 1e308, 5e-324, 9007199254740993,
  [], [1, [2, [3, []]], {}], Array.from({length: 15}, (_, i) => i), Array.from({length: 16}, (_, i) => i),
  {}, {a: 1}, {a: {b: {c: []}}, d: [{}, {e: null}]}, {'': 1, 'é"': 2}, Object.fromEntries(Array.from({length: 16}, (_, i) => ['k' + i, i])),
  bytes(0), bytes(1), bytes(254), bytes(256), {picture: bytes(3), list: [bytes(2), 'x']},
  {base64: false, data: 'AAAA'}, {base64: true, data: 'not base64!'}, {base64: true, data: 'AAAA', more: 1}, {e: 1, p: [2], r: null}
];
const packets = [
  {event: 'x'}, {event: 'x', data: undefined, cid: 1}, {event: '', data: 1}, {event: '#publish'}, {event: '#publish', cid: 3}, {event: '#publish', data: null},
  {event: '#publish', data: {channel: 'a'}}, {event: '#publish', data: {channel: 'a', data: null}, cid: 70000}, {event: '#publish', data: {data: 1, channel: 'é'}, cid: 0}, {event: '#publish', data: 'text'}, {event: '#publish', data: {channel: 'a', data: bytes(5)}},
  {rid: 1}, {rid: 0, data: false}, {rid: 1.5, error: {message: 'm', name: 'N'}}, {rid: 2, error: 'plain', data: null}, {rid: -1, data: bytes(2)},
  {event: '#handshake', data: {authToken: null}, cid: 1}, {event: '#setAuthToken', data: {token: 'a.b.c'}, cid: 2}, {event: '#subscribe', data: {channel: 'c', waitForAuth: true}, cid: 3}, {event: '#unsubscribe', data: 'c', cid: 4},
  {}, {a: 1}, {cid: 1, data: 2}, [], [{event: 'x'}], [{event: 'a', data: 1}, {event: '#publish', data: {channel: 'c', data: 2}}, {rid: 3, data: [4]}, {event: 'b', cid: 5}], Array.from({length: 20}, (_, i) => ({rid: i, data: {i}})),
  ...values.map((data) => ({event: 'v', data, cid: 7}))
];
const messages = [
  '', 'c0', '05', 'ff', 'c1', 'c2', 'a3', 'a161a162', '90', '80', '92c005', '9105', '9180', '91a161', '9191a165', '91c40101', '9281a16592a1780181a17303',
  '81a16591a178', '81a16590', '81a165a0', '81a16505', '81a165c3', '81a17090', '81a17091a163', '81a1709300c0c0', '81a172c3', '81a17291cb3ff8000000000000', '81a16593a178c0c0', '81a16593a178c0a131', '81a16594a17801020304',
  '82a165c0a172c0', '82a163a178a16591a179', '83a163a178a16591a179a17091a163', '82a5' + Buffer.from('event').toString('hex') + 'a178a16591a179', '82a3' + Buffer.from('cid').toString('hex') + '05a16593a17801c0', '83a16593a1780102a17092a16303a172930405c0',
  '81a5' + Buffer.from('event').toString('hex') + 'a178', '82a5' + Buffer.from('event').toString('hex') + 'a178a3' + Buffer.from('cid').toString('hex') + 'cb3ff8000000000000', '82a16591a178a16591a179',
  '82a3' + Buffer.from('rid').toString('hex') + '05a5' + Buffer.from('error').toString('hex') + 'a16d', '82a4' + Buffer.from('data').toString('hex') + '05a3' + Buffer.from('foo').toString('hex') + '91c0',
  '8101a178', '81c0c3', '81c2c3', '81cb3ff8000000000000c3', '81a16592a178cb7ff0000000000000', '81a16592a178cb7ff8000000000000', '81a16592a178cfffffffffffffffff', '81a16592a178d3ffffffffffffffff', '81a16592a178d38000000000000000', '81a16592a178cf0020000000000001',
  '81a16592a178ca3fc00000', '81a16592a178ca3dcccccd', '81a16592a178cc80', '81a16592a178cdffff', '81a16592a178ceffffffff', '81a16592a178d080', '81a16592a178d18000', '81a16592a178d280000000',
  '81a16592a178d6ff01020304', '81a16592a178d40105', '81a16592a178d50105', '81a16592a178c70301050607', '81a16592a178c80001ff00', '81a16592a178c900000001ff00', '81a16592a178d80a000102030405060708090a0b0c0d0e0f', '81a16592a178d7ff0001020304050607',
  '81a16592a178a3eda080', '81a16592a178d90161', '81a16592a178da000161', '81a16592a178db0000000161', '81a16592a178c40101', '81a16592a178c5000101', '81a16592a178c60000000101', '81a16592a178dc000101', '81a16592a178dd0000000101', '81a16592a178de0001a16101', '81a16592a178df00000001a16101', 'de0001a16591a178', 'df00000001a16591a178', 'dc0001a161', 'dd0000000181a16591a178',
  'dd00000002', 'df00000002', '81a165', '81a16592a178', '82a16591a178', '81a16592a178c6ffffffff', '81a16592a178dbffffffff00', '81a16592a178ddffffffff00', '81a16592a178dfffffffff0000', '81a16592a178c9ffffffff00', '81a16592a178c700', '81a16592a178cb00', '81a16592a178cd00', '81a16592a178c1', '92', '81a16591a17805ff'
];

const encoded = packets.map((packet) => {
  const json = formatter.encode(packet);
  const message = Buffer.from(codec.encode(packet));
  return {json, hex: message.toString('hex'), decoded: formatter.encode(codec.decode(message))};
});
const decoded = messages.map((hex) => {
  try {
    return {hex, json: formatter.encode(codec.decode(Buffer.from(hex, 'hex')))};
  } catch (error) {
    return {hex, error: String(error)};
  }
});

// Large values, which the Go test makes again; a hash says what they become.
const large = Object.entries({
  string: 'é'.repeat(40000),
  array: Array.from({length: 70000}, () => 1),
  map: Object.fromEntries(Array.from({length: 70000}, (_, i) => ['k' + i, i])),
  bytes16: bytes(65535),
  bytes32: bytes(65536)
}).map(([name, data]) => {
  const message = Buffer.from(codec.encode({event: 'v', data, cid: 7}));
  return {name, sha256: require('crypto').createHash('sha256').update(message).digest('hex')};
});

const lines = (list) => '[\n' + list.map((v) => JSON.stringify(v)).join(',\n') + '\n]';
fs.writeFileSync(
  path.join(__dirname, 'vectors.json'),
  `{"encoded":${lines(encoded)},\n"decoded":${lines(decoded)},\n"large":${lines(large)}}\n`
);
