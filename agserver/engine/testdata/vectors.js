'use strict';
// Records what the npm package `ws` answers to raw upgrade requests and makes
// of raw frames, for the Go tests in this package to agree with.
//
//   NODE_PATH=<a node_modules with ws 8.23> node vectors.js > vectors.json
//
// Requests and frames are text in which each character is one byte (latin1).
// Answers are recorded whole. Frames are recorded as the events of `ws`'s
// Receiver; an error ends the list, with the close code the peer would see.

const http = require('http');
const net = require('net');
const zlib = require('zlib');
const { WebSocketServer, Receiver, PerMessageDeflate } = require('ws');

const noTakeover = { serverNoContextTakeover: true, clientNoContextTakeover: true };

// ---- upgrade requests -------------------------------------------------------

const KEY = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';

// request writes a correct upgrade request with parts replaced or added.
function request({ method = 'GET', target = '/', proto = 'HTTP/1.1', host = 'Host: a\r\n',
  connection = 'Connection: Upgrade\r\n', upgrade = 'Upgrade: websocket\r\n', key = KEY,
  version = 'Sec-WebSocket-Version: 13\r\n', more = '' } = {}) {
  return `${method} ${target} ${proto}\r\n${host}${connection}${upgrade}${key}${version}${more}\r\n`;
}
const more = (line) => request({ more: line + '\r\n' });
const protocols = (v) => more('Sec-WebSocket-Protocol:' + v);
const extensions = (v) => more('Sec-WebSocket-Extensions:' + v);

