// Connects to an AG server by TLS and tells in one line of JSON what came of it:
//
//   node client.js '{"port": 8000, "ca": PEM, "cert": PEM, "key": PEM, "version": "TLSv1.2", "renegotiate": true}'

const tls = require('tls');
const crypto = require('crypto');

const o = JSON.parse(process.argv[2]);
const outcome = {};

// frame makes a masked text frame of a short text.
function frame(text) {
  const payload = Buffer.from(text);
  const mask = crypto.randomBytes(4);
  const head = payload.length < 126
    ? Buffer.from([0x81, 0x80 | payload.length])
    : Buffer.from([0x81, 0xfe, payload.length >> 8, payload.length & 0xff]);
  return Buffer.concat([head, mask, payload.map((byte, i) => byte ^ mask[i % 4])]);
}

const socket = tls.connect({
  host: '127.0.0.1', port: o.port, servername: 'localhost', ca: o.ca, cert: o.cert, key: o.key,
  minVersion: o.version, maxVersion: o.version
});

let seen = '';

// until waits for a text from the server.
function until(text) {
  return new Promise((resolve) => {
    const look = () => {
      if (seen.includes(text)) {
        socket.off('data', look);
        resolve();
      }
    };
    socket.on('data', look);
    look();
  });
}

async function call(id) {
  socket.write(frame(`{"event":"name","cid":${id}}`));
  await until(`{"rid":${id},`);
  return JSON.parse(seen.slice(seen.indexOf(`{"rid":${id},`)).match(/^\{[^}]*\}/)[0]).data;
}

socket.on('data', (data) => { seen += data.toString('latin1'); });
socket.on('error', (error) => { outcome.error = error.code || error.message; });
socket.on('close', () => {
  outcome.closed = true;
  console.log(JSON.stringify(outcome));
});

socket.once('secureConnect', async () => {
  outcome.version = socket.getProtocol();
  socket.write('GET /socketcluster/ HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
    'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n');
  await until('\r\n\r\n');
  socket.write(frame('{"event":"#handshake","data":{"authToken":null},"cid":1}'));
  await until('"rid":1');
  outcome.name = await call(2);
  if (o.renegotiate) {
    socket.renegotiate({ rejectUnauthorized: false }, (error) => {
      outcome.renegotiated = !error;
      if (!error) {
        call(3).then((name) => {
          outcome.after = name;
          socket.destroy();
        });
      }
    });
    return;
  }
  socket.end();
});
