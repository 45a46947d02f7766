// The wire: every frame, in order, with a filter, a pause and a bound.

import {byId, element, sizeOf, timeOf, Log} from './dom.js';
import {coloured, laidOut} from './json.js';
import {FrameReader} from './frames.js';

const KEPT = 500;
const ARROW = {in: '↓', out: '↑'};
const SAID = {in: 'received', out: 'sent'};

export function startWire(client, protocolVersion) {
  const reader = new FrameReader(protocolVersion);
  const log = new Log(byId('frames'), KEPT);
  const pause = byId('wire-pause');
  const filter = byId('wire-filter');
  const kept = []; // frames, oldest first, at most KEPT
  const totals = {in: {frames: 0, bytes: 0}, out: {frames: 0, bytes: 0}};
  let held = null; // frames that came during a pause; null when there is none

  const isWanted = ({direction, kind, name, text}) => {
    const wanted = document.querySelector('input[name="direction"]:checked').value;
    const words = filter.value.trim().toLowerCase();
    return (wanted === 'all' || wanted === direction)
      && (byId('wire-pings').checked || (kind !== 'ping' && kind !== 'pong'))
      && (words === '' || `${kind} ${name} ${text}`.toLowerCase().includes(words));
  };

  const showTotals = () => {
    const part = (direction) => `${ARROW[direction]} ${totals[direction].frames} · ${sizeOf(totals[direction].bytes)}`;
    byId('wire-totals').replaceChildren(
      element('span', {className: 'in', textContent: part('in')}),
      element('span', {className: 'out', textContent: part('out')}));
  };

  const keep = (frame) => {
    kept.push(frame);
    if (kept.length > KEPT) {
      kept.shift();
    }
    if (isWanted(frame)) {
      log.add(() => rowOf(frame));
    }
  };

  const showAll = () => log.replace(kept.filter(isWanted).map((frame) => () => rowOf(frame)));

  client.on('frame', (event) => {
    const frame = {...event, ...reader.read(event)};
    totals[frame.direction].frames++;
    totals[frame.direction].bytes += frame.size;
    showTotals();
    if (held === null) {
      keep(frame);
      return;
    }
    held.push(frame);
    if (held.length > KEPT) {
      held.shift();
    }
    pause.textContent = `Resume (${held.length < KEPT ? held.length : `${KEPT}+`})`;
  });
  client.on('close', () => reader.reset());

  pause.addEventListener('click', () => {
    const isPaused = held === null;
    const missed = held ?? [];
    held = isPaused ? [] : null;
    pause.setAttribute('aria-pressed', String(isPaused));
    pause.textContent = isPaused ? 'Resume' : 'Pause';
    missed.forEach(keep);
    log.toEnd();
  });
  byId('wire-clear').addEventListener('click', () => {
    kept.length = 0;
    if (held !== null) {
      held.length = 0;
      pause.textContent = 'Resume';
    }
    log.clear();
  });
  filter.addEventListener('input', showAll);
  for (const input of document.querySelectorAll('input[name="direction"], #wire-pings')) {
    input.addEventListener('change', showAll);
  }
  showTotals();
}

/** A frame in one line; opened, the packet laid out. */
function rowOf({direction, kind, name, id, took, text, packet, size, time}) {
  const summary = element('summary', {className: 'frame-line'},
    element('span', {className: 'arrow', textContent: ARROW[direction], ariaHidden: 'true'}),
    element('span', {className: 'hidden', textContent: SAID[direction]}),
    element('time', {textContent: timeOf(time)}),
    element('span', {className: `kind ${kind}`, textContent: kind}),
    element('span', {className: 'frame-name mono'}, name, element('span', {
      textContent: (id === undefined ? '' : ` · ${id}`) + (took === undefined ? '' : ` · ${took} ms`)})),
    element('span', {className: 'size', textContent: sizeOf(size)}),
    element('span', {className: 'frame-text mono', textContent: text.length > 400 ? `${text.slice(0, 400)}…` : text || '(empty)'}));
  const details = element('details', {}, summary);
  // The inside is made when it is first looked at: most frames never are.
  details.addEventListener('toggle', () => {
    if (details.open && details.childElementCount === 1) {
      details.append(element('pre', {className: 'code', tabIndex: 0},
        packet === undefined ? text || '(empty)' : coloured(laidOut(packet))));
    }
  });
  return element('li', {className: `frame ${direction}`}, details);
}
