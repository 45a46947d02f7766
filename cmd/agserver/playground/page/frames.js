// What a frame is: its kind, its name, its size, and to which call an answer
// belongs. It knows the protocol and nothing of the page.

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Calls that are remembered while they wait for their answer. */
const MAX_CALLS = 1000;

export class FrameReader {
  #calls = new Map(); // 'in 7' or 'out 7' → {name, time}
  #ping;
  #pong;

  constructor(protocolVersion) {
    [this.#ping, this.#pong] = protocolVersion === 1 ? ['#1', '#2'] : ['', ''];
  }

  /**
   * Describes a frame: {kind, name, id, took, text, packet, size}. `kind` is one
   * of ping, pong, invoke, transmit, publish, answer, error, batch, raw, binary;
   * `id` the number of the call; `took` the milliseconds from it to this answer.
   */
  read({direction, data, time}) {
    const isBinary = typeof data !== 'string';
    const text = isBinary ? decoder.decode(data) : data;
    const size = isBinary ? data.byteLength : encoder.encode(data).length;
    if (!isBinary && direction === 'in' && data === this.#ping) {
      return {kind: 'ping', name: '', text, size};
    }
    if (!isBinary && direction === 'out' && data === this.#pong) {
      return {kind: 'pong', name: '', text, size};
    }
    let packet;
    try {
      packet = JSON.parse(text);
    } catch {
      return {kind: isBinary ? 'binary' : 'raw', name: '', text, size};
    }
    return {...this.#classify(packet, direction, time), text, packet, size};
  }

  #classify(packet, direction, time) {
    if (Array.isArray(packet)) {
      const parts = packet.map((element) => this.#classify(element, direction, time));
      return {kind: 'batch', name: `${packet.length} packets: ${parts.map((part) => part.name || part.kind).join(', ')}`};
    }
    if (typeof packet?.event === 'string') {
      const isPublish = packet.event === '#publish';
      const name = isPublish ? String(packet.data?.channel) : packet.event;
      if (typeof packet.cid === 'number') {
        this.#remember(`${direction} ${packet.cid}`, {name: packet.event, time});
        return {kind: isPublish ? 'publish' : 'invoke', name, id: packet.cid};
      }
      return {kind: isPublish ? 'publish' : 'transmit', name};
    }
    if (typeof packet?.rid === 'number') {
      const key = `${direction === 'in' ? 'out' : 'in'} ${packet.rid}`;
      const call = this.#calls.get(key);
      this.#calls.delete(key);
      return {
        kind: packet.error ? 'error' : 'answer',
        name: call?.name ?? '',
        id: packet.rid,
        took: call ? time - call.time : undefined,
      };
    }
    return {kind: 'raw', name: ''};
  }

  #remember(key, call) {
    this.#calls.set(key, call);
    if (this.#calls.size > MAX_CALLS) {
      this.#calls.delete(this.#calls.keys().next().value);
    }
  }

  /** A new connection counts its calls anew. */
  reset() {
    this.#calls.clear();
  }
}
