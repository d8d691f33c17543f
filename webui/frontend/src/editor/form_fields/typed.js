// Has the expressions of the selected field judged while they are typed, and shows what is wrong under
// the library's own entries. Ours show it themselves (provider.jsx).

import { gettext } from '../../language.js';

/** Entry of the panel -> what it is called, how the server reads it, where the field holds it. */
const ENTRIES = {
  label: [gettext('Field label'), 'plain', (field) => field.label],
  'date-label': [gettext('Date label'), 'plain', (field) => field.dateLabel],
  'time-label': [gettext('Time label'), 'plain', (field) => field.timeLabel],
  description: [gettext('Field description'), 'plain', (field) => field.description],
  text: [gettext('Text'), 'plain', (field) => field.text],
  // The library gives this entry no name of its own.
  'undefined-expression': [gettext('Target value'), 'formula', (field) => field.expression],
  dataSource: [gettext('Data source'), 'formula', (field) => field.dataSource],
  'optionsExpression-expression': [gettext('Options expression'), 'formula', (field) => field.valuesExpression],
  'conditional-hide': [gettext('Hide if'), 'formula', (field) => field.conditional?.hide],
  readonly: [gettext('Read only'), 'formula', (field) => computed(field.readonly)],
  min: [gettext('Minimum'), 'formula', (field) => computed(field.validate?.min)],
  max: [gettext('Maximum'), 'formula', (field) => computed(field.validate?.max)],
  minLength: [gettext('Minimum length'), 'formula', (field) => computed(field.validate?.minLength)],
  maxLength: [gettext('Maximum length'), 'formula', (field) => computed(field.validate?.maxLength)],
};

/** Of what may be a plain value, only an expression is judged. */
function computed(value) {
  return typeof value === 'string' && value.startsWith('=') ? value : '';
}

export class Typed {
  static $inject = ['eventBus', 'formFieldRegistry', 'selection', 'catalogue'];

  constructor(eventBus, registry, selection, catalogue) {
    Object.assign(this, { eventBus, registry, selection, catalogue });
    this.forget();
    eventBus.on(['selection.changed', 'commandStack.changed'], () => this.look());
    // The panel of a field that was just selected is not there yet when the selection changes.
    eventBus.on('propertiesPanel.updated', () => this.show());
  }

  forget() {
    this.asked = new Map(); // entry -> its source, and how to take the question back
    this.problems = {};
  }

  /** Ask about what has changed since the last look. */
  look() {
    const field = this.registry.get(this.selection.get()?.id);
    if (field?.id !== this.id) {
      this.asked.forEach(({ takeBack }) => takeBack());
      this.forget();
      this.show();
    }
    this.id = field?.id;
    if (!field) return;
    for (const [entry, [label, kind, read]] of Object.entries(ENTRIES)) this.ask(entry, { label, kind, source: read(field) || '' });
  }

  ask(entry, question) {
    const before = this.asked.get(entry);
    if ((before?.source ?? '') === question.source) return;
    before?.takeBack();
    // An answer that is known at once comes before this one is noted.
    const takeBack = this.catalogue.judgeSoon(question, (problem) => this.told(entry, problem));
    this.asked.set(entry, { source: question.source, takeBack });
  }

  told(entry, problem) {
    const { [entry]: _before, ...others } = this.problems;
    this.problems = problem ? { ...others, [entry]: problem } : others;
    this.show();
  }

  show() {
    this.eventBus.fire('propertiesPanel.setErrors', { errors: this.problems });
  }
}