const requests = {
  'plain': request(),
  'lower case names and values': request().replace('Upgrade: websocket', 'upgrade: WebSocket').replace('Host', 'hOST'),
  'target with query': request({ target: '/socketcluster/?a=b&c=%20' }),
  'blank line in front': '\r\n' + request(),
  'connection list': request({ connection: 'Connection: keep-alive, Upgrade\r\n' }),
  'two connection headers': request({ connection: 'Connection: Upgrade\r\nConnection: keep-alive\r\n' }),
  'tab in a value': more('X: a\tb'),
  'byte above ASCII in a value': more('X: a\xffb'),
  'empty value': more('X:'),
  'content length zero': more('Content-Length: 0'),
  'no host': request({ host: '' }),
  'empty host': request({ host: 'Host:\r\n' }),
  'method POST': request({ method: 'POST' }),
  'unknown method': request({ method: 'FOO' }),
  'method in lower case': request({ method: 'get' }),
  'HTTP/1.9': request({ proto: 'HTTP/1.9' }),
  'HTTP/3.0': request({ proto: 'HTTP/3.0' }),
  'no version of HTTP': request({ proto: 'FTP/1.1' }),
  'space behind the version': request({ proto: 'HTTP/1.1 ' }),
  'target is a URL': request({ target: 'http://a/b' }),
  'target is a star': request({ target: '*' }),
  'target is relative': request({ target: 'a/b' }),
  'target is a dot': request({ target: './a' }),
  'control character in the target': request({ target: '/\x01' }),
  'byte above ASCII in the target': request({ target: '/\xff' }),
  'control character in a value': more('X: a\x01b'),
  'NUL in a value': more('X: a\0b'),
  'DEL in a value': more('X: a\x7fb'),
  'folded header': more('X: a\r\n b'),
  'bare line feeds': request().replace(/\r\n/g, '\n'),
  'space in front of the colon': more('X : a'),
  'no name': more(': a'),
  'no colon': more('Xa'),
  'bad character in a name': more('X@: a'),
  'length is no number': more('Content-Length: x'),
  'length and chunks': more('Content-Length: 3\r\nTransfer-Encoding: chunked'),
  'garbage': 'hello there\r\n\r\n',
  'TLS hello': '\x16\x03\x01\x02\x00\x01\x00\x01\xfc',
  'header of 20,000 bytes': more('X: ' + 'a'.repeat(20000)),
  'target of 20,000 bytes': request({ target: '/' + 'a'.repeat(20000) }),
  'other upgrade': request({ upgrade: 'Upgrade: h2c\r\n' }),
  'upgrade list': request({ upgrade: 'Upgrade: websocket, foo\r\n' }),
  'no key': request({ key: '' }),
  'key too short': request({ key: 'Sec-WebSocket-Key: dGhlIHNhbXBsZQ==\r\n' }),
  'key not base64': request({ key: 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j*Q==\r\n' }),
  'key with spare bits': request({ key: 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZZ==\r\n' }),
  'key with spaces around': request({ key: 'Sec-WebSocket-Key:   dGhlIHNhbXBsZSBub25jZQ== \t\r\n' }),
  'two keys': request({ key: KEY + KEY }),
  'version 8': request({ version: 'Sec-WebSocket-Version: 8\r\n' }),
  'version 013': request({ version: 'Sec-WebSocket-Version: 013\r\n' }),
  'version 9': request({ version: 'Sec-WebSocket-Version: 9\r\n' }),
  'no version': request({ version: '' }),
  'version is a word': request({ version: 'Sec-WebSocket-Version: x\r\n' }),
  'two versions': request({ version: 'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Version: 13\r\n' }),
  'one subprotocol': protocols(' a'),
  'two subprotocols': protocols(' a, b'),
  'subprotocols with blanks': protocols(' a \t,\tb'),
  'subprotocols in two headers': more('Sec-WebSocket-Protocol: a\r\nSec-WebSocket-Protocol: b'),
  'double subprotocol': protocols(' a,a'),
  'double subprotocol in two headers': more('Sec-WebSocket-Protocol: a\r\nSec-WebSocket-Protocol: a'),
  'empty subprotocol header': protocols(''),
  'empty subprotocol': protocols(' a,,b'),
  'comma behind a subprotocol': protocols(' a,'),
  'blank in a subprotocol': protocols(' a b'),
  'quoted subprotocol': protocols(' "a"'),
  'deflate': extensions(' permessage-deflate'),
  'deflate as browsers offer it': extensions(' permessage-deflate; client_max_window_bits'),
  'deflate with all parameters': extensions(' permessage-deflate; client_max_window_bits=10; server_max_window_bits=9; client_no_context_takeover; server_no_context_takeover'),
  'deflate, quoted value': extensions(' permessage-deflate; client_max_window_bits="1\\2"'),
  'deflate, leading zero': extensions(' permessage-deflate; server_max_window_bits=010'),
  'deflate, blanks': extensions(' permessage-deflate ;\tserver_no_context_takeover , x'),
  'deflate behind another': extensions(' foo; a=b, permessage-deflate'),
  'deflate offered twice': extensions(' permessage-deflate; server_no_context_takeover, permessage-deflate'),
  'deflate in two headers': more('Sec-WebSocket-Extensions: x\r\nSec-WebSocket-Extensions: permessage-deflate'),
  'deflate in capitals': extensions(' Permessage-Deflate'),
  'other extension': extensions(' x-webkit-deflate-frame'),
  'empty extension header': extensions(''),
  'unknown parameter': extensions(' permessage-deflate; foo'),
  'unknown parameter of the second offer': extensions(' permessage-deflate, permessage-deflate; foo'),
  'parameter twice': extensions(' permessage-deflate; server_no_context_takeover; server_no_context_takeover'),
  'takeover with a value': extensions(' permessage-deflate; server_no_context_takeover=1'),
  'client window of 7 bits': extensions(' permessage-deflate; client_max_window_bits=7'),
  'client window of 16 bits': extensions(' permessage-deflate; client_max_window_bits=16'),
  'server window without a value': extensions(' permessage-deflate; server_max_window_bits'),
  'server window of 8 bits': extensions(' permessage-deflate; server_max_window_bits=8'),
  'blank in front of =': extensions(' permessage-deflate; server_max_window_bits =9'),
  'blank behind =': extensions(' permessage-deflate; server_max_window_bits= 9'),
  'text behind a quoted value': extensions(' permessage-deflate; server_max_window_bits="9"1'),
  'open quotes': extensions(' permessage-deflate; server_max_window_bits="9'),
  'empty quotes': extensions(' permessage-deflate; server_max_window_bits=""'),
  'comma behind an extension': extensions(' permessage-deflate,'),
  'semicolon behind an extension': extensions(' permessage-deflate;'),
  'only a comma': extensions(' ,'),
  'everything wrong': request({ method: 'POST', upgrade: 'Upgrade: x\r\n', key: '', version: '' }),
  'all but the method wrong': request({ upgrade: 'Upgrade: x\r\n', key: '', version: '' }),
  'key and version wrong': request({ key: '', version: '' }),
  'version and subprotocols wrong': request({ version: '', more: 'Sec-WebSocket-Protocol: a,a\r\n' }),
  'subprotocols and extensions wrong': more('Sec-WebSocket-Protocol: a,a\r\nSec-WebSocket-Extensions: ,')
};

// answer sends one request and returns what comes back until the server ends
// the connection or, after a 101, until the blank line.
function answer(port, text) {
  return new Promise((resolve, reject) => {
    let got = '';
    const socket = net.connect(port, '127.0.0.1', () => socket.write(Buffer.from(text, 'latin1')));
    socket.on('data', (chunk) => {
      got += chunk.toString('latin1');
      if (got.startsWith('HTTP/1.1 101') && got.endsWith('\r\n\r\n')) socket.destroy();
    });
    socket.on('close', () => resolve(got));
    socket.on('error', () => {});
    socket.setTimeout(5000, () => reject(new Error('no answer to ' + JSON.stringify(text))));
  });
}

async function recordAnswers(perMessageDeflate) {
  const server = http.createServer((req, res) => { res.writeHead(501); res.end(); });
  const wss = new WebSocketServer({ server, perMessageDeflate });
  wss.on('connection', (ws) => ws.on('error', () => {}));
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  const out = [];
  for (const [name, text] of Object.entries(requests)) {
    out.push({ name, deflate: !!perMessageDeflate, request: text, answer: await answer(server.address().port, text) });
  }
  server.close();
  server.closeAllConnections();
  return out;
}

// ---- frames -----------------------------------------------------------------

const MASK = [0x37, 0xfa, 0x21, 0x3d];

// frame writes a client's frame. `first` is the whole first byte, `length`
// announces something else than there is, `form` picks a longer length field.
function frame(first, payload = '', { mask = MASK, length, form } = {}) {
  const p = Buffer.isBuffer(payload) ? Buffer.from(payload) : Buffer.from(payload, 'latin1');
  const n = length === undefined ? BigInt(p.length) : BigInt(length);
  if (form === undefined) form = n < 126n ? 7 : n < 65536n ? 16 : 64;
  const bit = mask ? 0x80 : 0;
  let head;
  if (form === 7) {
    head = Buffer.from([first, bit | Number(n)]);
  } else if (form === 16) {
    head = Buffer.from([first, bit | 126, 0, 0]);
    head.writeUInt16BE(Number(n), 2);
  } else {
    head = Buffer.from([first, bit | 127, 0, 0, 0, 0, 0, 0, 0, 0]);
    head.writeBigUInt64BE(n, 2);
  }
  if (!mask) return Buffer.concat([head, p]);
  for (let i = 0; i < p.length; i++) p[i] ^= mask[i % 4];
  return Buffer.concat([head, Buffer.from(mask), p]);
}

const utf8 = (s) => Buffer.from(s, 'utf8');
const close = (code, reason = '') => {
  const p = Buffer.concat([Buffer.alloc(2), Buffer.isBuffer(reason) ? reason : utf8(reason)]);
  p.writeUInt16BE(code, 0);
  return frame(0x88, p);
};
// packed compresses a message of its own, as RFC 7692 says.
const packed = (s, strategy = zlib.constants.Z_DEFAULT_STRATEGY) => {
  const b = zlib.deflateRawSync(s, { finishFlush: zlib.constants.Z_SYNC_FLUSH, strategy });
  return b.subarray(0, b.length - 4);
};
const text = (s) => frame(0x81, utf8(s));
const hello = text('hello');
const long = 'x'.repeat(200);
const repeat = (n, f) => Buffer.concat(Array(n).fill(f));

// The limits are small: 1,000 bytes and 8 frames a message.
const frames = {
  'text': hello,
  'empty text': text(''),
  'binary': frame(0x82, '\x00\xff'),
  'empty binary': frame(0x82),
  'text of 126 bytes': text('y'.repeat(126)),
  'text of the longest length': text('z'.repeat(1000)),
  'mask of zeros': frame(0x81, 'hello', { mask: [0, 0, 0, 0] }),
  'two texts': Buffer.concat([hello, text('you')]),
  'two fragments': Buffer.concat([frame(0x01, 'hel'), frame(0x80, 'lo')]),
  'empty fragments': Buffer.concat([frame(0x01), frame(0x00), frame(0x00, 'a'), frame(0x80)]),
  'empty text in fragments': Buffer.concat([frame(0x01), frame(0x80)]),
  'rune across fragments': Buffer.concat([frame(0x01, 'a\xe2'), frame(0x00, '\x82'), frame(0x80, '\xac')]),
  'ping': frame(0x89, 'abc'),
  'ping without payload': frame(0x89),
  'ping of 125 bytes': frame(0x89, 'p'.repeat(125)),
  'pong': frame(0x8a, 'abc'),
  'ping between fragments': Buffer.concat([frame(0x01, 'hel'), frame(0x89, 'x'), frame(0x8a, 'y'), frame(0x80, 'lo')]),
  'close without a code': frame(0x88),
  'close 1000': close(1000),
  'close with a reason': close(1001, 'gute Nacht ☾'),
  'close 1014': close(1014),
  'close 3000': close(3000),
  'close 4999': close(4999),
  'close between fragments': Buffer.concat([frame(0x01, 'hel'), close(1000)]),
  'text behind a close': Buffer.concat([close(1000), hello]),
  'garbage behind a close': Buffer.concat([close(1000), Buffer.from([0xff, 0xff])]),
  // F1
  'no mask': frame(0x81, 'hello', { mask: null }),
  'ping without a mask': frame(0x89, '', { mask: null }),
  'RSV1': frame(0xc1, 'hello'),
  'RSV2': frame(0xa1, 'hello'),
  'RSV3': frame(0x91, 'hello'),
  'RSV1 on a ping': frame(0xc9),
  'RSV1 on a continuation': Buffer.concat([frame(0x01, 'a'), frame(0xc0, 'b')]),
  'opcode 3': frame(0x83), 'opcode 7': frame(0x87), 'opcode 11': frame(0x8b), 'opcode 15': frame(0x8f),
  'continuation of nothing': frame(0x80, 'a'),
  'continuation behind the end': Buffer.concat([frame(0x01, 'a'), frame(0x80, 'b'), frame(0x80, 'c')]),
  'text inside a message': Buffer.concat([frame(0x01, 'a'), frame(0x81, 'b')]),
  'binary inside a message': Buffer.concat([frame(0x01, 'a'), frame(0x02, 'b')]),
  'text in front of an error': Buffer.concat([hello, frame(0x83)]),
  'text behind an error': Buffer.concat([frame(0x83), hello]),
  'RSV2 and no mask': frame(0xa1, '', { mask: null }),
  'reserved opcode and no mask': frame(0x83, '', { mask: null }),
  'fragmented ping, RSV1, too long': frame(0x49, long),
  // F2
  'ping of 126 bytes': frame(0x89, 'p'.repeat(126)),
  'close of 200 bytes': frame(0x88, long),
  'ping with a long length': frame(0x89, '', { length: 65536 }),
  'fragmented ping': frame(0x09, 'a'),
  'fragmented close': frame(0x08),
  'close of one byte': frame(0x88, '\x03'),
  'close 0': close(0), 'close 999': close(999), 'close 1004': close(1004), 'close 1005': close(1005),
  'close 1006': close(1006), 'close 1015': close(1015), 'close 1016': close(1016), 'close 2999': close(2999),
  'close 5000': close(5000), 'close 65535': close(65535),
  'close with bad text': close(1000, Buffer.from([0xff])),
  'close with half a rune': close(1000, Buffer.from([0xe2, 0x82])),
  'bad close code with bad text': close(999, Buffer.from([0xff])),
  // F3, F4, F5
  'length 2^63': frame(0x82, '', { length: 1n << 63n }),
  'length 2^63-1': frame(0x82, '', { length: (1n << 63n) - 1n }),
  'length 2^53': frame(0x82, '', { length: 1n << 53n }),
  'length 2^53-1': frame(0x82, '', { length: (1n << 53n) - 1n }),
  'length over the limit': frame(0x82, '', { length: 1001 }),
  'fragments over the limit': Buffer.concat([frame(0x01, 'a'.repeat(500)), frame(0x00, 'b'.repeat(500)), frame(0x80, 'c')]),
  'fragments up to the limit': Buffer.concat([frame(0x01, 'a'.repeat(500)), frame(0x80, 'b'.repeat(500))]),
  'full message, empty end': Buffer.concat([frame(0x01, 'a'.repeat(1000)), frame(0x80)]),
  'limit is per message': Buffer.concat([text('a'.repeat(900)), text('b'.repeat(900))]),
  'eight fragments': Buffer.concat([frame(0x02, 'a'), repeat(6, frame(0x00, 'b')), frame(0x80, 'c')]),
  'nine fragments': Buffer.concat([frame(0x02, 'a'), repeat(7, frame(0x00, 'b')), frame(0x80, 'c')]),
  'nine empty fragments': Buffer.concat([frame(0x02), repeat(8, frame(0x00))]),
  'pings are no fragments': Buffer.concat([frame(0x02, 'a'), repeat(20, frame(0x89)), frame(0x80, 'c')]),
  // F7
  'bad text': frame(0x81, '\xff'),
  'surrogate': frame(0x81, '\xed\xa0\x80'),
  'overlong': frame(0x81, '\xc0\x80'),
  'above U+10FFFF': frame(0x81, '\xf4\x90\x80\x80'),
  'half a rune': frame(0x81, 'a\xe2\x82'),
  'bad text behind 40 bytes': frame(0x81, 'a'.repeat(40) + '\xff'),
  'bad text over fragments': Buffer.concat([frame(0x01, 'a\xe2'), frame(0x80, 'b')]),
  'text of all lengths of rune': text('a£€😀 and then some more, to be longer than a word'),
  'bad text as binary': frame(0x82, '\xff')
};

// With permessage-deflate, and 10,000 bytes as the limit.
const bomb = packed(Buffer.alloc(1 << 20));
const hard = packed(utf8('compressed text '.repeat(20)));
const deflatedFrames = {
  'plain text': hello,
  'text': frame(0xc1, packed(utf8('hello'))),
  'binary': frame(0xc2, packed(Buffer.from([0, 255, 0, 255]))),
  'empty text': frame(0xc1, '\x00'),
  'text without any byte': frame(0xc1, ''),
  'stored block': frame(0xc1, packed(utf8('hello'), zlib.constants.Z_FIXED)),
  'final block': frame(0xc1, zlib.deflateRawSync(utf8('hello'))),
  'fragments': Buffer.concat([frame(0x41, hard.subarray(0, 5)), frame(0x89, 'p'), frame(0x00), frame(0x80, hard.subarray(5))]),
  'compressed, then plain, then compressed': Buffer.concat([frame(0xc1, hard), hello, frame(0xc1, hard)]),
  'runes': frame(0xc1, packed(utf8('a£€😀'.repeat(30)))),
  'bad text': frame(0xc1, packed(Buffer.from([0x61, 0xff]))),
  'bad text in front of a good one': Buffer.concat([frame(0xc1, packed(Buffer.from([0xff]))), hello]),
  'bomb': frame(0xc2, bomb),
  'bomb in fragments': Buffer.concat([frame(0x42, bomb.subarray(0, 100)), frame(0x80, bomb.subarray(100))]),
  'just under the limit': frame(0xc2, packed(Buffer.alloc(10000))),
  'just over the limit': frame(0xc2, packed(Buffer.alloc(10001))),
  'garbage': frame(0xc1, '\xff\xff\xff\xff'),
  'text in front of garbage': Buffer.concat([frame(0xc1, hard), frame(0xc1, '\xff\xff\xff\xff')]),
  'refers to the message before': Buffer.concat([frame(0xc1, hard), frame(0xc1, '\x02\x07\x00')]),
  'RSV1 on a continuation': Buffer.concat([frame(0x41, hard), frame(0xc0)]),
  'RSV1 on a pong': frame(0xca),
  'RSV2': frame(0xe1, hard),
  'RSV3': frame(0xd1, hard),
  'close': close(1000, 'bye')
};

// events feeds the bytes to a Receiver and returns what it makes of them.
function events(bytes, deflate) {
  return new Promise((resolve) => {
    const maxPayload = deflate ? 10000 : 1000;
    const options = { isServer: true, maxPayload, maxFragments: 8, extensions: {} };
    if (deflate) {
      const extension = new PerMessageDeflate({ ...noTakeover, isServer: true, maxPayload });
      extension.accept([{}]);
      options.extensions['permessage-deflate'] = extension;
    }
    const receiver = new Receiver(options);
    const out = [];
    const latin1 = (b) => b.toString('latin1');
    receiver.on('message', (data, binary) => out.push({ kind: binary ? 'binary' : 'text', payload: latin1(data) }));
    receiver.on('ping', (data) => out.push({ kind: 'ping', payload: latin1(data) }));
    receiver.on('pong', (data) => out.push({ kind: 'pong', payload: latin1(data) }));
    receiver.on('conclude', (code, reason) => { out.push({ kind: 'close', code, payload: latin1(reason) }); resolve(out); });
    receiver.on('error', (err) => {
      const code = err[Object.getOwnPropertySymbols(err).find((s) => s.description === 'status-code')];
      out.push({ kind: 'error', code, payload: err.message });
      resolve(out);
    });
    receiver.write(Buffer.from(bytes), () => resolve(out));
  });
}

async function recordFrames(set, deflate) {
  const out = [];
  for (const [name, bytes] of Object.entries(set)) {
    out.push({ name, deflate, bytes: bytes.toString('latin1'), events: await events(bytes, deflate) });
  }
  return out;
}

async function main() {
  const vectors = {
    upgrades: [...await recordAnswers(false), ...await recordAnswers(noTakeover)],
    frames: [...await recordFrames(frames, false), ...await recordFrames(deflatedFrames, true)]
  };
  process.stdout.write(JSON.stringify(vectors, null, 1) + '\n');
}

main();
