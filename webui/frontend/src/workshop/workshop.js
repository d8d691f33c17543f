// Draws diagrams with marks: what changed, where cases stand, tokens of a play, what scenarios went.
// A box gives data-drawing-url, data-drawing (its id) and data-marks: {element: {mark, words, here}}.
// Every mark is a colour and words; the list beside the drawing says the same without scripts.
import 'bpmn-js/dist/assets/diagram-js.css';
import 'bpmn-js/dist/assets/bpmn-js.css';
import './workshop.css';
import NavigatedViewer from 'bpmn-js/lib/NavigatedViewer';
import { badge, fit, read, steer } from '../canvas.js';

const NEAR_ZOOM = 0.75; // a label can still be read
const CHOSEN = 'is-chosen';
const READABLE = { min: 0.6, max: 1.2 }; // words on a drawing shrink less than the drawing

const boxes = [...document.querySelectorAll('[data-drawing-url]')];
const drawn = (await Promise.all(boxes.map(draw))).filter(Boolean);
const together = drawn.filter(({ box }) => box.closest('[data-side-by-side]'));
if (together.length === 2) moveTogether(...together.map(({ viewer }) => viewer.get('canvas')));
document.addEventListener('click', chooseByWords);
for (const { box, viewer } of drawn) viewer.on('element.click', ({ element }) => chooseWords(box, element.id));
const first = boxes.map((box) => box.dataset.chosen).find(Boolean);
if (first) choose(boxes[0].dataset.drawing, first);
// For scripts that wait: everything is drawn and chosen.
document.documentElement.dataset.drawings = 'ready';

/** Draw one diagram with its marks; hide the drawing again when it fails. */
async function draw(box) {
  try {
    const xml = await read(box.dataset.drawingUrl, 'text');
    // The viewer measures its box, so the box must be there before it draws.
    box.classList.add('is-drawn');
    const viewer = new NavigatedViewer({ container: box });
    await viewer.importXML(xml);
    mark(viewer, JSON.parse(box.dataset.marks || '{}'));
    fit(viewer);
    steer(box, viewer);
    let width = box.clientWidth;
    new ResizeObserver(() => {
      if (!box.clientWidth || !box.clientHeight) return;
      viewer.get('canvas').resized();
      if (box.clientWidth !== width) fit(viewer);
      width = box.clientWidth;
    }).observe(box);
    box.dataset.state = 'drawn';
    return { box, viewer };
  } catch (error) {
    box.classList.remove('is-drawn');
    box.dataset.state = 'failed';
    console.error('The drawing cannot be shown; the list beside it says the same.', error);
    return null;
  }
}

function mark(viewer, marks) {
  const registry = viewer.get('elementRegistry');
  const canvas = viewer.get('canvas');
  const overlays = viewer.get('overlays');
  for (const [id, { mark: name, words, here }] of Object.entries(marks)) {
    const shape = registry.get(id);
    if (!shape) continue;
    if (name) canvas.addMarker(id, `mark-${name}`);
    // On a line there is room for a sign only.
    const said = shape.waypoints ? words?.split(' ')[0] : words;
    const position = shape.waypoints ? middle(shape.waypoints) : { top: -12, left: 0 };
    if (said) overlays.add(id, { position, scale: READABLE, html: badge(`mark-words mark-words--${name}`, said) });
    if (here) overlays.add(id, { position: { bottom: 2, right: 34 }, scale: READABLE, html: badge('mark-here', here) });
  }
}

/** Return where the middle of a line is, from the corner of the box around it. */
function middle(points) {
  const [one, other] = points.slice(Math.floor((points.length - 1) / 2));
  const left = (one.x + other.x) / 2 - Math.min(...points.map(({ x }) => x)) - 10;
  const top = (one.y + other.y) / 2 - Math.min(...points.map(({ y }) => y)) - 10;
  return { top, left };
}

/** Let two drawings show the same part, whichever is moved. */
function moveTogether(one, other) {
  let moving = false;
  const follow = (from, to) => () => {
    if (moving) return;
    moving = true;
    const { x, y, width, height } = from.viewbox();
    to.viewbox({ x, y, width, height });
    moving = false;
  };
  one._eventBus.on('canvas.viewbox.changed', follow(one, other));
  other._eventBus.on('canvas.viewbox.changed', follow(other, one));
}

function chooseByWords(event) {
  const words = event.target.closest('[data-element]');
  if (!words || !choose(words.dataset.drawing, words.dataset.element)) return;
  event.preventDefault();
  tell(words);
}

/** Select an element on every drawing that has it; say whether one has. */
function choose(drawing, id) {
  const found = drawn.filter(({ box, viewer }) => box.dataset.drawing === drawing && viewer.get('elementRegistry').get(id));
  for (const { viewer } of drawn) {
    const registry = viewer.get('elementRegistry');
    registry.filter((shape) => viewer.get('canvas').hasMarker(shape, CHOSEN)).forEach((shape) => viewer.get('canvas').removeMarker(shape, CHOSEN));
  }
  for (const { viewer } of found) {
    viewer.get('canvas').addMarker(id, CHOSEN);
    center(viewer, viewer.get('elementRegistry').get(id));
  }
  if (found.length) found[0].box.scrollIntoView({ block: 'nearest' });
  return found.length > 0;
}

function center(viewer, shape) {
  const canvas = viewer.get('canvas');
  const { width, height } = canvas.getSize();
  const scale = Math.max(canvas.zoom(), NEAR_ZOOM);
  const point = shape.waypoints ? shape.waypoints[0] : { x: shape.x + shape.width / 2, y: shape.y + shape.height / 2 };
  canvas.viewbox({ x: point.x - width / scale / 2, y: point.y - height / scale / 2, width: width / scale, height: height / scale });
}

function chooseWords(box, id) {
  const words = [...document.querySelectorAll('[data-element]')].find(
    (one) => one.dataset.drawing === box.dataset.drawing && one.dataset.element === id,
  );
  if (!words) return;
  choose(box.dataset.drawing, id);
  tell(words);
  words.scrollIntoView({ block: 'nearest' });
}

function tell(words) {
  document.querySelectorAll('[data-element][aria-current]').forEach((one) => one.removeAttribute('aria-current'));
  words.setAttribute('aria-current', 'true');
}
