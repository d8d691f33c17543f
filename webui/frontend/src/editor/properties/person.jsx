// The settings of a step for people, and of the lane that says who they are.
import { is, getBusinessObject } from 'bpmn-js/lib/util/ModelUtil';
import { setting, writeSetting } from './extension.js';
import { Choice, Line, Name, Text } from './entry.jsx';
import { gettext } from '../../language.js';

/** Return read and save of one of our settings. */
function own(element, name) {
  return {
    read: () => setting(getBusinessObject(element), name),
    save: (services, value) => writeSetting(services, element, name, value.trim()),
  };
}

function field(element, component, name, label, more = {}) {
  return { id: name, component, label, ...own(element, name), ...more };
}

/** Return the fields of a user or manual task. */
export function personFields(element) {
  const form = is(element, 'bpmn:UserTask')
    ? [
        field(element, Choice, 'formRef', gettext('Form'), { kind: 'forms', required: gettext('A step for people needs a form.') }),
        field(element, Choice, 'recordWith', gettext('Write the answers with'), {
          kind: 'recorders',
          none: gettext('keep them with the step'),
        }),
      ]
    : [];
  return [
    ...form,
    field(element, Line, 'dueIn', gettext('Due in'), {
      check: 'due',
      placeholder: 'P7D',
      description: gettext('A duration such as P7D, or an expression that begins with =.'),
    }),
    field(element, Line, 'remindBefore', gettext('Remind before'), { check: 'due', placeholder: 'P2D' }),
    field(element, Choice, 'escalateTo', gettext('When overdue, tell'), { kind: 'roles', none: gettext('nobody') }),
    roleField(element),
    field(element, Line, 'notDoneBy', gettext('Not by whoever did'), {
      description: gettext('Ids of other steps, separated by commas.'),
    }),
    field(element, Name, 'milestone', gettext('Milestone'), {
      kind: 'milestones',
      description: gettext('The name by which rules and the case page know that this was done.'),
    }),
    field(element, Line, 'consequence', gettext('Words on the button')),
    field(element, Text, 'guidance', gettext('Guidance'), { rows: 5, description: gettext('What to think of, shown above the form.') }),
  ];
}

/** The lane says who does a step; outside of lanes the step says it itself. */
function roleField(element) {
  const lane = laneOf(getBusinessObject(element));
  const named = lane && (lane.get('name') || lane.get('id'));
  return field(element, Choice, 'candidateRole', gettext('Role'), {
    kind: 'roles',
    none: lane ? gettext('of the lane %(name)s', { name: named }) : gettext('nobody'),
    description: lane ? gettext('The lane decides: move the step to another lane to change it.') : undefined,
  });
}

function laneOf(object) {
  for (let outer = object; outer; outer = outer.$parent) {
    const found = outer.get('lanes')?.[0];
    if (found) return found;
    const lanes = outer.$parent?.get?.('laneSets')?.[0]?.get('lanes') ?? [];
    const holding = lanes.find((one) => one.get('flowNodeRef').includes(outer));
    if (holding) return holding;
  }
  return null;
}

/** Return the field of a lane: the role that owes the steps in it. */
export function laneFields(element) {
  return [
    field(element, Choice, 'candidateRole', gettext('Role of the lane'), {
      kind: 'roles',
      none: gettext('nobody'),
      description: gettext('Whoever has this role owes the steps in the lane.'),
    }),
  ];
}

/** Return the fields of a phase: which process it runs, and where it stands on the case page. */
export function callFields(element) {
  const object = getBusinessObject(element);
  return [
    {
      id: 'calledElement',
      component: Choice,
      label: gettext('Called process'),
      kind: 'processes',
      required: gettext('A call activity says which process it runs.'),
      read: () => object.get('calledElement') ?? '',
      save: ({ modeling }, value) => modeling.updateProperties(element, { calledElement: value || undefined }),
    },
    field(element, Name, 'stage', gettext('Stage on the case page'), { kind: 'stages' }),
  ];
}
