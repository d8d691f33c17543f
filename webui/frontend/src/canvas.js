// What every drawing on a page does: fill its box, move and zoom by keyboard, carry small words.

const PAN_STEP = 60; // pixels per arrow key
const ZOOM_STEP = 0.5;
const MARGIN = 0.94; // share of the box that the drawing fills

/** Return what an address answers; `kind` is text or json. */
export async function read(url, kind) {
  const answer = await fetch(url, { credentials: 'same-origin' });
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
  return answer[kind]();
}

/** Return a small piece of text that stands on a drawing. */
export function badge(name, text) {
  const element = document.createElement('span');
  element.className = name;
  element.textContent = text;
  return element;
}

/** Show the whole drawing in the middle, in one move: a second zoom would start from stale numbers. */
export function fit(viewer) {
  const canvas = viewer.get('canvas');
  const { inner, outer } = canvas.viewbox();
  const scale = MARGIN * Math.min(1, outer.width / inner.width, outer.height / inner.height);
  const [width, height] = [outer.width / scale, outer.height / scale];
  const [x, y] = [inner.x + (inner.width - width) / 2, inner.y + (inner.height - height) / 2];
  canvas.viewbox({ x, y, width, height });
}

/** Let the keyboard move (arrows), zoom (+ and -) and fit (0) the drawing while it has the focus. */
export function steer(element, viewer) {
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
