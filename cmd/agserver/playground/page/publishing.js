// Publishing: text or JSON, with or without an acknowledgement.

import {byId, note, textOfError} from './dom.js';
import {parseMessage} from './json.js';

/**
 * What this page has published and not yet seen come back: a publication does
 * not say who sent it.
 */
export class OwnPublishes {
  static #LIMIT = 100;
  #keys = [];

  add(channel, data) {
    this.#keys.push(keyOf(channel, data));
    this.#keys.splice(0, this.#keys.length - OwnPublishes.#LIMIT);
  }

  /** Whether this is one of them; it is not any more. */
  take(channel, data) {
    const index = this.#keys.indexOf(keyOf(channel, data));
    if (index >= 0) {
      this.#keys.splice(index, 1);
    }
    return index >= 0;
  }

  clear() {
    this.#keys.length = 0;
  }
}

const keyOf = (channel, data) => JSON.stringify([channel, data]);

export function startPublishing(client, own) {
  const channelField = byId('publish-channel');
  const dataField = byId('publish-data');

  dataField.addEventListener('input', () => {
    const text = dataField.value;
    note('publish-note', text === '' ? '' : parseMessage(text).isJSON ? 'goes out as JSON' : 'goes out as text');
  });

  byId('publish-form').addEventListener('submit', (event) => {
    event.preventDefault();
    if (channelField.value === '' || dataField.value === '') {
      (channelField.value === '' ? channelField : dataField).focus();
      return;
    }
    const {value} = parseMessage(dataField.value);
    dataField.value = '';
    publish(channelField.value, value);
  });

  async function publish(channel, value) {
    if (client.channels.get(channel) === 'subscribed') {
      own.add(channel, value);
    }
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
      own.take(channel, value);
      note('publish-note', textOfError(error), true);
    }
  }

  client.on('close', () => own.clear());
}
