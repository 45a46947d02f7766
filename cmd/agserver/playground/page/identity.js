// Who one is: log in, log out, the auth token.

import {byId, note, textOfError} from './dom.js';
import {coloured, laidOut} from './json.js';

/**
 * Keeps the token for as long as the tab lives. Not in localStorage, where the
 * official client keeps it: two tabs are to be two people here.
 */
export class SessionTokenStore {
  #key;
  constructor(name) { this.#key = `playground.token.${name}`; }
  load() { try { return sessionStorage.getItem(this.#key); } catch { return null; } }
  save(token) { try { sessionStorage.setItem(this.#key, token); } catch { /* then it lasts as long as the page */ } }
  remove() { try { sessionStorage.removeItem(this.#key); } catch { /* nothing was stored */ } }
}

export function startIdentity(client, proposedName) {
  const username = byId('username');
  username.value = proposedName || 'ada';

  const show = () => {
    const {claims, signedToken} = client;
    const name = claims?.username ?? 'unnamed';
    byId('identity').classList.toggle('swapped', signedToken !== null);
    byId('login-form').inert = signedToken !== null;
    byId('identity-card').inert = signedToken === null;
    byId('auth-tag').textContent = signedToken === null ? 'logged out' : 'logged in';
    byId('auth-tag').classList.toggle('good', signedToken !== null);
    if (signedToken !== null) {
      byId('identity-name').textContent = name;
      byId('avatar').textContent = [...name][0].toUpperCase();
      byId('identity-expiry').textContent = claims?.exp
        ? `until ${new Date(claims.exp * 1000).toLocaleString('en-GB', {weekday: 'short', hour: '2-digit', minute: '2-digit'})}`
        : 'without end';
    }
    byId('claims').replaceChildren(signedToken === null ? 'none' : coloured(laidOut(claims)));
    byId('signed').textContent = signedToken ?? 'none';
  };

  const call = async (procedure, data) => {
    note('identity-note', '');
    try {
      await client.invoke(procedure, data);
    } catch (error) {
      note('identity-note', textOfError(error), true);
    }
  };

  byId('login-form').addEventListener('submit', (event) => {
    event.preventDefault();
    call('login', {username: username.value.trim()});
  });
  byId('logout-button').addEventListener('click', () => call('logout'));

  client.on('authenticate', () => {
    const hadFocus = byId('login-form').contains(document.activeElement);
    note('identity-note', '');
    show();
    if (hadFocus) {
      byId('logout-button').focus();
    }
  });
  client.on('deauthenticate', () => {
    const hadFocus = document.activeElement === byId('logout-button');
    show();
    if (hadFocus) {
      username.focus();
    }
  });
  show();
}
