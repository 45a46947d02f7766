// Writes verify.json and sign.json: what the reference makes of tokens, claims
// and options. Both go through the methods of its own socket class, and so
// through ag-auth and jsonwebtoken. syntax.json is what it says of payloads that
// are no JSON; these are the words of Node.js 20.
//
//   (cd conformance/reference && npm ci) && node authtoken/testdata/generate.js
//
// The clock stands still, so that only the signatures differ from run to run.
// Keys are made once and stay.
'use strict';

const crypto = require('crypto');
const fs = require('fs');
const path = require('path');
const {createRequire} = require('module');

const reference = createRequire(path.join(__dirname, '../../conformance/reference/package.json'));
const fromServer = createRequire(reference.resolve('socketcluster-server'));
const AGServerSocket = reference('socketcluster-server/serversocket');
const AuthEngine = fromServer('ag-auth');
const jwt = createRequire(fromServer.resolve('ag-auth'))('jsonwebtoken');
const {dehydrateError} = fromServer('sc-errors');

const NOW = 1800000000; // seconds
Date.now = () => NOW * 1000 + 250;

const SECRET = 'a secret of some length, 0123456789';
const HMAC = ['HS256', 'HS384', 'HS512'];
const RSA = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'];
const EC = ['ES256', 'ES384', 'ES512'];

function pem(name, make) {
  const file = path.join(__dirname, 'keys', name + '.pem');
  if (!fs.existsSync(file)) {
    fs.writeFileSync(file, make());
  }
  return fs.readFileSync(file, 'utf8');
}

function pair(name, type, options, privateType = 'pkcs8', publicType = 'spki') {
  const made = () => crypto.generateKeyPairSync(type, {
    ...options,
    privateKeyEncoding: {type: privateType, format: 'pem'},
    publicKeyEncoding: {type: publicType, format: 'pem'}
  });
  let both;
  const privateKey = pem(name, () => (both = made()).privateKey);
  const publicKey = pem(name + '.pub', () => both.publicKey);
  return {sign: privateKey, verify: publicKey};
}

const keys = {
  secret: {sign: SECRET, verify: SECRET},
  other: {sign: SECRET + '!', verify: SECRET + '!'},
  rsa: pair('rsa', 'rsa', {modulusLength: 2048}),
  rsa2: pair('rsa2', 'rsa', {modulusLength: 2048}, 'pkcs1', 'pkcs1'),
  small: pair('small', 'rsa', {modulusLength: 1024}),
  p256: pair('p256', 'ec', {namedCurve: 'P-256'}),
  p256b: pair('p256b', 'ec', {namedCurve: 'P-256'}, 'sec1'),
  p384: pair('p384', 'ec', {namedCurve: 'P-384'}),
  p521: pair('p521', 'ec', {namedCurve: 'P-521'})
};
const keyFor = {ES256: 'p256', ES384: 'p384', ES512: 'p521'};
for (const alg of HMAC) keyFor[alg] = 'secret';
for (const alg of RSA) keyFor[alg] = 'rsa';

const base64url = (data) => Buffer.from(data).toString('base64url');
const hmac = (text, alg = 'HS256') =>
  crypto.createHmac('sha' + alg.slice(2), SECRET).update(text).digest('base64url');

// A token signed with the secret whatever stands in it.
function raw(header, payload, alg) {
  const text = base64url(header) + '.' + base64url(payload);
  return text + '.' + hmac(text, alg);
}
const HEADER = '{"alg":"HS256","typ":"JWT"}';
const claimsToken = (claims) => raw(HEADER, claims);

function signed(alg, claims, key = keyFor[alg], options) {
  return jwt.sign({user: 'alice', ...claims}, keys[key].sign, {algorithm: alg, ...options});
}

const verifyVectors = [];
async function verify(name, token, {key = 'secret', algorithms} = {}) {
  const socket = Object.create(AGServerSocket.prototype);
  socket.AUTHENTICATED = 'authenticated';
  socket.server = {
    auth: new AuthEngine(),
    verificationKey: keys[key].verify,
    defaultVerificationOptions: algorithms ? {algorithms} : {}
  };
  const {authToken, authTokenError} = await socket._validateAuthToken(token);
  const vector = {name, token, key, algorithms};
  if (authTokenError) {
    vector.error = dehydrateError(authTokenError);
  } else {
    vector.claims = authToken;
  }
  verifyVectors.push(vector);
}

