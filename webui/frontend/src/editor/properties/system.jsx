// The settings of steps that the system does: operator with its parameters, script, table.
import { getBusinessObject } from 'bpmn-js/lib/util/ModelUtil';
import { create, extension, write, writeExtension } from './extension.js';
import { Choice, Line, Text } from './entry.jsx';
import { gettext } from '../../language.js';

/** Return the fields of a service task: the operator and what it is given. */
export function operatorFields(element, catalogue) {
  const operator = () => extension(getBusinessObject(element), 'ServiceTaskOperator');
  const known = catalogue.find('operators', operator()?.get('id'));
  return [
    {
      id: 'operator',
      component: Choice,
      label: gettext('What the system does'),
      kind: 'operators',
      required: gettext('A service task names what the system does.'),
      description: known?.summary,
      read: () => operator()?.get('id') ?? '',
      save: (services, value) => chooseOperator(services, element, value),
    },
    ...parametersOf(operator(), known).map((wanted) => parameterField(element, wanted)),
  ];
}

/** Return the parameters that an operator takes, and those that the drawing has besides. */
function parametersOf(operator, known) {
  const taken = known?.inputs ?? [];
  const drawn = operator?.get('parameterList')?.get('parameters') ?? [];
  const others = drawn.filter((one) => !taken.some(({ name }) => name === one.get('id')));
  return [...taken, ...others.map((one) => ({ name: one.get('id'), type: one.get('type'), isUnknown: true }))];
}

/** Choosing another operator keeps the expressions of parameters that it has too. */
function chooseOperator(services, element, value) {
  if (!value) return writeExtension(services, element, 'ServiceTaskOperator', null);
  const object = getBusinessObject(element);
  const drawn = extension(object, 'ServiceTaskOperator')?.get('parameterList')?.get('parameters') ?? [];
  const inputs = services.catalogue.find('operators', value)?.inputs ?? [];
  const parameters = inputs
    .map(({ name, type, required }) => ({
      id: name,
      type,
      value: drawn.find((one) => one.get('id') === name)?.get('value') ?? (required ? name : ''),
    }))
    .filter((one) => one.value)
    .map((one) => create(services, 'Parameter', one));
  const parameterList = create(services, 'Parameters', { parameters });
  return writeExtension(services, element, 'ServiceTaskOperator', { id: value, parameterList });
}

function parameterField(element, { name, type, required, isUnknown }) {
  const operator = () => extension(getBusinessObject(element), 'ServiceTaskOperator');
  const drawn = () => operator()?.get('parameterList')?.get('parameters').find((one) => one.get('id') === name);
  const said = { name: name.replaceAll('_', ' '), type };
  return {
    id: `parameter-${name}`,
    component: Line,
    check: 'expression',
    label: required ? gettext('%(name)s (%(type)s, needed)', said) : gettext('%(name)s (%(type)s)', said),
    description: isUnknown ? gettext('The operator takes nothing of this name; empty the field.') : undefined,
    read: () => drawn()?.get('value') ?? '',
    save: (services, value) => writeParameter(services, element, operator(), drawn(), { name, type, value }),
  };
}

function writeParameter(services, element, operator, drawn, { name, type, value }) {
  if (drawn && value) return write(services, element, drawn, { value });
  const list = operator.get('parameterList');
  const others = (list?.get('parameters') ?? []).filter((one) => one !== drawn);
  const parameters = value ? [...others, create(services, 'Parameter', { id: name, type, value })] : others;
  if (list) return write(services, element, list, { parameters });
  return write(services, element, operator, { parameterList: create(services, 'Parameters', { parameters }) });
}

/** Return the field of a script task. */
export function scriptFields(element) {
  const object = getBusinessObject(element);
  return [
    {
      id: 'script',
      component: Text,
      label: gettext('Script'),
      check: 'script',
      rows: 6,
      description: gettext('Lines such as rounds = rounds + 1, and nothing else.'),
      read: () => object.get('script') ?? '',
      save: ({ modeling }, value) => modeling.updateProperties(element, { script: value || undefined }),
    },
  ];
}

/** Return the field of a business rule task. */
export function decisionFields(element) {
  const object = getBusinessObject(element);
  return [
    {
      id: 'decision',
      component: Choice,
      label: gettext('Decision table'),
      kind: 'decisions',
      required: gettext('A business rule task names its table.'),
      read: () => extension(object, 'CalledDecisionId')?.get('value')?.trim() ?? '',
      save: (services, value) => writeExtension(services, element, 'CalledDecisionId', value ? { value } : null),
    },
  ];
}
