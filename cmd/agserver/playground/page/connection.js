// The connection: address, state, what the server said about it.

import {textOfCloseCode} from './agclient.js';
import {byId, note} from './dom.js';

const TEXT_OF_STATE = {closed: 'Not connected', connecting: 'Connecting…', open: 'Connected'};

export function startConnection(client) {
  const url = byId('url');
  const button = byId('connect-button');
  const autoReconnect = byId('auto-reconnect');
  let retryAt = 0;
  let countdown = 0;

  url.value = client.url;

  const show = () => {
    const waiting = client.state === 'closed' && retryAt > 0;
    byId('status').dataset.state = waiting ? 'waiting' : client.state;
    byId('status-text').textContent = waiting
      ? `Again in ${Math.max(0, Math.ceil((retryAt - Date.now()) / 1000))} s`
      : TEXT_OF_STATE[client.state];
    button.textContent = client.state === 'closed' ? (waiting ? 'Connect now' : 'Connect') : 'Disconnect';
    button.classList.toggle('primary', client.state === 'closed');
    url.readOnly = client.state !== 'closed';
    byId('fact-id').textContent = client.id ?? '–';
    document.body.classList.toggle('online', client.state === 'open');
  };

  const stopWaiting = () => {
    retryAt = 0;
    clearInterval(countdown);
  };

  /** The page may talk to its own server only: its security policy says so. */
  const checkedAddress = () => {
    const address = URL.canParse(url.value) ? new URL(url.value) : null;
    if (!address || !/^wss?:$/.test(address.protocol)) {
      return note('connect-note', 'An address looks like ' + client.url, true);
    }
    if (address.host !== location.host) {
      return note('connect-note', `This page talks to its own server only: ${location.host}`, true);
    }
    return address.href;
  };

  byId('connect-form').addEventListener('submit', (event) => {
    event.preventDefault();
    stopWaiting();
    if (client.state !== 'closed') {
      client.disconnect();
      note('connect-note', '');
      return;
    }
    const address = checkedAddress();
    if (address) {
      note('connect-note', '');
      client.connect({url: address, autoReconnect: autoReconnect.checked});
    }
  });

  autoReconnect.addEventListener('change', () => {
    client.setAutoReconnect(autoReconnect.checked);
    if (!autoReconnect.checked) {
      stopWaiting();
      show();
    }
  });

  client.on('connecting', () => {
    stopWaiting();
    show();
  });
  client.on('connect', ({pingTimeout, authError}) => {
    byId('fact-ping').textContent = `${pingTimeout / 1000} s`;
    note('connect-note', '');
    if (authError) {
      note('identity-note', `Token refused: ${authError.message}`, true);
    }
    show();
  });
  client.on('close', ({code, reason}) => {
    byId('fact-ping').textContent = '–';
    byId('fact-rtt').textContent = '–';
    const isExpected = code === 1000;
    note('connect-note', isExpected ? '' : `Closed with ${code}: ${reason || textOfCloseCode(code)}`, true);
    show();
  });
  client.on('reconnect', ({delay}) => {
    if (delay > 0) {
      retryAt = Date.now() + delay;
      clearInterval(countdown);
      countdown = setInterval(show, 500);
    }
    show();
  });
  client.on('roundTrip', ({ms}) => {
    byId('fact-rtt').textContent = `${ms.toFixed(ms < 10 ? 1 : 0)} ms`;
  });
  show();
}
