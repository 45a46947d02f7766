// Logging in and out, tokens good and bad.

export const auth = [{
  name: 'login and logout',
  async play(t) {
    let client = await t.connected('c');
    await t.result('whoami', client.invoke('whoami'));
    await t.result('login', client.invoke('login', {claims: {username: 'ada', roles: ['a', 'b']}}));
    await client.event('authenticate');
    t.step('state', [client.authState, client.authToken]);
    await t.result('whoami', client.invoke('whoami'));
    await t.result('other user', client.invoke('login', {claims: {username: 'grace'}}));
    await client.event('authenticate', 2);
    t.step('state', [client.authState, client.authToken]);
    await t.result('logout', client.invoke('logout'));
    await client.event('removeAuthToken');
    t.step('state', [client.authState, client.authToken]);
    await t.result('whoami', client.invoke('whoami'));
  }
}, {
  name: 'confirmed login and logout',
  async play(t) {
    let client = await t.connected('c');
    let options = {rejectOnFailedDelivery: true};
    await t.result('login', client.invoke('login', {claims: {username: 'ada'}, options}));
    await client.event('authenticate');
    await t.result('logout', client.invoke('logout', {options}));
    await client.event('removeAuthToken');
  }
}, {
  name: 'token outlives the connection',
  async play(t) {
    let first = await t.connected('first', {tokenName: 'shared'});
    await t.result('login', first.invoke('login', {claims: {username: 'ada'}}));
    await first.event('authenticate');
    first.disconnect();
    await first.event('close');
    let second = await t.connected('second', {tokenName: 'shared'});
    await t.result('whoami', second.invoke('whoami'));
    await t.result('deauthenticate', second.deauthenticate());
    await t.result('whoami', second.invoke('whoami'));
    let third = await t.connected('third', {tokenName: 'shared'});
    await t.result('whoami', third.invoke('whoami'));
  }
}, {
  name: 'authenticate',
  async play(t) {
    let giver = await t.connected('giver');
    await giver.invoke('login', {claims: {username: 'ada'}});
    await giver.event('authenticate');
    let token = giver.signedAuthToken;
    let tampered = token.replace(/[^.]*$/, 'AAAA');

    let client = await t.connected('c');
    await t.result('good', client.authenticate(token));
    await t.result('whoami', client.invoke('whoami'));
    await t.result('tampered', client.authenticate(tampered));
    t.step('state', [client.authState, client.authToken]);
    await t.result('whoami', client.invoke('whoami'));
    await t.result('no token at all', client.authenticate('nonsense'));
    await t.result('good again', client.authenticate(token));
    await t.result('empty', client.authenticate(''));
    t.step('state', [client.authState, client.authToken]);
  }
}, {
  name: 'expired token',
  async play(t) {
    let past = Math.floor(Date.now() / 1000) - 100;
    let giver = await t.connected('giver');
    await t.result('login', giver.invoke('login', {claims: {username: 'ada', exp: past}}));
    await giver.event('authenticate');
    let expired = giver.signedAuthToken;
    await t.result('used', giver.invoke('whoami'));
    await giver.event('removeAuthToken');
    let client = await t.connected('c');
    await t.result('authenticate', client.authenticate(expired));
    t.step('state', client.authState);
  }
}, {
  name: 'bad token in the handshake',
  async play(t) {
    let past = Math.floor(Date.now() / 1000) - 100;
    let giver = await t.connected('giver', {tokenName: 'shared'});
    await giver.invoke('login', {claims: {username: 'ada', exp: past}});
    await giver.event('authenticate');
    giver.disconnect();
    await giver.event('close');
    let client = await t.connected('c', {tokenName: 'shared'});
    await client.event('removeAuthToken');
    t.step('state', [client.authState, client.authToken, client.signedAuthToken]);
    await t.result('whoami', client.invoke('whoami'));
  }
}, {
  name: 'sign in by message',
  async play(t) {
    let client = await t.connected('c');
    client.transmit('signIn', {claims: {username: 'ada'}, options: {expiresIn: '2h'}});
    await client.event('authenticate');
    client.transmit('signOut');
    await client.event('removeAuthToken');
    await t.result('login', client.invoke('login', {claims: {username: 'ada'}}));
    await client.event('authenticate', 2);
    await t.result('logoutSelf', client.invoke('logoutSelf'));
    await t.result('whoami', client.invoke('whoami'));
    t.step('the client does not know', client.authState);
  }
}, {
  name: 'token that cannot be signed',
  async play(t) {
    let client = await t.connected('c');
    await t.result('login', client.invoke('login', {claims: {a: 1}, options: {noSuchOption: true}}));
    await client.event('close');
  }
}];