async function algorithmVectors() {
  const pins = [undefined, HMAC, RSA, EC, []];
  for (const alg of [...HMAC, ...RSA, ...EC]) {
    const token = signed(alg);
    for (const key of ['secret', 'other', 'rsa', 'rsa2', 'p256', 'p256b', 'p384', 'p521']) {
      for (const algorithms of [...pins, [alg]]) {
        await verify(`alg/${alg}/key ${key}/pin ${algorithms}`, token, {key, algorithms});
      }
    }
  }
  for (const alg of RSA.filter((alg) => alg !== 'PS512')) { // for which it is too small
    await verify(`alg/${alg}/small key`,
      jwt.sign({}, keys.small.sign, {algorithm: alg, allowInsecureKeySizes: true}), {key: 'small'});
  }
  // The public key as a secret: the classic confusion.
  const text = base64url(HEADER) + '.' + base64url('{}');
  const confused = crypto.createHmac('sha256', keys.rsa.verify).update(text).digest('base64url');
  await verify('alg/public key as secret', text + '.' + confused, {key: 'rsa'});
  await verify('alg/public key as secret, pinned', text + '.' + confused, {key: 'rsa', algorithms: ['HS256']});
  for (const alg of ['"none"', '"None"', '"hs256"', '"HS257"', '""', '5', 'null', '["HS256"]', '"RS256"', '"HS256 "']) {
    const token = raw(`{"alg":${alg},"typ":"JWT"}`, '{}');
    await verify(`alg/header says ${alg}`, token);
    await verify(`alg/header says ${alg}, unsigned`, token.replace(/[^.]*$/, ''));
  }
}

async function shapeVectors() {
  const good = claimsToken('{"a":1}');
  const [h, p, s] = good.split('.');
  const shapes = {
    'empty': '', 'blank': ' ', 'one part': 'a', 'two parts': `${h}.${p}`, 'four parts': `${good}.x`, 'dots': '..',
    'many dots': '.'.repeat(500), 'no header': `.${p}.${s}`, 'no payload': `${h}..${s}`, 'no signature': `${h}.${p}.`,
    'blank signature': `${h}.${p}. `, 'leading space': ` ${good}`, 'trailing newline': `${good}\n`,
    'trailing NUL': `${good}\0`, 'padded': `${good}=`, 'padded payload': `${h}.${p}=.${s}`, 'not ASCII': `${h}.${p}.é`,
    'foreign character': `${h}.${p}.${s}+`, 'slash': `${h}.${p}/.${s}`, 'header no base64 length': `${h}A.${p}.${s}`,
    'short words': 'a.b.c', 'short words, long header': `${h}.b.c`, 'surrogate': `${h}.${p}.\ud83d\ude00`
  };
  for (const [name, token] of Object.entries(shapes)) {
    await verify(`shape/${name}`, token);
  }
  for (const data of [null, undefined, 0, 5, true, false, {}, {a: 1}, [], ['x'], 1.5]) {
    await verify(`shape/value ${JSON.stringify(data)}`, data);
  }
  const headers = [
    'null', 'false', 'true', '0', '-0', '0.0', '5', '""', '"x"', '[]', '[1]', '{}', 'x', '{', '{"alg":"HS256"', ' {"alg":"HS256","typ":"JWT"} ',
    '{"alg":"HS256"}', '{"typ":"JWT"}', '{"ALG":"HS256","typ":"JWT"}', '{"alg":"HS256","typ":"jwt"}', '{"alg":"HS256","typ":5}',
    '{"alg":"HS384","alg":"HS256","typ":"JWT"}', '{"alg":"HS256","alg":"HS384","typ":"JWT"}', '{"alg":"HS256","typ":"JWT",}',
    '{"alg":"HS256","typ":"JWT","kid":"../../dev/null","jku":"http://127.0.0.1/","x5u":"http://127.0.0.1/","jwk":{"kty":"oct","k":"AAAA"}}',
    '{"\\u0061lg":"HS256","typ":"JWT"}', '{"alg":"HS256","typ":"JWT","crit":["b64"],"b64":false}', '{"alg":"HS256","typ":"JWT","x":"é"}',
    '\ufeff{"alg":"HS256","typ":"JWT"}', '{"alg":"HS256","typ":"JWT","x":1e400}', '{"alg":"HS256","typ":"JWT","__proto__":{"alg":"none"}}'
  ];
  for (const header of headers) {
    await verify(`header/${header}`, raw(header, '{"a":1}'));
  }
  await verify('header/latin-1 bytes', raw(Buffer.from('{"alg":"HS256","typ":"JWT","x":"\xe9\xff"}', 'latin1'), '{"a":1}'));
  await verify('header/no-break space', raw(Buffer.from('\xa0{"alg":"HS256","typ":"JWT"}', 'latin1'), '{"a":1}'));
}

