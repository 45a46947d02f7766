// JSON for the eye: parsed, laid out and coloured, as DOM nodes. Text goes in
// as text, never as markup.

const TOKEN = /("(?:\\.|[^"\\])*")(\s*:)?|\b(true|false|null)\b|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)/g;

/** A fragment with `text` (JSON) in colours; what is no JSON comes out plain. */
export function coloured(text) {
  const fragment = document.createDocumentFragment();
  let end = 0;
  for (const match of text.matchAll(TOKEN)) {
    fragment.append(text.slice(end, match.index));
    const [all, string, colon, word] = match;
    const kind = string ? (colon ? 'key' : 'string') : word ? 'word' : 'number';
    const token = document.createElement('span');
    token.className = `json-${kind}`;
    token.textContent = string ?? all;
    fragment.append(token, colon ?? '');
    end = match.index + all.length;
  }
  fragment.append(text.slice(end));
  return fragment;
}

/** One line of JSON with a little air in it: {"a": 1, "b": [2, 3]}. */
export function oneLine(value) {
  if (value === undefined) {
    return '';
  }
  return JSON.stringify(value, null, 1).replaceAll(/\n\s*/g, (gap, at, text) => {
    const before = text[at - 1];
    const after = text[at + gap.length];
    return before === '{' || before === '[' || after === '}' || after === ']' ? '' : ' ';
  });
}

/** JSON over several lines. */
export function laidOut(value) {
  return value === undefined ? '' : JSON.stringify(value, null, 2);
}

/** Reads the data field of a form: empty is no data at all. Throws on bad JSON. */
export function parseData(text) {
  return text.trim() === '' ? undefined : JSON.parse(text);
}

/** A message box takes JSON or plain text; the answer says which it was. */
export function parseMessage(text) {
  try {
    return {value: JSON.parse(text), isJSON: true};
  } catch {
    return {value: text, isJSON: false};
  }
}
