// The editor of drawings.
import 'bpmn-js/dist/assets/diagram-js.css';
import 'bpmn-js/dist/assets/bpmn-js.css';
import 'bpmn-js/dist/assets/bpmn-font/css/bpmn.css';
import '@bpmn-io/properties-panel/dist/assets/properties-panel.css';
import Modeler from 'bpmn-js/lib/Modeler';
import { BpmnPropertiesPanelModule, BpmnPropertiesProviderModule } from 'bpmn-js-properties-panel';
import { translate } from '../language.js';
import descriptor from './moddle.json';
import { restoreNames } from './names.js';
import { Outline } from './outline.js';
import ownProperties from './properties/index.js';
import { Workbench } from './workbench.js';

const PALETTE = 120; // pixels that the palette covers on the left
const MARGIN = 24;

class Drawing {
  constructor(bench) {
    this.root = bench.root;
    this.panel = bench.root.querySelector('[data-panel]');
    this.modeler = new Modeler({
      container: bench.root.querySelector('[data-canvas]'),
      propertiesPanel: { parent: this.panel },
      additionalModules: [
        BpmnPropertiesPanelModule,
        BpmnPropertiesProviderModule,
        ownProperties,
        { catalogue: ['value', bench.catalogue], translate: ['value', translate] },
      ],
      moddleExtensions: { spiffworkflow: descriptor },
    });
    this.outline = new Outline(this.modeler, bench.root.querySelector('[data-outline]'), this.panel);
  }

  async open(text) {
    const { warnings } = await this.modeler.importXML(text);
    const left = restoreNames(this.modeler.get('moddle'), warnings);
    if (left.length) console.warn('The drawing was opened with remarks.', left);
    fit(this.modeler.get('canvas'));
    this.outline.draw();
  }

  async text() {
    return (await this.modeler.saveXML({ format: true })).xml;
  }

  onChange(act) {
    this.modeler.on('commandStack.changed', ({ trigger }) => trigger !== 'clear' && act());
  }

  settle() {
    this.modeler.get('directEditing').complete();
  }

  undo() {
    this.modeler.get('commandStack').undo();
  }

  redo() {
    this.modeler.get('commandStack').redo();
  }

  select(id) {
    const found = this.modeler.get('elementRegistry').get(id);
    if (!found) return false;
    this.modeler.get('selection').select(found);
    this.modeler.get('canvas').scrollToElement(found, 80);
    return true;
  }
}

/** Show the whole drawing beside the palette, never larger than it was drawn. */
function fit(canvas) {
  const { inner, outer } = canvas.viewbox();
  const room = { width: outer.width - PALETTE - MARGIN, height: outer.height - 2 * MARGIN };
  const scale = Math.max(0.2, Math.min(1, room.width / inner.width, room.height / inner.height));
  const [width, height] = [outer.width / scale, outer.height / scale];
  canvas.viewbox({ x: inner.x - PALETTE / scale, y: inner.y - (height - inner.height) / 2, width, height });
}

const bench = new Workbench(document.querySelector('[data-editor="bpmn"]'));
const drawing = new Drawing(bench);
await bench.start(drawing);
// The panel was drawn before the lists to choose from were there.
drawing.modeler.get('eventBus').fire('propertiesPanel.providersChanged');
