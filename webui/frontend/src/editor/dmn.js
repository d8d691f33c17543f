// The editor of decision tables.
import 'dmn-js/dist/assets/diagram-js.css';
import 'dmn-js/dist/assets/dmn-js-shared.css';
import 'dmn-js/dist/assets/dmn-js-drd.css';
import 'dmn-js/dist/assets/dmn-js-decision-table.css';
import 'dmn-js/dist/assets/dmn-js-decision-table-controls.css';
import 'dmn-js/dist/assets/dmn-js-literal-expression.css';
import 'dmn-js/dist/assets/dmn-font/css/dmn.css';
import Modeler from 'dmn-js/lib/Modeler';
import { Cells } from './cells.js';
import { make } from './dom.js';
import { Workbench } from './workbench.js';
import { gettext, translate } from '../language.js';

class Table {
  constructor(bench) {
    this.root = bench.root;
    const place = bench.root.querySelector('[data-canvas]');
    this.modeler = new Modeler({ container: place, ...inLanguage() });
    this.cells = new Cells(place, bench.catalogue);
    this.heard = new WeakSet();
    this.act = () => {};
    this.modeler.on('views.changed', () => this.listen());
  }

  async open(text) {
    await this.modeler.importXML(text, { open: false });
    const views = this.modeler.getViews();
    const table = views.find((view) => view.type === 'decisionTable') ?? views[0];
    await this.modeler.open(table);
    this.listen();
  }

  /** Each view has a history of its own; the table is one view, the drawing of decisions another. */
  listen() {
    const viewer = this.modeler.getActiveViewer();
    if (!viewer || this.heard.has(viewer)) return;
    this.heard.add(viewer);
    nameRows(this.root);
    this.cells.open(viewer);
    viewer.on('commandStack.changed', (event) => {
      if (event?.trigger === 'clear') return;
      this.act();
      this.cells.look();
    });
  }

  async text() {
    return (await this.modeler.saveXML({ format: true })).xml;
  }

  onChange(act) {
    this.act = act;
  }

  undo() {
    this.modeler.getActiveViewer().get('commandStack').undo();
  }

  redo() {
    this.modeler.getActiveViewer().get('commandStack').redo();
  }

  /** Put the cursor into the first cell of a row; the table as a whole has no place of its own. */
  select(id) {
    const cell = this.root.querySelector(`td[data-row-id="${CSS.escape(id)}"][data-col-id]`);
    const text = cell?.querySelector('[contenteditable]');
    if (!text) return false;
    cell.scrollIntoView({ block: 'nearest' });
    text.focus();
    return true;
  }
}

/** Each view is an editor of its own. */
function inLanguage() {
  const views = ['drd', 'decisionTable', 'literalExpression', 'boxedExpression'];
  return Object.fromEntries(views.map((view) => [view, { additionalModules: [{ translate: ['value', translate] }] }]));
}

/** The column of numbers has no heading; whoever listens to the table hears one. */
function nameRows(root) {
  const heading = root.querySelector('th.index-column:empty');
  heading?.append(make('span', { class: 'visually-hidden' }, gettext('Row')));
}

const bench = new Workbench(document.querySelector('[data-editor="dmn"]'));
await bench.start(new Table(bench));
