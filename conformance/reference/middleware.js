'use strict';

// The middleware of the conformance app: each function looks for a verdict in
// the action and acts by it. Every action is decided on its own.

const {errorOf, wait} = require('./handlers');

function installMiddleware(server, types) {
  for (let type of types) {
    server.setMiddleware(type, async (stream) => {
      for await (let action of stream) {
        decide(action);
      }
    });
  }
}

async function decide(action) {
  let {verdict, message} = findVerdict(action);
  let allow = (data) => action.allow(data === undefined ? undefined : {data});

  if (verdict === null || typeof verdict !== 'object') {
    allow(message);
    return;
  }
  if (verdict.delay !== undefined) {
    await wait(verdict.delay);
  }
  if (verdict.ifExpired && action.authTokenExpiredError) {
    action.block(action.authTokenExpiredError);
  } else if (verdict.block !== undefined) {
    action.block(errorOf(verdict.block));
  } else if (verdict.blockValue !== undefined) {
    action.block(verdict.blockValue);
  } else if (verdict.blockEmpty) {
    action.block();
  } else {
    allow(verdict.data === undefined ? message : verdict.data);
  }
}

// findVerdict tells the verdict of an action, or null, and for a raw message
// with a verdict the message proper.
function findVerdict(action) {
  switch (action.type) {
    case action.HANDSHAKE_WS:
      return {verdict: queryVerdict(action.request, 'ws')};
    case action.HANDSHAKE_SC:
      return {verdict: queryVerdict(action.request, 'sc')};
    case action.MESSAGE:
      return messageVerdict(action.data);
    case action.AUTHENTICATE:
      return {verdict: member(action.authToken, 'mw')};
    case action.PUBLISH_OUT:
      return {verdict: outboundVerdict(action)};
    default:
      return {verdict: member(action.data, 'mw')};
  }
}

function member(value, name) {
  if (value === null || typeof value !== 'object' || !Object.hasOwn(value, name)) {
    return null;
  }
  return value[name];
}

function queryOf(request) {
  return new URLSearchParams(request.url.split('?').slice(1).join('?'));
}

function queryVerdict(request, name) {
  return parse(queryOf(request).get(name));
}

function messageVerdict(message) {
  if (typeof message !== 'string' || !message.startsWith('mw:')) {
    return {verdict: null};
  }
  let end = message.indexOf('\n');
  if (end === -1) {
    return {verdict: null};
  }
  return {verdict: parse(message.slice('mw:'.length, end)), message: message.slice(end + 1)};
}

function outboundVerdict(action) {
  let verdict = member(action.data, 'out');
  let to = member(verdict, 'to');
  if (to !== null && queryOf(action.socket.request).get('name') !== to) {
    return null;
  }
  return verdict;
}

function parse(text) {
  if (text === null) {
    return null;
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    return null;
  }
}

module.exports = {installMiddleware};