async function signatureVectors() {
  const flip = (text, at) => {
    const c = text.at(at) === 'A' ? 'B' : 'A';
    return at === -1 ? text.slice(0, -1) + c : text.slice(0, at) + c + text.slice(at + 1);
  };
  // The last character of a signature whose length is no multiple of three has
  // bits that decode to nothing.
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const spare = (text) => text.slice(0, -1) + alphabet[alphabet.indexOf(text.at(-1)) ^ 1];
  for (const alg of ['HS256', 'HS384', 'HS512', 'RS256', 'PS256', 'ES256', 'ES384', 'ES512']) {
    const [h, p, s] = signed(alg).split('.');
    const key = keyFor[alg];
    const bytes = Buffer.from(s, 'base64url');
    const half = bytes.length / 2;
    const cases = {
      'first character': flip(s, 0), 'last character': flip(s, -1), 'spare bits': spare(s), 'cut by one character': s.slice(0, -1),
      'cut by four': s.slice(0, -4), 'one character': 'A', 'extended': s + 'A', 'extended by four': s + 'AAAA',
      'zeros': base64url(Buffer.alloc(bytes.length)), 'ones': base64url(Buffer.alloc(bytes.length, 255)),
      'first half zero': base64url(Buffer.concat([Buffer.alloc(half), bytes.subarray(half)])),
      'second half zero': base64url(Buffer.concat([bytes.subarray(0, half), Buffer.alloc(half)])),
      'empty byte string': '', 'doubled': s + s
    };
    for (const [name, signature] of Object.entries(cases)) {
      await verify(`signature/${alg}/${name}`, `${h}.${p}.${signature}`, {key});
    }
    await verify(`signature/${alg}/payload changed`, `${h}.${flip(p, 5)}.${s}`, {key});
    await verify(`signature/${alg}/another payload`, `${h}.${base64url('{"user":"mallory"}')}.${s}`, {key});
    await verify(`signature/${alg}/another header`, `${base64url(JSON.stringify({alg, typ: 'JWT', x: 1}))}.${p}.${s}`, {key});
  }
  for (const saltLength of [0, 20, crypto.constants.RSA_PSS_SALTLEN_MAX_SIGN]) {
    const text = base64url('{"alg":"PS256","typ":"JWT"}') + '.' + base64url('{}');
    const signature = crypto.sign('sha256', Buffer.from(text),
      {key: keys.rsa.sign, padding: crypto.constants.RSA_PKCS1_PSS_PADDING, saltLength});
    await verify(`signature/PS256/salt length ${saltLength}`, `${text}.${base64url(signature)}`, {key: 'rsa'});
  }
}

async function payloadVectors() {
  const payloads = [
    '{}', ' {"a":1} ', '{"a":1,"a":2}', '{"exp":5,"exp":1900000000}', '{"a":{"b":[1,null,true,"x"]}}', '{"ü":"\u2028 😀"}', '{"a":12345678901234567890}',
    '{"a":1e21,"b":1e-7,"c":-0,"d":0.1}', '{"__proto__":{"exp":1}}', '{"constructor":1,"toString":2}', '{"Exp":1,"EXP":2}', '{"a":"\\ud800"}',
    'null', 'true', '5', '"text"', '[]', '[1,2]', '[{"exp":1}]', 'x', '{', '{"a":1}x', '{"a":01}', "{'a':1}", '\ufeff{}', '{"a":"\u0001"}', '{"a":1,}', 'NaN'
  ];
  for (const payload of payloads) {
    await verify(`payload/${payload}`, claimsToken(payload));
    await verify(`payload/${payload}/no typ`, raw('{"alg":"HS256"}', payload));
  }
  await verify('payload/bad UTF-8', claimsToken(Buffer.from([0x7b, 0x22, 0x61, 0x22, 0x3a, 0x22, 0xff, 0xc3, 0x22, 0x7d])));
  await verify('payload/spare bits', (() => {
    const text = base64url(HEADER) + '.' + base64url('{"a":12}').slice(0, -1) + '1';
    return text + '.' + hmac(text);
  })());
  await verify('payload/one character too many', (() => {
    const text = base64url(HEADER) + '.' + base64url('{"a":1234}') + 'A'.repeat((5 - base64url('{"a":1234}').length % 4) % 4);
    return text + '.' + hmac(text);
  })());
}

