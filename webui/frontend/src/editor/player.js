// Plays a path that breaks a rule on the drawings, step by step; called processes change the drawing.
import { get } from './server.js';
import { gettext } from '../language.js';

const PACE = 1600; // milliseconds for each step when it plays by itself
const NEAR = 0.8;
const MARKERS = ['played', 'played-open', 'played-now', 'played-end'];

export class Player {
  constructor(bench) {
    this.bench = bench;
    this.root = bench.root.querySelector('[data-player]');
    this.box = this.root.querySelector('[data-player-canvas]');
    this.words = this.root.querySelector('[data-player-step]');
    this.deeds = Object.fromEntries(
      ['back', 'next', 'play', 'stop'].map((name) => [name, this.root.querySelector(`[data-deed="${name}"]`)]),
    );
    this.deeds.back.addEventListener('click', () => this.go(this.number - 1));
    this.deeds.next.addEventListener('click', () => this.go(this.number + 1));
    this.deeds.play.addEventListener('click', () => this.run());
    this.deeds.stop.addEventListener('click', () => this.stop());
    this.root.addEventListener('keydown', (event) => this.key(event));
  }

  key(event) {
    const moves = { ArrowRight: 1, ArrowLeft: -1 };
    if (event.key === 'Escape') this.stop();
    if (event.key in moves) this.go(this.number + moves[event.key]);
  }

  async play(violation, drawings) {
    this.steps = [...violation.steps, lastOf(violation)];
    this.drawings = drawings;
    this.texts = { [this.bench.path]: await this.bench.text() };
    this.file = null;
    this.root.hidden = false;
    this.bench.root.classList.add('is-playing');
    this.root.scrollIntoView({ block: 'nearest' });
    this.deeds.stop.focus();
    await this.go(0);
  }

  stop() {
    if (this.root.hidden) return;
    this.halt();
    this.root.hidden = true;
    this.bench.root.classList.remove('is-playing');
    this.viewer?.destroy();
    this.viewer = null;
  }

  run() {
    if (this.timer) return this.halt();
    this.deeds.play.textContent = gettext('Pause');
    const on = async () => {
      await this.go(this.number + 1 < this.steps.length ? this.number + 1 : 0);
      if (this.number + 1 < this.steps.length) this.timer = setTimeout(on, PACE);
      else this.halt();
    };
    this.timer = setTimeout(on, 0);
    return undefined;
  }

  halt() {
    clearTimeout(this.timer);
    this.timer = 0;
    this.deeds.play.textContent = gettext('Play');
  }

  /** Show one step; an answer for a step that is not shown any more is thrown away. */
  async go(number) {
    if (number < 0 || number >= this.steps.length) return;
    this.number = number;
    const step = this.steps[number];
    this.words.textContent = gettext('%(number)s of %(all)s: %(words)s', { number: number + 1, all: this.steps.length, words: step.sentence });
    this.limit(number);
    const file = step.file || this.file || this.bench.path;
    await this.draw(file);
    if (this.number === number && this.file === file) this.mark(number);
  }

  /** A button that cannot be pressed any more hands its focus on, so that the keys go on working. */
  limit(number) {
    const { back, next } = this.deeds;
    if (number === 0 && document.activeElement === back) next.focus();
    if (number + 1 === this.steps.length && document.activeElement === next) this.deeds.stop.focus();
    back.disabled = number === 0;
    next.disabled = number + 1 === this.steps.length;
  }

  async draw(file) {
    if (this.file === file) return;
    this.texts[file] ??= (await get(this.drawings[file])).content;
    const { default: NavigatedViewer } = await import('bpmn-js/lib/NavigatedViewer');
    this.viewer?.destroy();
    this.viewer = new NavigatedViewer({ container: this.box });
    await this.viewer.importXML(this.texts[file]);
    this.file = file;
    this.root.querySelector('[data-player-file]').textContent = file;
    this.box.querySelectorAll('svg[tabindex]').forEach((drawing) => drawing.setAttribute('tabindex', '-1'));
    this.viewer.get('canvas').zoom('fit-viewport');
  }

  mark(number) {
    const canvas = this.viewer.get('canvas');
    const registry = this.viewer.get('elementRegistry');
    registry.forEach((element) => {
      MARKERS.forEach((name) => canvas.removeMarker(element, name));
    });
    const here = (step) => (step.file === this.file ? step.elements.filter((id) => registry.get(id)) : []);
    for (const step of this.steps.slice(0, number)) here(step).forEach((id) => canvas.addMarker(id, 'played'));
    const step = this.steps[number];
    const open = step.waiting.filter((one) => one.file === this.file && registry.get(one.element)).map((one) => one.element);
    open.forEach((id) => canvas.addMarker(id, 'played-open'));
    here(step).forEach((id) => canvas.addMarker(id, step.isEnd ? 'played-end' : 'played-now'));
    const [shown] = [...here(step), ...open];
    if (shown) this.centre(registry.get(shown));
  }

  centre(shape) {
    const canvas = this.viewer.get('canvas');
    const { width, height } = canvas.getSize();
    const scale = Math.max(canvas.zoom(), NEAR);
    const x = shape.x + (shape.width || 0) / 2 - width / scale / 2;
    const y = shape.y + (shape.height || 0) / 2 - height / scale / 2;
    canvas.viewbox({ x, y, width: width / scale, height: height / scale });
  }
}

/** What is wrong, after the last step: at its element, or else where the case waits then. */
function lastOf({ sentence, file, element, steps }) {
  const before = steps[steps.length - 1];
  const waiting = before.waiting;
  const place = element ? file : waiting[0]?.file;
  return { sentence: `${sentence}.`, file: place, elements: element ? [element] : [], waiting, isEnd: true };
}
