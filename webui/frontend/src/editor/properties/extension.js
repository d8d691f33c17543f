// Reads and writes what stands in the extension elements of a step. Each write is one command, so
// that it is one step of undo.
import { getBusinessObject } from 'bpmn-js/lib/util/ModelUtil';

const PREFIX = 'spiffworkflow';
const SEVERAL = 'properties-panel.multi-command-executor';

/** Return the extension element of a kind, for example `ServiceTaskOperator`. */
export function extension(object, kind) {
  return object.get('extensionElements')?.get('values')?.find((one) => one.$type === `${PREFIX}:${kind}`);
}

/** Return one of our settings (`spiffworkflow:property`); empty when it is not there. */
export function setting(object, name) {
  return pair(object, name)?.get('value') ?? '';
}

function pair(object, name) {
  return extension(object, 'Properties')?.get('properties').find((one) => one.get('name') === name);
}

/** Write one of our settings; an empty value takes it away, and with the last one their frame. */
export function writeSetting(services, element, name, value) {
  const object = getBusinessObject(element);
  const known = pair(object, name);
  if (known && value) return write(services, element, known, { value });
  const others = (extension(object, 'Properties')?.get('properties') ?? []).filter((one) => one !== known);
  const properties = value ? [...others, create(services, 'Property', { name, value })] : others;
  return writeExtension(services, element, 'Properties', properties.length ? { properties } : null);
}

/** Write an extension element, or take it away with null. */
export function writeExtension(services, element, kind, values) {
  const object = getBusinessObject(element);
  const frame = object.get('extensionElements');
  const known = extension(object, kind);
  if (known && values) return write(services, element, known, values);
  if (!known && !values) return undefined;
  const commands = [];
  const put = (moddleElement, properties) =>
    commands.push({ cmd: 'element.updateModdleProperties', context: { element, moddleElement, properties } });
  if (known) {
    const rest = frame.get('values').filter((one) => one !== known);
    if (rest.length) put(frame, { values: rest });
    else put(object, { extensionElements: undefined });
  } else {
    const holder = frame ?? services.bpmnFactory.create('bpmn:ExtensionElements', { values: [] });
    if (!frame) {
      holder.$parent = object;
      put(object, { extensionElements: holder });
    }
    const made = create(services, kind, values);
    made.$parent = holder;
    put(holder, { values: [...holder.get('values'), made] });
  }
  return services.commandStack.execute(SEVERAL, commands);
}

export function create(services, kind, values) {
  const made = services.bpmnFactory.create(`${PREFIX}:${kind}`, values);
  for (const inside of Object.values(values).flat()) if (inside?.$type) inside.$parent = made;
  return made;
}

/** Write attributes of an element of the model. */
export function write(services, element, moddleElement, properties) {
  for (const inside of Object.values(properties).flat()) {
    if (inside?.$type && !inside.$parent) inside.$parent = moddleElement;
  }
  services.commandStack.execute('element.updateModdleProperties', { element, moddleElement, properties });
}