async function timeVectors() {
  const values = [
    NOW - 86400, NOW - 1, NOW, NOW + 1, NOW + 86400, NOW - 0.5, NOW + 0.2, NOW + 0.5, NOW + 1.5, 0, -1, -0.0015, 1, 1.9999, 123456.789, -86400.5,
    253402300800, 8640000000000, 8640000000001, -62167219201, -8640000000000, -8640000000001, 1e20, -1e20, 1e300
  ].map(String).concat('null', '"x"', '""', `"${NOW + 5}"`, 'true', 'false', '[]', `[${NOW + 5}]`, '{}', '-0', '1e9', '1.9e9');
  for (const value of values) {
    await verify(`time/exp ${value}`, claimsToken(`{"exp":${value}}`));
    await verify(`time/nbf ${value}`, claimsToken(`{"nbf":${value}}`));
    await verify(`time/iat ${value}`, claimsToken(`{"iat":${value}}`));
  }
  for (const nbf of ['"x"', NOW - 5, NOW + 5]) {
    for (const exp of ['"x"', NOW - 5, NOW + 5]) {
      await verify(`time/nbf ${nbf} exp ${exp}`, claimsToken(`{"exp":${exp},"nbf":${nbf}}`));
    }
  }
  await verify('time/expired and tampered', claimsToken('{"exp":5}') + 'A');
}

const signVectors = [];
async function sign(name, claims, options, {key = 'secret', defaults = {expiresIn: 86400}} = {}) {
  const errors = [];
  const socket = Object.create(AGServerSocket.prototype);
  Object.assign(socket, {
    CONNECTING: 'connecting', state: 'open', AUTHENTICATED: 'authenticated',
    server: {auth: new AuthEngine(), signatureKey: keys[key].sign, defaultSignatureOptions: defaults},
    socket: {close() {}},
    emitError: (error) => errors.push({name: error.name, message: error.message}),
    emit() {}, transmit() {}, triggerAuthenticationEvents() {}, invoke: async () => {},
    _destroy: (code, reason) => Object.assign(vector, {code, reason})
  });
  const vector = {name, claims, options, key, defaults};
  try {
    await socket.setAuthToken(claims, options);
    vector.signed = socket.signedAuthToken;
    vector.result = socket.authToken;
  } catch (error) {
    vector.failed = true;
  }
  vector.errors = errors;
  signVectors.push(vector);
}

async function claimsVectors() {
  const claims = [
    {}, {user: 'alice'}, {a: {b: [1, null]}}, null, undefined, '', 'text', 5, 0, true, false, [], [1], [{exp: 5}],
    {exp: NOW + 10}, {exp: NOW - 10}, {exp: 0}, {exp: 1.5}, {exp: null}, {exp: 'x'}, {exp: ''}, {exp: false}, {exp: []}, {exp: {}},
    {iat: NOW - 100}, {iat: 0}, {iat: 1.5}, {iat: -5}, {iat: null}, {iat: 'x'}, {iat: true},
    {nbf: NOW + 10}, {nbf: 0}, {nbf: null}, {nbf: 'x'}, {exp: NOW + 10, iat: 5, nbf: 6}, {exp: 'x', nbf: NOW},
    {aud: 'x'}, {iss: 'x'}, {sub: 'x'}, {jti: 'x'}, {'ü': '\u2028 😀 <&>'}, {big: 1e21, small: 1e-7, fraction: 0.1}
  ];
  for (const c of claims) {
    const name = JSON.stringify(c);
    await sign(`claims/${name}`, c);
    await sign(`claims/${name}/expiresIn`, c, {expiresIn: 60});
    await sign(`claims/${name}/others`, c, {audience: 'a', issuer: 'i', subject: 's', jwtid: 'j', notBefore: 5, noTimestamp: true});
    await sign(`claims/${name}/bad expiresIn`, c, {expiresIn: 'nonsense'});
    await sign(`claims/${name}/unknown option`, c, {foo: 1});
  }
}

