// The page: one client, and the parts that show it.

import {AGClient} from './agclient.js';
import {startConnection} from './connection.js';
import {startIdentity, SessionTokenStore} from './identity.js';
import {startCalls} from './calls.js';
import {startChannels} from './channels.js';
import {startWire} from './wire.js';
import {byId} from './dom.js';

const {path, protocol} = document.documentElement.dataset;
// `?as=name` is one half of the page with two clients: it has its own token,
// connects by itself, and proposes its name for logging in.
const half = new URLSearchParams(location.search).get('as');

const client = new AGClient({
  url: `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}${path}`,
  protocolVersion: Number(protocol),
  tokenStore: new SessionTokenStore(half ?? 'page'),
});

startWire(client, Number(protocol));
startConnection(client);
startIdentity(client, half ?? '');
startCalls(client);
startChannels(client);
startViews();

if (half !== null) {
  document.body.classList.add('half');
  byId('brand-name').textContent = `Client ${half}`;
  client.connect();
}

/** On a phone one part is shown at a time. */
function startViews() {
  const buttons = [...document.querySelectorAll('.views button')];
  const show = (view) => {
    document.body.dataset.view = view;
    for (const button of buttons) {
      button.setAttribute('aria-pressed', String(button.dataset.view === view));
    }
    // A list that was hidden could not follow its end.
    for (const list of document.querySelectorAll(`[data-for="${view}"] .log`)) {
      list.scrollTop = list.scrollHeight;
    }
  };
  for (const button of buttons) {
    button.addEventListener('click', () => show(button.dataset.view));
  }
  show('connect');
}
