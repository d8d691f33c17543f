/** @jsxImportSource preact */
// The settings of a field that only our server reads: where the answer goes, help, options from the
// directory, limits. They stand in the custom properties of the field.
import { gettext } from '../../language.js';
import { useEffect, useState } from 'preact/hooks';

// Layout in columns, security of embedded pages and free custom properties are not for our pages.
const LEFT_OUT = new Set(['layout', 'securityAttributes', 'custom-values']);
const CLASSES = [
  { id: 'process', name: gettext('process: codes, dates and numbers that a drawing decides by') },
  { id: 'case', name: gettext('case file') },
  { id: 'sensitive', name: gettext('sensitive: about the person, in the case file') },
  { id: 'source', name: gettext('source: who reported it, for the intake desk alone') },
];
const ANSWERS = ['textfield', 'textarea', 'number', 'datetime', 'checkbox', 'checklist', 'radio', 'select', 'taglist', 'filepicker', 'expression'];
const CHOICES = ['checklist', 'radio', 'select', 'taglist'];

export class OwnFields {
  constructor(catalogue) {
    this.catalogue = catalogue;
  }

  getGroups(field, editField) {
    return (groups) => {
      if (!field || field.type === 'default') return groups;
      const entries = this.entries(field, editField);
      const kept = groups.filter((group) => !LEFT_OUT.has(group.id) && !(takesDirectory(field) && group.id === 'staticOptions'));
      if (!entries.length) return kept;
      const [general, ...rest] = kept;
      return [general, { id: 'own', label: gettext('Answer'), component: OwnGroup, entries, shouldOpen: true }, ...rest];
    };
  }

  entries(field, editField) {
    const own = (name, label, more = {}) => ({
      id: `own-${name}`,
      label,
      component: more.options ? Choice : Line,
      value: field.properties?.[name] ?? '',
      save: (value) => write(field, editField, name, value),
      catalogue: this.catalogue,
      owner: field.id,
      ...more,
    });
    const found = [];
    if (ANSWERS.includes(field.type)) {
      found.push(own('class', gettext('Where the answer goes'), { options: CLASSES, none: gettext('not said yet') }));
      found.push(own('help', gettext('Help above the field'), { check: 'plain', rows: 3 }));
      found.push(own('prefill', gettext('First value'), { check: 'formula', description: gettext('An expression that begins with =.') }));
    }
    if (CHOICES.includes(field.type)) {
      const options = this.catalogue.list('directories').map(({ id }) => ({ id, name: id }));
      found.push(own('options', gettext('Options from the directory'), { options, none: gettext('those of the form') }));
    }
    if (field.type === 'datetime') {
      found.push(own('earliest', gettext('Earliest'), { check: 'day', description: gettext('A date, or an expression such as =today().') }));
      found.push(own('latest', gettext('Latest'), { check: 'day', description: gettext('A date, or an expression such as =today().') }));
    }
    if (field.type === 'dynamiclist') {
      found.push(own('rowLabel', gettext('What a row is called')));
      found.push(own('minRows', gettext('At least so many rows'), { whole: true }));
      found.push(own('maxRows', gettext('At most so many rows'), { whole: true }));
    }
    return found;
  }
}

function takesDirectory(field) {
  return Boolean(field.properties?.options);
}

/** An empty value takes the setting away. */
function write(field, editField, name, value) {
  const { [name]: _before, ...others } = field.properties ?? {};
  const properties = value === '' ? others : { ...field.properties, [name]: value };
  editField(field, { properties });
}

function OwnGroup({ label, entries }) {
  return (
    <div class="bio-properties-panel-group own-group" data-group-id="group-own">
      <h3 class="own-group-title">{label}</h3>
      {entries.map(({ component: Entry, ...entry }) => (
        <Entry key={`${entry.owner} ${entry.id}`} {...entry} />
      ))}
    </div>
  );
}

function Choice({ id, label, value, options, none, save }) {
  const isGone = value && !options.some((one) => one.id === value);
  return (
    <div class="bio-properties-panel-entry" data-entry-id={id}>
      <label class="bio-properties-panel-label" for={id}>{label}</label>
      <select id={id} class="bio-properties-panel-input" value={value} onChange={(event) => save(event.target.value)}>
        <option value="">({none})</option>
        {options.map((one) => (
          <option key={one.id} value={one.id}>{one.name}</option>
        ))}
        {isGone && <option value={value}>{gettext('%(value)s (not known)', { value })}</option>}
      </select>
    </div>
  );
}

/** A line or a text; `check` says what the server reads it as while one types. */
function Line({ id, label, value, description, rows, whole, check, catalogue, save }) {
  const [typed, setTyped] = useState(value);
  const problem = useJudgement(catalogue, check, typed, label);
  useEffect(() => setTyped(value), [value]);
  const change = (event) => save(whole && /^\d+$/.test(event.target.value) ? Number(event.target.value) : event.target.value);
  const shared = {
    id,
    class: 'bio-properties-panel-input',
    value: typed,
    onInput: (event) => setTyped(event.target.value),
    onChange: change,
    'aria-invalid': problem ? 'true' : undefined,
    'aria-describedby': problem ? `${id}-problem` : undefined,
  };
  return (
    <div class={`bio-properties-panel-entry${problem ? ' has-error' : ''}`} data-entry-id={id}>
      <label class="bio-properties-panel-label" for={id}>{label}</label>
      {rows ? <textarea {...shared} rows={rows} /> : <input {...shared} type="text" spellcheck={false} autocomplete="off" />}
      {problem && <div id={`${id}-problem`} class="bio-properties-panel-error">{problem}</div>}
      {description && <div class="bio-properties-panel-description">{description}</div>}
    </div>
  );
}

function useJudgement(catalogue, kind, source, label) {
  const [problem, setProblem] = useState('');
  useEffect(() => (kind ? catalogue.judgeSoon({ kind, source: String(source), label }, setProblem) : undefined), [kind, source]);
  return problem;
}