async function optionVectors() {
  const spans = [
    0, 1, 60, -60, 1.5, 1e21, '', ' ', '0', '60', '120', '1500', '-1500', '2h', '2 h', '2  hours', '2H', '1.5h', '.5h', '-.5h', '5.', '1.', '1d', '1 day', '2 days',
    '3w', '1 week', '1y', '1 yr', '2 yrs', '2 years', '1m', '1 min', '5 mins', '2 minutes', '10s', '10 secs', '1 second', '100ms', '100 msecs', '100 milliseconds',
    '1hr', '2hrs', '1 month', 'h', '2hs', '2ss', '2mss', '2ds', '2x', '2h ', ' 2h', '2\th', '1e3', '+5s', '0x10', '1,5h', '２h', '1' + '0'.repeat(99), '1' + '0'.repeat(100),
    '2 ſ', null, true, false, {}, [], [60]
  ];
  for (const span of spans) {
    const name = JSON.stringify(span);
    await sign(`expiresIn/${name}`, {a: 1}, {expiresIn: span});
    await sign(`expiresIn/${name}/as default`, {a: 1}, undefined, {defaults: {expiresIn: span}});
    await sign(`expiresIn/${name}/own exp`, {exp: NOW + 7}, {expiresIn: span});
    await sign(`expiresIn/${name}/own iat`, {iat: 1000.5}, {expiresIn: span});
    await sign(`notBefore/${name}`, {a: 1}, {notBefore: span});
  }
  const values = [null, '', 'x', 0, 5, true, false, {}, {a: 1}, [], ['x'], ['x', 5, null]];
  const names = ['algorithm', 'header', 'encoding', 'audience', 'issuer', 'subject', 'jwtid', 'keyid', 'noTimestamp', 'mutatePayload',
    'allowInsecureKeySizes', 'allowInvalidAsymmetricKeyTypes', 'rejectOnFailedDelivery', 'foo', 'Expiresin', ''];
  for (const name of names) {
    for (const value of values) {
      await sign(`option/${name} ${JSON.stringify(value)}`, {a: 1}, {[name]: value});
    }
  }
  for (const value of [null, '', 'abc', 0, 5, true, false, [], [1]]) {
    await sign(`options/${JSON.stringify(value)}`, {a: 1}, value);
  }
  await sign('options/two bad', {a: 1}, {foo: 1, issuer: 5});
  await sign('options/two bad, other order', {a: 1}, {issuer: 5, foo: 1});
  await sign('options/bad before expiresIn', {a: 1}, {expiresIn: 1.5, foo: 1});
  await sign('options/bad after expiresIn', {a: 1}, {foo: 1, expiresIn: 1.5});
  await sign('options/encoding utf8', {a: 'ü'}, {encoding: 'utf8'});
  await sign('options/encoding UTF-8', {a: 'ü'}, {encoding: 'UTF-8'});
  await sign('options/header fields', {a: 1}, {header: {kid: 'k', typ: 'x', cty: 5}, keyid: 'other'});
  await sign('options/header algorithm', {a: 1}, {header: {alg: 'HS512'}});
  await sign('options/header algorithm for another key', {a: 1}, {header: {alg: 'RS256'}});
}

async function signingKeyVectors() {
  for (const alg of [...HMAC, ...RSA, ...EC, 'none', 'HS257', 'XX', '']) {
    for (const key of ['secret', 'rsa', 'rsa2', 'small', 'p256', 'p256b', 'p384', 'p521']) {
      const defaults = {expiresIn: 86400, algorithm: alg};
      await sign(`key/${key}/${alg}`, {a: 1}, undefined, {key, defaults});
      await sign(`key/${key}/${alg}/asked for another`, {a: 1}, {algorithm: 'HS384'}, {key, defaults});
    }
  }
  for (const alg of RSA.filter((alg) => alg !== 'PS512')) {
    await sign(`key/small/${alg}/allowed`, {a: 1}, {allowInsecureKeySizes: true},
      {key: 'small', defaults: {expiresIn: 86400, algorithm: alg}});
  }
}

