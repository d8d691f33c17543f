// The drawing as a nested list in reading order: the same for whoever cannot see or point. An entry
// selects its element and leads into the panel; a step can be put in, or taken out, from here too.
import { getBusinessObject, is } from 'bpmn-js/lib/util/ModelUtil';
import { make, rested } from './dom.js';
import { insertBehind } from './insert.js';
import { gettext } from '../language.js';

const REST = 150;
const KINDS = {
  'bpmn:UserTask': gettext('step for people'),
  'bpmn:ManualTask': gettext('step for people'),
  'bpmn:ServiceTask': gettext('done by the system'),
  'bpmn:ScriptTask': gettext('script'),
  'bpmn:BusinessRuleTask': gettext('decision table'),
  'bpmn:CallActivity': gettext('phase'),
  'bpmn:SubProcess': gettext('phase'),
  'bpmn:ExclusiveGateway': gettext('one of these ways'),
  'bpmn:InclusiveGateway': gettext('some of these ways'),
  'bpmn:ParallelGateway': gettext('all of these ways'),
  'bpmn:EventBasedGateway': gettext('whichever comes first'),
  'bpmn:StartEvent': gettext('begins'),
  'bpmn:EndEvent': gettext('ends'),
  'bpmn:IntermediateCatchEvent': gettext('waits for'),
  'bpmn:IntermediateThrowEvent': gettext('sends'),
  'bpmn:BoundaryEvent': gettext('on its border'),
  'bpmn:Lane': gettext('lane'),
  'bpmn:SequenceFlow': gettext('way'),
};

export class Outline {
  constructor(modeler, place, panel) {
    this.modeler = modeler;
    this.place = place;
    this.panel = panel;
    this.list = place.querySelector('[data-list]');
    const soon = rested(() => this.draw(), REST);
    modeler.on('commandStack.changed', soon);
    modeler.on('selection.changed', () => this.follow());
    place.querySelector('[data-deed="insert"]').addEventListener('click', () => this.insert());
    place.querySelector('[data-deed="remove"]').addEventListener('click', () => this.remove());
  }

  /** Draw the list anew; the entry that had the focus keeps it. */
  draw() {
    const focused = this.list.contains(document.activeElement) ? document.activeElement.dataset.element : null;
    const roots = this.processes().map(({ shape, process }) => this.process(shape, process));
    this.list.replaceChildren(...roots);
    this.follow();
    if (focused) this.list.querySelector(`[data-element="${CSS.escape(focused)}"]`)?.focus();
  }

  processes() {
    const root = this.modeler.get('canvas').getRootElement();
    const object = getBusinessObject(root);
    if (!is(object, 'bpmn:Collaboration')) return [{ shape: object, process: object }];
    return object
      .get('participants')
      .filter((one) => one.get('processRef'))
      .map((shape) => ({ shape, process: shape.get('processRef') }));
  }

  process(shape, process) {
    const lanes = lanesOf(process).map((lane) => this.entry(lane, []));
    return this.entry(shape, [...lanes, ...this.level(process)]);
  }

  level(scope) {
    return inReadingOrder(scope.get('flowElements') ?? []).map((element) => this.entry(element, this.inside(element)));
  }

  inside(element) {
    const siblings = element.$parent?.get('flowElements') ?? [];
    const events = siblings.filter((one) => one.$type === 'bpmn:BoundaryEvent' && one.get('attachedToRef') === element);
    const ways = element.get('outgoing')?.length > 1 ? element.get('outgoing') : [];
    return [
      ...ways.map((flow) => this.entry(flow, [])),
      ...events.map((event) => this.entry(event, this.inside(event))),
      ...(is(element, 'bpmn:SubProcess') ? this.level(element) : []),
    ];
  }

  entry(element, children) {
    const button = make(
      'button',
      { type: 'button', 'data-element': element.get('id'), onclick: () => this.choose(element.get('id')) },
      make('span', {}, wordsFor(element)),
      make('small', {}, KINDS[element.$type] ?? gettext('pool')),
    );
    return make('li', {}, button, children.length > 0 && make('ul', {}, ...children));
  }

  choose(id) {
    const found = this.modeler.get('elementRegistry').get(id);
    if (!found) return;
    this.modeler.get('selection').select(found);
    this.modeler.get('canvas').scrollToElement(found, 80);
    // The panel is drawn after this event is over.
    requestAnimationFrame(() => requestAnimationFrame(() => this.enterPanel()));
  }

  enterPanel() {
    const field = this.panel.querySelector('.bio-properties-panel-group-entries.open :is(input, select, textarea)');
    (field ?? this.panel).focus();
  }

  get selected() {
    const [one, ...more] = this.modeler.get('selection').get();
    return more.length ? null : one;
  }

  follow() {
    const id = this.selected?.id;
    this.list.querySelectorAll('[aria-current]').forEach((button) => button.removeAttribute('aria-current'));
    if (id) this.list.querySelector(`[data-element="${CSS.escape(id)}"]`)?.setAttribute('aria-current', 'true');
    this.place.querySelectorAll('[data-deed]').forEach((button) => {
      button.disabled = !id;
    });
  }

  insert() {
    const made = insertBehind(this.modeler, this.selected);
    this.say(made ? gettext('A step was put in behind; give it a name.') : gettext('Choose a step with one way on.'));
    if (made) this.choose(made.id);
  }

  remove() {
    const gone = this.selected;
    if (!gone?.parent) return;
    const words = wordsFor(getBusinessObject(gone));
    this.modeler.get('modeling').removeElements([gone]);
    this.say(gettext('%(name)s was taken out.', { name: words }));
    this.list.querySelector('button')?.focus();
  }

  say(words) {
    this.place.querySelector('[data-said]').textContent = words;
  }
}

function lanesOf(process) {
  return (process.get('laneSets') ?? []).flatMap((set) => set.get('lanes') ?? []);
}

function wordsFor(element) {
  if (element.$type === 'bpmn:SequenceFlow') {
    const target = element.get('targetRef');
    return `${element.get('name') || gettext('onwards')} → ${target ? wordsFor(target) : gettext('nowhere')}`;
  }
  return element.get('name') || element.get('id');
}

/** Return the nodes of a level: along the flows from the starts, then what nothing leads to. */
export function inReadingOrder(elements) {
  const nodes = elements.filter((one) => is(one, 'bpmn:FlowNode') && one.$type !== 'bpmn:BoundaryEvent');
  const met = new Set();
  const order = [];
  const visit = (node) => {
    if (!node || met.has(node)) return;
    met.add(node);
    if (nodes.includes(node)) order.push(node);
    for (const flow of node.get('outgoing') ?? []) visit(flow.get('targetRef'));
    const events = elements.filter((one) => one.$type === 'bpmn:BoundaryEvent' && one.get('attachedToRef') === node);
    events.forEach(visit);
  };
  nodes.filter((one) => one.$type === 'bpmn:StartEvent').forEach(visit);
  nodes.forEach(visit);
  return order;
}
