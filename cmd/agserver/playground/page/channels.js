// Channels: subscribe and unsubscribe, and the messages of each channel in a
// tab of its own.

import {byId, element, note, textOfError, timeOf, Log} from './dom.js';
import {coloured, oneLine} from './json.js';
import {OwnPublishes, startPublishing} from './publishing.js';

const KEPT = 300; // messages of a channel; a busy one is not to push out the others'
const SHOWN = 1000; // messages of all channels
const ALL = ''; // the tab with the messages of all channels

export function startChannels(client) {
  const own = new OwnPublishes();
  const tabs = new Tabs(client);

  const subscribe = (name) => {
    tabs.open(name);
    client.subscribe(name);
    tabs.show(name);
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
  byId('unsubscribe-button').addEventListener('click', () => client.unsubscribe(tabs.shown));

  client.on('subscribe', () => tabs.draw());
  client.on('close', () => tabs.draw());
  client.on('unsubscribe', ({channel}) => tabs.close(channel));
  client.on('subscribeFail', ({channel, error}) => {
    tabs.close(channel);
    note('publish-note', `${channel}: ${textOfError(error)}`, true);
  });
  client.on('kickOut', ({channel, message}) => {
    note('publish-note', `Kicked out of ${channel}${message ? `: ${message}` : ''}`, true);
  });
  client.on('message', ({channel, data}) => {
    tabs.add({channel, data, time: Date.now(), isOwn: own.take(channel, data)});
  });
  startPublishing(client, own);
}

/** The tabs, and the messages of the one that is shown. */
class Tabs {
  shown = ALL;

  #client;
  #list = byId('channel-tabs');
  #log = new Log(byId('messages'), SHOWN);
  #tabs = new Map(); // channel → {button, unread}
  #messages = []; // {channel, data, time, isOwn}, oldest first

  constructor(client) {
    this.#client = client;
    this.#list.addEventListener('keydown', (event) => this.#onKey(event));
    this.open(ALL);
    this.show(ALL);
  }

  open(name) {
    if (this.#tabs.has(name)) {
      return;
    }
    const button = element('button', {type: 'button', className: 'tab', role: 'tab'},
      element('span', {className: name === ALL ? '' : 'mono', textContent: name === ALL ? 'All' : name}),
      element('span', {className: 'count', ariaHidden: 'true'}));
    button.setAttribute('aria-controls', 'channel-panel');
    button.addEventListener('click', () => this.show(name));
    this.#tabs.set(name, {button, unread: 0});
    this.#list.append(button);
    this.draw();
  }

  close(name) {
    this.#tabs.get(name)?.button.remove();
    this.#tabs.delete(name);
    this.show(this.shown === name ? ALL : this.shown);
  }

  show(name) {
    this.shown = name;
    for (const [channel, tab] of this.#tabs) {
      if (name === ALL || channel === name) {
        tab.unread = 0;
      }
    }
    this.#log.replace(this.#messages.filter((message) => this.#isShown(message)).map((message) => () => rowOf(message)));
    this.#log.list.classList.toggle('single', name !== ALL);
    this.#log.list.dataset.empty = this.#tabs.size > 1 ? 'No messages yet.' : '';
    if (name !== ALL) {
      byId('publish-channel').value = name;
    }
    this.draw();
  }

  /** Brings the tabs up to date with their channels' states and unread messages. */
  draw() {
    byId('channels-empty').hidden = this.#tabs.size > 1;
    byId('unsubscribe-button').disabled = this.shown === ALL;
    const {channels} = this.#client;
    for (const [name, {button, unread}] of this.#tabs) {
      const isShown = name === this.shown;
      button.dataset.state = name === ALL ? 'subscribed' : channels.get(name) ?? 'pending';
      button.setAttribute('aria-selected', String(isShown));
      button.tabIndex = isShown ? 0 : -1;
      button.querySelector('.count').textContent = unread > 99 ? '99+' : unread || '';
    }
  }

  add(message) {
    this.#keep(message);
    if (this.#isShown(message)) {
      this.#log.add(() => rowOf(message));
    } else if (this.#tabs.has(message.channel)) {
      this.#tabs.get(message.channel).unread++;
      this.draw();
    }
  }

  #isShown({channel}) {
    return this.shown === ALL || this.shown === channel;
  }

  #keep(message) {
    this.#messages.push(message);
    const ofChannel = this.#messages.filter(({channel}) => channel === message.channel);
    if (ofChannel.length > KEPT) {
      this.#messages.splice(this.#messages.indexOf(ofChannel[0]), 1);
    } else if (this.#messages.length > SHOWN) {
      this.#messages.shift();
    }
  }

  /** Arrows go from tab to tab, Delete unsubscribes. */
  #onKey(event) {
    const step = {ArrowRight: 1, ArrowLeft: -1}[event.key];
    if (step) {
      event.preventDefault();
      const names = [...this.#tabs.keys()];
      this.show(names[(names.indexOf(this.shown) + step + names.length) % names.length]);
    } else if (event.key === 'Delete' && this.shown !== ALL) {
      this.#client.unsubscribe(this.shown);
    } else {
      return;
    }
    this.#tabs.get(this.shown).button.focus();
  }
}

function rowOf({channel, data, time, isOwn}) {
  return element('li', {className: isOwn ? 'message own' : 'message'},
    element('span', {className: 'channel mono', textContent: channel}),
    typeof data === 'string'
      ? element('div', {className: 'body', textContent: data})
      : element('div', {className: 'body mono'}, coloured(oneLine(data) || 'no data')),
    element('div', {},
      isOwn ? element('span', {className: 'own-tag', textContent: 'you'}) : '',
      element('time', {textContent: timeOf(time)})));
}
