// The library takes the collection of a repeated step for a reference to an element, finds none, and
// would write nothing. A stand-in with the name as its id is written as it was read.

const REPEATED = 'bpmn:MultiInstanceLoopCharacteristics';
const NAMES = new Set(['bpmn:loopDataInputRef', 'bpmn:loopDataOutputRef']);

/** Put the names back that an import could not resolve; return the warnings that remain. */
export function restoreNames(moddle, warnings) {
  return warnings.filter(({ element, property, value }) => {
    if (!NAMES.has(property) || !element?.$instanceOf(REPEATED)) return true;
    element.set(property, standIn(moddle, value));
    return false;
  });
}

/** Return what stands for a variable where the library expects an element. */
export function standIn(moddle, name) {
  return name ? moddle.create('bpmn:DataInput', { id: name }) : undefined;
}
