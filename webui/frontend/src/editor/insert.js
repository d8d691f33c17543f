// Puts a step between an element and the one that follows, without pointing: makes room, draws it on
// the way between them.

const GAP = 160; // pixels of room for a step with its arrows
const HALF_STEP = { width: 50, height: 40 };

/** Return the new step, or nothing when the element does not have exactly one way on. */
export function insertBehind(modeler, element) {
  const ways = (element?.outgoing ?? []).filter((flow) => flow.type === 'bpmn:SequenceFlow');
  const flow = element?.type === 'bpmn:SequenceFlow' ? element : ways.length === 1 ? ways[0] : null;
  if (!flow) return null;
  const { source } = flow;
  makeRoom(modeler, source);
  const position = {
    x: source.x + source.width + GAP / 2 - 5 + HALF_STEP.width / 2,
    y: Math.round(source.y + source.height / 2),
  };
  const shape = modeler.get('elementFactory').createShape({ type: 'bpmn:UserTask' });
  return modeler.get('modeling').createShape(shape, position, flow);
}

function makeRoom(modeler, source) {
  const registry = modeler.get('elementRegistry');
  const start = source.x + source.width + 1;
  const all = registry.filter((one) => one.parent);
  const { movingShapes, resizingShapes } = modeler.get('spaceTool').calculateAdjustments(all, 'x', GAP, start);
  modeler.get('modeling').createSpace(movingShapes, resizingShapes, { x: GAP, y: 0 }, 'e', start);
}