const syntaxVectors = [];
const syntaxSeen = new Set();
function syntax(text) {
  if (syntaxSeen.has(text)) {
    return;
  }
  syntaxSeen.add(text);
  try {
    JSON.parse(text);
  } catch (error) {
    syntaxVectors.push([text, error.message]);
  }
}

function syntaxCases() {
  const texts = [
    '', '{', '{"a', '{"a"', '{"a":', '{"a":1', '{"a":1,', '{"a":1,}', '[', '[1', '[1,', '[1,]', '[1 2]', '{"a" 1}', '{a:1}', '{"a":1 "b"}',
    '-', '-x', '-1.', '1.', '1.x', '1e', '1e+', '1e+x', '1E-', '01', '-01', '00', '0x', '1 2', '.5', '+1', '1.5.5', '1e5.5', '1-',
    'tru', 'trux', 'nulx"', 'nul', 'true x', '[tru', 'fals', 'falsy', 'tru5', 'tru-', 'tru"', '{"a":1,"b"', '{"a":1,"b" 5', '{"a":1,"b" -', '{"a":1,"b" "c"}', '"\\x"', '"\\u12"', '"\\u12', '"\\u', '"\\', '"\\u12g4"', '"\\\u00e9"', '"\\\u0100"', '"\\\ud83d\ude00"', '"ab', '"a\nb"', '"\0"',
    'abc', 'abcdefghijklmnopqrst', 'abcdefghijklmnopqrstu', 'NaN', 'Infinity', 'undefined', '[object Object]', '{"a":NaN}', '"x" "y"',
    '[,]', '}', ']', ':', ',', '{"a":}', '[}', '{]', '{"a":1]', '[1}', '\u00e9', '[1,\u00e9]', '  x', '/', "'a'", '\ufeff{}', '\u00a0{}',
    '[1,2,3,4,5,6,7,8,9,x]', '[1,2,3,4,5,6,7,8,9,0,x]', '[x,1,2,3,4,5,6,7,8,9,0]', '[1,2,3,4,5,x,7,8,9,0,1,2,3,4]',
    '\ud83d\ude00', '[1,2,3,4,5,\ud83d\ude00,7,8,9,0,1,2]', '["\ud83d\ude00aaaaaaaa\ud83d\ude00",x,"\ud83d\ude00aaa\ud83d\ude00bbbbbbb"]', '"\ud83d\ude00\n"'
  ];
  texts.forEach(syntax);
  // What a client that flips bits would send, from a generator with a seed.
  let seed = 1;
  const random = (n) => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return Math.floor(seed / 4294967296 * n);
  };
  const alphabet = [...'{}[]:,"\\/ -+.0123456789eEtrufalsnx\n\t\u0001\u007f\u00e9', '\ud83d\ude00'];
  const bases = [
    '{"username":"alice","iat":1800000000,"exp":1800086400}', '{"a":[1,-2.5e+3,true,false,null],"b":{"c":"\\u00e9\\n"}}', '[[],{},"",0]'
  ];
  for (let i = 0; i < 1500; i++) {
    const units = [...bases[random(bases.length)]];
    for (let n = 1 + random(2); n > 0; n--) {
      const at = random(units.length);
      [() => units.splice(at, 1), () => units.splice(at, 0, alphabet[random(alphabet.length)]),
        () => (units[at] = alphabet[random(alphabet.length)]), () => units.splice(at)][random(4)]();
      if (!units.length) break;
    }
    syntax(units.join(''));
  }
}

function write(file, vectors) {
  const lines = vectors.map((v) => JSON.stringify(v)).join(',\n');
  fs.writeFileSync(path.join(__dirname, file), `{"now":${NOW},"secret":${JSON.stringify(SECRET)},"vectors":[\n${lines}\n]}\n`);
  console.log(`${file}: ${vectors.length} vectors`);
}

(async () => {
  for (const part of [algorithmVectors, shapeVectors, signatureVectors, payloadVectors, timeVectors]) {
    await part();
  }
  for (const part of [claimsVectors, optionVectors, signingKeyVectors]) {
    await part();
  }
  syntaxCases();
  write('syntax.json', syntaxVectors);
  write('verify.json', verifyVectors);
  write('sign.json', signVectors);
})();
