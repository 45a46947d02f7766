// What the parts of the page share: finding and making elements, bounded logs.

/** The element with this id. */
export const byId = (id) => document.getElementById(id);

/** A new element: element('p', {className: 'note'}, 'text', child). */
export function element(name, properties = {}, ...children) {
  const node = Object.assign(document.createElement(name), properties);
  node.append(...children);
  return node;
}

const clock = new Intl.DateTimeFormat('en-GB', {
  hour: '2-digit', minute: '2-digit', second: '2-digit', fractionalSecondDigits: 3,
});

/** 14:03:22.123 */
export const timeOf = (time) => clock.format(time);

/** 512 B, 1.4 kB */
export function sizeOf(bytes) {
  return bytes < 1000 ? `${bytes} B` : `${(bytes / 1000).toFixed(bytes < 10_000 ? 1 : 0)} kB`;
}

/** How an error reads in one line; the server may throw any JSON value. */
export function textOfError(error) {
  return error instanceof Error ? `${error.name}: ${error.message}` : JSON.stringify(error);
}

/** Puts a text under a form. Its line is always there, so nothing moves. */
export function note(id, text, isError = false) {
  const node = byId(id);
  node.textContent = text;
  node.title = text; // for where the line is cut
  node.classList.toggle('bad', isError);
}

/**
 * A list that keeps its newest `limit` rows and follows its end, unless the
 * reader has scrolled away from it. A row is given as a function that makes it:
 * rows that come fast are added together, so that the page is laid out once for
 * all of them, and those that would be dropped at once are never made.
 */
export class Log {
  #coming = [];
  #isScheduled = false;
  #goesToEnd = false;

  constructor(list, limit) {
    this.list = list;
    this.limit = limit;
  }

  add(makeRow) {
    this.#coming.push(makeRow);
    if (this.#coming.length > this.limit) {
      this.#coming.shift();
    }
    this.#schedule();
  }

  /** Scrolls to the end even if the reader was elsewhere. */
  toEnd() {
    this.#goesToEnd = true;
    this.#schedule();
  }

  /** Shows these rows in place of all others. */
  replace(makers) {
    this.clear();
    this.#coming = makers.slice(-this.limit);
    this.toEnd();
  }

  clear() {
    this.#coming = [];
    this.list.replaceChildren();
  }

  #schedule() {
    if (!this.#isScheduled) {
      this.#isScheduled = true;
      setTimeout(() => this.#flush());
    }
  }

  #flush() {
    const {list} = this;
    const follows = this.#goesToEnd || list.scrollHeight - list.scrollTop - list.clientHeight < 40;
    this.#isScheduled = false;
    this.#goesToEnd = false;
    list.append(...this.#coming.splice(0).map((makeRow) => makeRow()));
    while (list.childElementCount > this.limit) {
      list.firstElementChild.remove();
    }
    if (follows) {
      list.scrollTop = list.scrollHeight;
    }
  }
}
