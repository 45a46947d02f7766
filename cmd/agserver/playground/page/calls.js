// Calls: invoke and transmit, and what came back. The server's own transmits
// and calls appear here as well.

import {byId, element, note, textOfError, timeOf, Log} from './dom.js';
import {coloured, oneLine, parseData} from './json.js';

const KEPT = 200;

export function startCalls(client) {
  const log = new Log(byId('calls-log'), KEPT);
  const dataField = byId('call-data');
  const form = byId('call-form');
  // Made now, whenever it is shown: a row carries the time of its call.
  const addNow = (node) => log.add(() => node);

  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const name = byId('call-name').value.trim();
    let data;
    try {
      data = parseData(dataField.value);
    } catch {
      note('call-note', 'The data is not valid JSON', true);
      dataField.focus();
      return;
    }
    if (name === '') {
      note('call-note', 'A call needs a name', true);
      byId('call-name').focus();
      return;
    }
    note('call-note', '');
    if (form.elements['call-kind'].value === 'transmit') {
      client.transmit(name, data);
      addNow(row('transmit', name, data, 'sent'));
    } else {
      invoke(name, data);
    }
    log.toEnd();
  });

  async function invoke(name, data) {
    const pending = row('invoke', name, data, 'waiting');
    addNow(pending);
    const outcome = pending.querySelector('.outcome');
    const start = performance.now();
    try {
      const answer = await client.invoke(name, data);
      outcome.className = 'outcome good';
      outcome.replaceChildren(answer === undefined ? 'done, no data' : coloured(oneLine(answer)));
    } catch (error) {
      outcome.className = 'outcome bad';
      outcome.textContent = textOfError(error);
    }
    pending.querySelector('.took').textContent = `${(performance.now() - start).toFixed(1)} ms`;
    log.toEnd();
  }

  dataField.addEventListener('input', () => {
    try {
      parseData(dataField.value);
      note('call-note', '');
    } catch {
      note('call-note', 'Not yet valid JSON', true);
    }
  });
  dataField.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      form.requestSubmit();
    }
  });
  byId('calls-clear').addEventListener('click', () => log.clear());

  client.on('transmit', ({event, data}) => addNow(row('received', event, data, '')));
  client.on('raw', ({data}) => addNow(row('raw', '', typeof data === 'string' ? data : `${data.byteLength} bytes`, '')));
}

/** One call: what was sent in the first line, what became of it in the second. */
function row(kind, name, data, outcome) {
  return element('li', {className: `call ${kind}`},
    element('div', {className: 'call-head'},
      element('span', {className: `kind ${kind}`, textContent: kind}),
      element('strong', {className: 'mono', textContent: name}),
      element('span', {className: 'took'}),
      element('time', {textContent: timeOf(Date.now())})),
    element('div', {className: 'mono clip'}, coloured(oneLine(data))),
    outcome === '' ? '' : element('div', {className: 'outcome', textContent: outcome}));
}
