// Plays forms in form-js and prints what it would submit: one JSON case per line in, one answer out.
import { createRequire } from 'node:module';
import readline from 'node:readline';

const require = createRequire(new URL('../../webui/frontend/package.json', import.meta.url));
const { JSDOM } = require('jsdom');
const { window } = new JSDOM('<!doctype html><body></body>', { pretendToBeVisual: true });
for (const name of ['document', 'KeyboardEvent', 'Event', 'Node', 'Element', 'HTMLElement', 'DOMParser', 'HTMLCollection', 'NodeList', 'DataTransfer', 'MutationObserver', 'SVGElement', 'getComputedStyle']) {
  if (window[name]) globalThis[name] = window[name];
}
globalThis.window = window;
Object.defineProperty(globalThis, 'navigator', { value: window.navigator, configurable: true });
globalThis.requestAnimationFrame = (call) => setTimeout(call, 0);
globalThis.cancelAnimationFrame = clearTimeout;
console.warn = () => {};

const { Form } = require('@bpmn-io/form-js-viewer');
const rest = () => new Promise((done) => setTimeout(done, 0));

/** Wait until form-js has drawn, and computed what depends on what. */
async function settle(form) {
  let before = '';
  for (let round = 0; round < 20; round += 1) {
    await rest();
    await rest();
    const now = JSON.stringify(form._getState().data) + form.get('formFieldInstanceRegistry').getAll().length;
    if (now === before && round > 1) return;
    before = now;
  }
}

async function play({ schema, data, posted }) {
  const container = document.createElement('div');
  document.body.append(container);
  const form = new Form({ container, debounce: 0 });
  try {
    await form.importSchema(schema, data);
    await settle(form);
    form._setState({ data: { ...form._getState().data, ...posted } });
    await settle(form);
    const { data: submitted, errors } = form.submit();
    return { data: submitted, errors };
  } catch (error) {
    return { failed: String(error.stack) };
  } finally {
    form.destroy();
    container.remove();
  }
}

for await (const line of readline.createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await play(JSON.parse(line)))}\n`);
}
process.exit(0);
