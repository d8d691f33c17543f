// Shows a diagram with the travelled path of a case. Without scripts the list beside it says the same.
import 'bpmn-js/dist/assets/diagram-js.css';
import 'bpmn-js/dist/assets/bpmn-js.css';
import './diagram.css';
import NavigatedViewer from 'bpmn-js/lib/NavigatedViewer';
import { badge, fit, read, steer } from './canvas.js';

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

/** The words for the current step, as the page gives them. */
function here(viewer) {
  return viewer.get('canvas').getContainer().closest('[data-diagram-url]').dataset.here;
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
