// The settings that steer the course: conditions, timers, messages, signals, repetition, ids.
import { is, getBusinessObject } from 'bpmn-js/lib/util/ModelUtil';
import { standIn } from '../names.js';
import { write } from './extension.js';
import { Choice, Line, Name, Text, Tick } from './entry.jsx';
import { gettext } from '../../language.js';

const SPLITS = ['bpmn:ExclusiveGateway', 'bpmn:InclusiveGateway'];
const REPEATED = 'bpmn:MultiInstanceLoopCharacteristics';
// The engine keeps these ids to itself: a step called so would silently empty the process.
const RESERVED = /^(Start|End|.*\.EndJoin)$/;
const ID = /^[A-Za-z_][\w.-]*$/;

/** Return the field of the id; a reserved or doubled one is refused where it is typed. */
export function idField(element) {
  const object = getBusinessObject(element);
  return {
    id: 'id',
    component: Line,
    label: is(element, 'bpmn:Participant') ? gettext('Id of the pool') : gettext('Id'),
    read: () => object.get('id') ?? '',
    save: ({ modeling }, value) => modeling.updateProperties(element, { id: value }),
    refuse: (value) => refusedId(object, value),
  };
}

/** Return why an id cannot be used, or nothing. */
export function refusedId(object, value) {
  if (!value) return gettext('Give it an id, such as check_source.');
  if (!ID.test(value)) return gettext('An id has letters, digits and underscores, and begins with a letter.');
  if (RESERVED.test(value)) return gettext('The engine keeps the id %(value)s to itself; use another one.', { value });
  const holder = object.$model.ids.assigned(value);
  return holder && holder !== object ? gettext('Another element has the id %(value)s; use another one.', { value }) : null;
}

/** Return the fields of a flow that leaves a gateway. */
export function flowFields(element) {
  const flow = getBusinessObject(element);
  const gateway = flow.get('sourceRef');
  if (!SPLITS.some((kind) => is(gateway, kind)) || gateway.get('outgoing').length < 2) return [];
  const isDefault = () => gateway.get('default') === flow;
  return [
    {
      id: 'isDefault',
      component: Tick,
      label: gettext('Taken when no other condition holds'),
      read: isDefault,
      save: ({ modeling }, value) =>
        modeling.updateProperties(element.source, { default: value ? flow : undefined }),
    },
    ...(isDefault()
      ? []
      : [
          {
            id: 'condition',
            component: Text,
            label: gettext('Taken when'),
            check: 'condition',
            rows: 2,
            description: gettext('For example route = "unfounded".'),
            read: () => flow.get('conditionExpression')?.get('body') ?? '',
            save: (services, value) => writeCondition(services, element, flow, value),
          },
        ]),
  ];
}

function writeCondition(services, element, flow, value) {
  const known = flow.get('conditionExpression');
  if (known && value) return write(services, element, known, { body: value });
  const made = value ? services.bpmnFactory.create('bpmn:FormalExpression', { body: value }) : undefined;
  return services.modeling.updateProperties(element, { conditionExpression: made });
}

function definition(element, kind) {
  return getBusinessObject(element).get('eventDefinitions')?.find((one) => one.$type === `bpmn:${kind}`);
}

/** Return the fields of a timer. */
export function timerFields(element) {
  const timer = definition(element, 'TimerEventDefinition');
  if (!timer) return [];
  const kind = () => ['timeDuration', 'timeDate', 'timeCycle'].find((one) => timer.get(one)) ?? '';
  return [
    {
      id: 'timerKind',
      component: Choice,
      label: gettext('The timer counts'),
      none: gettext('not yet said'),
      options: () => [
        { id: 'timeDuration', label: gettext('from now, how long') },
        { id: 'timeDate', label: gettext('until a date') },
      ],
      read: kind,
      save: (services, value) => writeTimer(services, element, timer, value, timer.get(kind())?.get('body') ?? ''),
    },
    ...(kind()
      ? [
          {
            id: 'timerRule',
            component: Line,
            label: kind() === 'timeDate' ? gettext('Date') : gettext('Duration'),
            check: kind() === 'timeDate' ? 'date' : 'duration',
            description: gettext('P14D, 2026-05-31, or a variable that holds one.'),
            read: () => timer.get(kind())?.get('body') ?? '',
            save: (services, value) => writeTimer(services, element, timer, kind(), value),
          },
        ]
      : []),
  ];
}

function writeTimer(services, element, timer, kind, body) {
  const known = kind && timer.get(kind);
  if (known) return write(services, element, known, { body });
  const made = kind ? services.bpmnFactory.create('bpmn:FormalExpression', { body }) : undefined;
  const none = { timeDuration: undefined, timeDate: undefined, timeCycle: undefined };
  return write(services, element, timer, kind ? { ...none, [kind]: made } : none);
}

