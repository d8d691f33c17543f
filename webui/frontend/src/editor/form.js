// The editor of forms.
import '@bpmn-io/form-js/dist/assets/form-js.css';
import '@bpmn-io/form-js/dist/assets/form-js-editor.css';
import '@bpmn-io/form-js/dist/assets/properties-panel.css';
import { FormEditor } from '@bpmn-io/form-js-editor';
import { translate } from '../language.js';
import { Memory } from './form_fields/memory.js';
import ownFields from './form_fields/index.js';
import { Workbench } from './workbench.js';

class Form {
  constructor(bench) {
    this.editor = new FormEditor({
      container: bench.root.querySelector('[data-canvas]'),
      additionalModules: [
        ownFields,
        { catalogue: ['value', bench.catalogue], translate: ['value', translate] },
        { supported: ['value', bench.root.dataset.components.split(' ')] },
      ],
    });
  }

  async open(text) {
    const original = JSON.parse(text);
    await this.editor.importSchema(original);
    this.memory = new Memory(original, this.editor.saveSchema());
  }

  async text() {
    return `${JSON.stringify(this.memory.faithful(this.editor.saveSchema()), null, 2)}\n`;
  }

  onChange(act) {
    this.editor.on('commandStack.changed', (event) => event?.trigger !== 'clear' && act());
  }

  undo() {
    this.editor.get('commandStack').undo();
  }

  redo() {
    this.editor.get('commandStack').redo();
  }

  select(name) {
    const fields = this.editor.get('formFieldRegistry').getAll();
    const found = fields.find((one) => [one.key, one.path, one.id].includes(name));
    if (found) this.editor.get('selection').set(found);
    return Boolean(found);
  }
}

const bench = new Workbench(document.querySelector('[data-editor="form"]'));
await bench.start(new Form(bench));
