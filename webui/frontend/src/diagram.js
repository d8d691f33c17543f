// Shows a diagram with the travelled path of a case. Without scripts the list beside it says the same.
import 'bpmn-js/dist/assets/diagram-js.css';
import 'bpmn-js/dist/assets/bpmn-js.css';
import './diagram.css';
import NavigatedViewer from 'bpmn-js/lib/NavigatedViewer';

const PAN_STEP = 60; // pixels per arrow key
const ZOOM_STEP = 0.5;
const MARGIN = 0.94; // share of the box that the drawing fills
const NEAR_ZOOM = 0.7; // a label can still be read

for (const element of document.querySelectorAll('[data-diagram-url]')) draw(element);

/** Draw the diagram of `element` and its travelled path; hide the drawing again when it fails. */
async function draw(element) {
  try {
    const [xml, path] = await Promise.all([
      read(element.dataset.diagramUrl, 'text'),
      element.dataset.pathUrl ? read(element.dataset.pathUrl, 'json') : {},
    ]);
    // The viewer measures its box, so the box must be there before it draws.
    element.classList.add('is-drawn');
    const viewer = new NavigatedViewer({ container: element });
    await viewer.importXML(xml);
    mark(viewer, path);
    show(element, viewer, path);
    steer(element, viewer);
    // Another width, for example a turned telephone: the drawing fills its box again.
    let width = element.clientWidth;
    new ResizeObserver(() => {
      // A box that is folded away has no size that a drawing could be fitted to.
      if (!element.clientWidth || !element.clientHeight) return;
      viewer.get('canvas').resized();
      if (element.clientWidth !== width) show(element, viewer, path);
      width = element.clientWidth;
    }).observe(element);
    element.dataset.state = 'drawn';
  } catch (error) {
    element.classList.remove('is-drawn');
    element.dataset.state = 'failed';
    console.error('The diagram cannot be shown; the list of steps says the same.', error);
  }
}

async function read(url, kind) {
  const answer = await fetch(url, { credentials: 'same-origin' });
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
  return answer[kind]();
}

/**
 * Mark what was visited, what is active and which flows were taken.
 * `path` is {visited: {elementId: count}, active: [elementId], flows: [flowId], closed: [id]}, the
 * last being what can no longer be reached. A step that the drawing does not know (another level of
 * the process) is left out.
 */
function mark(viewer, { visited = {}, active = [], flows = [], closed = [] }) {
  const canvas = viewer.get('canvas');
  const overlays = viewer.get('overlays');
  const registry = viewer.get('elementRegistry');
  const known = (id) => registry.get(id);
  closed.filter(known).forEach((id) => canvas.addMarker(id, 'path-closed'));
  flows.filter(known).forEach((id) => canvas.addMarker(id, 'path-taken'));
  for (const [id, count] of Object.entries(visited)) {
    if (!known(id)) continue;
    canvas.addMarker(id, 'path-visited');
    if (count > 1) overlays.add(id, { position: { top: -12, right: 14 }, html: badge('path-count', `${count}×`) });
  }
  for (const id of active.filter(known)) {
    canvas.addMarker(id, 'path-active');
    // A sub-process is active as long as a step inside it is: the words stand at the step.
    if (active.some((other) => isInside(known(other), id))) continue;
    overlays.add(id, { position: { bottom: -6, left: 0 }, html: badge('path-here', here(viewer)) });
  }
}

function isInside(shape, id) {
  for (let outer = shape?.parent; outer; outer = outer.parent) if (outer.id === id) return true;
  return false;
}

function badge(name, text) {
  const element = document.createElement('span');
  element.className = name;
  element.textContent = text;
  return element;
}

/** The words for the current step, in the page's language when the page gives them. */
function here(viewer) {
  return viewer.get('canvas').getContainer().closest('[data-diagram-url]').dataset.here || 'You are here';
}

/** Show the whole drawing in the middle, in one move: a second zoom would start from stale numbers. */
function fit(viewer) {
  const canvas = viewer.get('canvas');
  const { inner, outer } = canvas.viewbox();
  const scale = MARGIN * Math.min(1, outer.width / inner.width, outer.height / inner.height);
  const [width, height] = [outer.width / scale, outer.height / scale];
  const [x, y] = [inner.x + (inner.width - width) / 2, inner.y + (inner.height - height) / 2];
  canvas.viewbox({ x, y, width, height });
}

/** Show the whole drawing, or in a small box (data-zoom="here") the surroundings of the step. */
function show(element, viewer, { active = [] }) {
  fit(viewer);
  const shape = active.map((id) => viewer.get('elementRegistry').get(id)).find(Boolean);
  if (element.dataset.zoom !== 'here' || !shape) return;
  const canvas = viewer.get('canvas');
  const { width, height } = canvas.getSize();
  const scale = Math.max(canvas.zoom(), NEAR_ZOOM);
  const center = { x: shape.x + shape.width / 2, y: shape.y + shape.height / 2 };
  canvas.viewbox({ x: center.x - width / scale / 2, y: center.y - height / scale / 2, width: width / scale, height: height / scale });
}

/** Let the keyboard move (arrows), zoom (+ and -) and fit (0) the drawing while it has the focus. */
function steer(element, viewer) {
  const canvas = viewer.get('canvas');
  const zoom = viewer.get('zoomScroll');
  const moves = {
    ArrowLeft: () => canvas.scroll({ dx: PAN_STEP, dy: 0 }),
    ArrowRight: () => canvas.scroll({ dx: -PAN_STEP, dy: 0 }),
    ArrowUp: () => canvas.scroll({ dx: 0, dy: PAN_STEP }),
    ArrowDown: () => canvas.scroll({ dx: 0, dy: -PAN_STEP }),
    '+': () => zoom.stepZoom(ZOOM_STEP),
    '-': () => zoom.stepZoom(-ZOOM_STEP),
    0: () => fit(viewer),
  };
  if (!element.hasAttribute('tabindex')) element.tabIndex = 0;
  // The box takes the keys; the drawing inside would be a second stop that does the same.
  element.querySelectorAll('svg[tabindex]').forEach((drawing) => drawing.setAttribute('tabindex', '-1'));
  if (!element.hasAttribute('role')) element.setAttribute('role', 'application');
  element.addEventListener('keydown', (event) => {
    const move = moves[event.key];
    if (!move || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    move();
  });
}