const LETTERS = {
  message: {
    type: 'bpmn:Message',
    reference: 'messageRef',
    definition: 'MessageEventDefinition',
    label: gettext('Name of the message'),
    description: gettext('The same name in another drawing of this draft means the same message.'),
  },
  signal: {
    type: 'bpmn:Signal',
    reference: 'signalRef',
    definition: 'SignalEventDefinition',
    label: gettext('Name of the signal'),
    description: gettext('The same name in another drawing of this draft means the same signal.'),
  },
};

/** Return the field of an event that waits for or sends a message or a signal: its name. */
export function letterFields(element) {
  const [word, letter] = Object.entries(LETTERS).find(([, one]) => definition(element, one.definition)) ?? [];
  if (!letter) return [];
  const event = definition(element, letter.definition);
  return [
    {
      id: `${word}Name`,
      component: Name,
      kind: `${word}s`,
      label: letter.label,
      description: letter.description,
      read: () => event.get(letter.reference)?.get('name') ?? '',
      save: (services, value) => writeLetter(services, element, event, [word, letter], value.trim()),
    },
  ];
}

/** A name that this file does not have yet is defined; what nothing names any more is left out. */
function writeLetter(services, element, event, [word, { type, reference }], name) {
  const root = definitions(event);
  const before = event.get(reference);
  const known = root.get('rootElements').find((one) => one.$type === type && one.get('name') === name);
  const made = known || !name ? known : services.bpmnFactory.create(type, { id: `${word}_${name.replace(/\W+/g, '_')}`, name });
  const kept = root.get('rootElements').filter((one) => one !== before || before === made || isNamed(services, before, event, reference));
  const rootElements = made && !known ? [...kept, made] : kept;
  if (made && !known) made.$parent = root;
  return services.commandStack.execute('properties-panel.multi-command-executor', [
    // What an event still names, the library would put back.
    { cmd: 'element.updateModdleProperties', context: { element, moddleElement: event, properties: { [reference]: name ? made : undefined } } },
    { cmd: 'element.updateModdleProperties', context: { element, moddleElement: root, properties: { rootElements } } },
  ]);
}

/** Say whether something else than `event` names a message or signal. */
function isNamed(services, letter, event, reference) {
  return services.elementRegistry.getAll().some((shape) => {
    const object = getBusinessObject(shape);
    return [object, ...(object.eventDefinitions ?? [])].some((one) => one !== event && one[reference] === letter);
  });
}

function definitions(object) {
  let found = object;
  while (found.$parent) found = found.$parent;
  return found;
}

/** Return the fields of a step that is done once for each entry of a collection. */
export function repetitionFields(element) {
  const many = getBusinessObject(element).get('loopCharacteristics');
  if (!many || many.$type !== REPEATED) return [];
  return [
    variable('collection', gettext('Once for each of'), gettext('The variable that holds the collection, such as partners.'), {
      read: () => many.get('loopDataInputRef')?.get('id') ?? '',
      save: (services, value) =>
        write(services, element, many, { loopDataInputRef: standIn(services.moddle, value) }),
    }),
    item(element, many, 'inputDataItem', 'item', gettext('Name of one entry')),
    variable('output', gettext('Collect the answers in'), gettext('A variable; empty it in a script before a loop comes again.'), {
      read: () => many.get('loopDataOutputRef')?.get('id') ?? '',
      save: (services, value) =>
        write(services, element, many, { loopDataOutputRef: standIn(services.moddle, value) }),
    }),
    item(element, many, 'outputDataItem', 'outputItem', gettext('Name of one answer')),
    {
      id: 'sequential',
      component: Tick,
      label: gettext('One after the other'),
      read: () => Boolean(many.get('isSequential')),
      save: (services, value) => write(services, element, many, { isSequential: value || undefined }),
    },
  ];
}

function variable(id, label, description, access) {
  return { id, component: Line, label, description, refuse: refusedVariable, ...access };
}

function refusedVariable(value) {
  return !value || /^[A-Za-z_]\w*$/.test(value) ? null : gettext('A variable has letters, digits and underscores.');
}

function item(element, many, attribute, id, label) {
  const kind = attribute === 'inputDataItem' ? 'bpmn:DataInput' : 'bpmn:DataOutput';
  return variable(id, label, undefined, {
    read: () => many.get(attribute)?.get('name') || many.get(attribute)?.get('id') || '',
    save: (services, value) => {
      const known = many.get(attribute);
      if (known && value) {
        const named = known.get('name') ? { name: value } : { id: value };
        return write(services, element, known, named);
      }
      const made = value ? services.moddle.create(kind, { id: value, name: value }) : undefined;
      return write(services, element, many, { [attribute]: made });
    },
  });
}
