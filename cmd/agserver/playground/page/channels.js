// Channels: subscribe, publish, and the messages of each in a tab of its own.

import {byId, element, note, textOfError, timeOf, Log} from './dom.js';
import {coloured, oneLine, parseMessage} from './json.js';

const KEPT = 300; // messages of a channel; a busy one is not to push out the others'
const SHOWN = 1000; // messages of all channels
const OWN = 100; // own messages that are waited for
const ALL = ''; // the tab with the messages of all channels

export function startChannels(client) {
  const log = new Log(byId('messages'), SHOWN);
  const tabs = byId('channel-tabs');
  const messages = []; // {channel, data, time, isOwn}, oldest first
  const channels = new Map(); // name → {button, unread}
  const ownPublishes = []; // what this page published and has not come back yet
  let shown = ALL;

  // ---- Tabs ----

  const openTab = (name) => {
    if (channels.has(name)) {
      return;
    }
    const label = name === ALL ? 'All' : name;
    const button = element('button', {type: 'button', className: 'tab', role: 'tab'},
      element('span', {className: name === ALL ? '' : 'mono', textContent: label}),
      element('span', {className: 'count', ariaHidden: 'true'}));
    button.setAttribute('aria-controls', 'channel-panel');
    button.addEventListener('click', () => show(name));
    channels.set(name, {button, unread: 0});
    tabs.append(button);
    showTabs();
  };

  const closeTab = (name) => {
    channels.get(name)?.button.remove();
    channels.delete(name);
    show(shown === name ? ALL : shown);
  };

  const showTabs = () => {
    byId('channels-empty').hidden = channels.size > 1;
    byId('unsubscribe-button').disabled = shown === ALL;
    for (const [name, {button, unread}] of channels) {
      const isShown = name === shown;
      button.dataset.state = name === ALL ? 'subscribed' : client.channels.get(name) ?? 'pending';
      button.setAttribute('aria-selected', String(isShown));
      button.tabIndex = isShown ? 0 : -1;
      button.querySelector('.count').textContent = unread > 99 ? '99+' : unread || '';
    }
  };

  const show = (name) => {
    shown = name;
    for (const [channel, tab] of channels) {
      if (name === ALL || channel === name) {
        tab.unread = 0;
      }
    }
    log.replace(messages.filter(({channel}) => name === ALL || channel === name).map((message) => () => row(message)));
    log.list.classList.toggle('single', name !== ALL);
    log.list.dataset.empty = channels.size > 1 ? 'No messages yet.' : '';
    if (name !== ALL) {
      byId('publish-channel').value = name;
    }
    showTabs();
  };

  tabs.addEventListener('keydown', (event) => {
    const step = {ArrowRight: 1, ArrowLeft: -1}[event.key];
    const names = [...channels.keys()];
    if (step) {
      event.preventDefault();
      show(names[(names.indexOf(shown) + step + names.length) % names.length]);
      channels.get(shown).button.focus();
    } else if (event.key === 'Delete' && shown !== ALL) {
      client.unsubscribe(shown);
      channels.get(shown).button.focus();
    }
  });

  byId('unsubscribe-button').addEventListener('click', () => client.unsubscribe(shown));

  // ---- Messages ----

  const row = ({channel, data, time, isOwn}) => element('li', {className: isOwn ? 'message own' : 'message'},
    element('span', {className: 'channel mono', textContent: channel}),
    typeof data === 'string'
      ? element('div', {className: 'body', textContent: data})
      : element('div', {className: 'body mono'}, coloured(oneLine(data) || 'no data')),
    element('div', {},
      isOwn ? element('span', {className: 'own-tag', textContent: 'you'}) : '',
      element('time', {textContent: timeOf(time)})));

  const keep = (message) => {
    messages.push(message);
    const ofChannel = messages.filter(({channel}) => channel === message.channel);
    if (ofChannel.length > KEPT) {
      messages.splice(messages.indexOf(ofChannel[0]), 1);
    } else if (messages.length > SHOWN) {
      messages.shift();
    }
  };

  client.on('message', ({channel, data}) => {
    const own = ownPublishes.indexOf(keyOf(channel, data));
    if (own >= 0) {
      ownPublishes.splice(own, 1);
    }
    const message = {channel, data, time: Date.now(), isOwn: own >= 0};
    keep(message);
    if (shown === ALL || shown === channel) {
      log.add(() => row(message));
    } else if (channels.has(channel)) {
      channels.get(channel).unread++;
      showTabs();
    }
  });

  // ---- Subscribing ----

  const subscribe = (name) => {
    openTab(name);
    client.subscribe(name);
    show(name);
  };

  byId('subscribe-form').addEventListener('submit', (event) => {
    event.preventDefault();
    const field = byId('subscribe-name');
    if (field.value === '') {
      field.focus();
      return;
    }
    note('publish-note', '');
    subscribe(field.value);
    field.value = '';
  });
  for (const button of document.querySelectorAll('[data-subscribe]')) {
    button.addEventListener('click', () => subscribe(button.dataset.subscribe));
  }

  client.on('subscribe', showTabs);
  client.on('close', () => {
    ownPublishes.length = 0;
    showTabs();
  });
  client.on('unsubscribe', ({channel}) => closeTab(channel));
  client.on('subscribeFail', ({channel, error}) => {
    closeTab(channel);
    note('publish-note', `${channel}: ${textOfError(error)}`, true);
  });
  client.on('kickOut', ({channel, message}) => {
    note('publish-note', `Kicked out of ${channel}${message ? `: ${message}` : ''}`, true);
  });

  // ---- Publishing ----

  const publishNote = () => {
    const text = byId('publish-data').value;
    note('publish-note', text === '' ? '' : parseMessage(text).isJSON ? 'goes out as JSON' : 'goes out as text');
  };
  byId('publish-data').addEventListener('input', publishNote);

  byId('publish-form').addEventListener('submit', async (event) => {
    event.preventDefault();
    const channel = byId('publish-channel').value;
    const field = byId('publish-data');
    if (channel === '' || field.value === '') {
      byId(channel === '' ? 'publish-channel' : 'publish-data').focus();
      return;
    }
    const {value} = parseMessage(field.value);
    const key = keyOf(channel, value);
    if (client.channels.get(channel) === 'subscribed') {
      ownPublishes.push(key);
      ownPublishes.splice(0, ownPublishes.length - OWN);
    }
    field.value = '';
    if (!byId('publish-ack').checked) {
      client.transmitPublish(channel, value);
      note('publish-note', 'Sent');
      return;
    }
    note('publish-note', 'Waiting…');
    try {
      await client.publish(channel, value);
      note('publish-note', `Published to ${channel}`);
    } catch (error) {
      const own = ownPublishes.indexOf(key);
      if (own >= 0) {
        ownPublishes.splice(own, 1);
      }
      note('publish-note', textOfError(error), true);
    }
  });

  openTab(ALL);
  show(ALL);
}

const keyOf = (channel, data) => JSON.stringify([channel, data]);
