// The kinds of fields of the panel: a choice from the draft, a line, a name, a text, an expression that
// the server reads while one types.
import { useService } from 'bpmn-js-properties-panel';
import { CheckboxEntry, SelectEntry, TextAreaEntry, TextFieldEntry } from '@bpmn-io/properties-panel';
import { useEffect, useLayoutEffect, useState } from '@bpmn-io/properties-panel/preact/hooks';
import { gettext } from '../../language.js';

/** Return the services that fields write with. */
export function useServices() {
  return {
    bpmnFactory: useService('bpmnFactory'),
    canvas: useService('canvas'),
    catalogue: useService('catalogue'),
    commandStack: useService('commandStack'),
    debounce: useService('debounceInput'),
    elementRegistry: useService('elementRegistry'),
    modeling: useService('modeling'),
    moddle: useService('moddle'),
  };
}

/** A field writes again what it shows when it loses the focus; that is no change. */
function saveChanged(services, read, save, value = '') {
  if (value !== (read(services) || '')) save(services, value);
}

/** A choice from a list of the catalogue; what is set but not there any more stays visible. */
export function Choice({ element, id, label, kind, options, none = gettext('none'), read, save, required, description }) {
  const services = useServices();
  const { catalogue } = services;
  const offered = options ? options(services) : catalogue.list(kind);
  const isKnown = (value) => offered.some((one) => one.id === value);
  return (
    <SelectEntry
      id={id}
      element={element}
      label={label}
      description={description}
      getValue={() => read(services)}
      setValue={(value) => save(services, value)}
      getOptions={() => {
        const now = read(services);
        const gone = now && !isKnown(now) ? [{ value: now, label: gettext('%(value)s (not in this draft)', { value: now }) }] : [];
        return [{ value: '', label: `(${none})` }, ...offered.map(asOption), ...gone];
      }}
      validate={(value) => {
        if (!value) return required || null;
        return catalogue.isLoaded && !isKnown(value) ? gettext('There is no %(value)s in this draft.', { value }) : null;
      }}
    />
  );
}

function asOption({ id, label, name }) {
  const words = label ?? name;
  return { value: id, label: words && words !== id ? `${words} (${id})` : id };
}

/** A line of text, or of an expression when `check` says of which kind. */
export function Line({ element, id, label, check, read, save, refuse, description, placeholder }) {
  const services = useServices();
  const problem = useJudgement(services.catalogue, check, read(services), label);
  return (
    <TextFieldEntry
      id={id}
      element={element}
      label={label}
      description={description}
      placeholder={placeholder}
      debounce={services.debounce}
      getValue={() => read(services) || undefined}
      setValue={(value, error) => (refuse && error ? undefined : saveChanged(services, read, save, value))}
      validate={(value) => refuse?.(value ?? '') || problem}
    />
  );
}

/** A line for a name: those that are known are offered, another one can be typed. */
export function Name({ kind, ...field }) {
  const { catalogue } = useServices();
  const list = `known-${field.id}`;
  // The library's field has no place for a list.
  useLayoutEffect(() => {
    document.getElementById(`bio-properties-panel-${field.id}`)?.setAttribute('list', list);
  });
  return (
    <>
      <Line {...field} />
      <datalist id={list}>
        {catalogue.list(kind).map(({ id, name }) => (
          <option key={id} value={id} label={name || undefined} />
        ))}
      </datalist>
    </>
  );
}

/** A text of several lines; `check` says what the server reads it as. */
export function Text({ element, id, label, check, read, save, rows = 3, description }) {
  const services = useServices();
  const problem = useJudgement(services.catalogue, check, read(services), label);
  return (
    <TextAreaEntry
      id={id}
      element={element}
      label={label}
      description={description}
      rows={rows}
      monospace={Boolean(check)}
      debounce={services.debounce}
      getValue={() => read(services) || undefined}
      setValue={(value) => saveChanged(services, read, save, value)}
      validate={() => problem}
    />
  );
}

export function Tick({ element, id, label, read, save, description }) {
  const services = useServices();
  return (
    <CheckboxEntry
      id={id}
      element={element}
      label={label}
      description={description}
      getValue={() => read(services)}
      setValue={(value) => save(services, value)}
    />
  );
}

/** Return what the server says of an expression; a field cannot wait, so it is drawn again then. */
function useJudgement(catalogue, kind, source, label) {
  const [problem, setProblem] = useState('');
  useEffect(() => {
    if (kind) return catalogue.judgeSoon({ kind, source: source || '', label }, setProblem);
    setProblem('');
    return undefined;
  }, [kind, source]);
  return problem || null;
}
