// Has the expressions of a decision table judged while they are typed. What is wrong stands in the
// cell; it stays there until it is mended, also while another cell is at work.
import { make } from './dom.js';
import { figure, gettext } from '../language.js';

export class Cells {
  constructor(root, catalogue) {
    this.root = root;
    this.catalogue = catalogue;
    this.asked = new Map(); // id of the cell -> its source, and how to take the question back
    this.problems = new Map();
    // A cell is drawn anew as a larger editor when it gets the focus.
    root.addEventListener('focusin', (event) => {
      const id = placeOf(event.target);
      if (!id) return;
      this.look(id);
      requestAnimationFrame(() => this.mark(id));
    });
  }

  /** Take a table as it is: what is in it already is judged once somebody comes to it. */
  open(viewer) {
    this.viewer = viewer;
    this.asked.forEach(({ takeBack }) => takeBack?.());
    this.problems.clear();
    this.asked = new Map(this.expressions().map(({ id, source }) => [id, { source }]));
  }

  /** Ask about all that has changed since the last look, and about the cell that is named. */
  look(named) {
    for (const one of this.expressions()) {
      const before = this.asked.get(one.id);
      const isNew = before ? before.source !== one.source : one.source !== '';
      if (!isNew && !(one.id === named && !before?.takeBack)) continue;
      before?.takeBack?.();
      const takeBack = this.catalogue.judgeSoon(one, (problem) => this.told(one.id, problem));
      this.asked.set(one.id, { source: one.source, takeBack });
    }
  }

  told(id, problem) {
    this.problems.set(id, problem);
    this.mark(id);
  }

  /** Return every cell and head of the table with what it says. */
  expressions() {
    const table = this.viewer?.get('sheet', false)?.getRoot()?.businessObject;
    if (table?.$type !== 'dmn:DecisionTable') return [];
    const heads = (table.get('input') ?? []).map((column) => ({
      id: column.id,
      kind: 'expression',
      source: column.inputExpression?.text ?? '',
      label: gettext('Input %(name)s', { name: nameOf(column) }),
    }));
    const rows = (table.get('rule') ?? []).flatMap((rule, number) => [
      ...cellsOf(rule.inputEntry, table.input, number, 'tests'),
      ...cellsOf(rule.outputEntry, table.output, number, 'expression'),
    ]);
    return [...heads, ...rows];
  }

  mark(id) {
    const place = this.root.querySelector(`td[data-element-id="${CSS.escape(id)}"], th[data-col-id="${CSS.escape(id)}"]`);
    if (!place) return;
    const problem = this.problems.get(id);
    const told = `problem-${id}`;
    place.querySelector('.cell-problem')?.remove();
    if (problem) place.append(make('div', { class: 'cell-problem', id: told }, problem));
    for (const text of place.querySelectorAll('[contenteditable]')) {
      if (problem) {
        text.setAttribute('aria-invalid', 'true');
        text.setAttribute('aria-describedby', told);
      } else {
        text.removeAttribute('aria-invalid');
        text.removeAttribute('aria-describedby');
      }
    }
  }
}

function placeOf(target) {
  return target.closest?.('td[data-element-id]')?.dataset.elementId;
}

function nameOf(column) {
  return column.label || column.name || column.inputExpression?.text || column.id;
}

function cellsOf(entries, columns, number, kind) {
  return (entries ?? []).map((cell, place) => ({
    id: cell.id,
    kind,
    source: cell.text ?? '',
    label: gettext('Row %(number)s, %(name)s', { number: figure(number + 1), name: nameOf(columns[place]) }),
  }));
}
