// The page around an editor: opens the file, saves it, guards what is not saved, has it judged.
//
// An editor is {open(text), text(), onChange(act), select(element), focus()}.
import './editor.css';
import { Catalogue } from './catalogue.js';
import { Conflict } from './conflict.js';
import { Judge } from './judge.js';
import { Player } from './player.js';
import { get, post } from './server.js';

const AT = /^#element=(.+)$/;

export class Workbench {
  constructor(root) {
    this.root = root;
    root.bench = this;
    this.urls = root.dataset;
    this.path = root.dataset.path;
    this.state = root.querySelector('[data-state]');
    const told = root.querySelector('[data-told]');
    const urls = { catalogue: root.dataset.catalogueUrl, expression: root.dataset.expressionUrl };
    this.catalogue = new Catalogue(urls, (words) => {
      told.textContent = words;
    });
    this.changes = 0; // changes made
    this.saved = 0; // changes that the server has
    this.opened = ''; // the text as it was opened
  }

  /** Open the file in an editor; what goes wrong is said where the editor would be. */
  async start(editor) {
    this.editor = editor;
    this.player = new Player(this);
    this.judge = new Judge(this);
    this.conflict = new Conflict(this);
    this.listen();
    try {
      await this.load();
      // Whoever is quick changes the file before the lists to choose from are there.
      editor.onChange(() => this.changed());
      await this.catalogue.load();
    } catch (error) {
      this.say('failed', error.message);
      this.root.dataset.ready = 'failed';
      console.warn(error);
      return;
    }
    this.selectAddressed();
    this.judge.soon();
    this.root.dataset.ready = 'yes';
  }

  listen() {
    this.root.querySelector('[data-deed="save"]').addEventListener('click', () => this.save());
    for (const name of ['undo', 'redo']) {
      this.root.querySelector(`[data-deed="${name}"]`)?.addEventListener('click', () => this.editor[name]());
    }
    const keys = this.root.querySelector('[data-dialog="keys"]');
    this.root.querySelector('[data-deed="keys"]').addEventListener('click', () => keys.showModal());
    document.addEventListener('keydown', (event) => {
      if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== 's' || event.altKey) return;
      event.preventDefault();
      this.save();
    });
    window.addEventListener('beforeunload', (event) => {
      this.settle();
      if (this.isChanged) event.preventDefault();
    });
    window.addEventListener('hashchange', () => this.selectAddressed());
  }

  get isChanged() {
    return this.changes > this.saved;
  }

  async load() {
    const { content, hash } = await get(this.urls.contentUrl);
    await this.editor.open(content);
    this.opened = content;
    this.hash = hash;
    this.saved = this.changes;
    this.say('saved');
  }

  /** Return the text as it would be saved; a file that nobody touched stays letter by letter. */
  async text() {
    return this.changes ? this.editor.text() : this.opened;
  }

  /** Take in what is still being typed: fields wait for a pause, or until they lose the focus. */
  settle() {
    this.editor.settle?.();
    const field = document.activeElement;
    if (!this.root.contains(field)) return;
    field.blur();
    field.focus();
  }

  changed() {
    this.changes += 1;
    this.say('changed');
    this.judge.soon();
  }

  async save() {
    if (this.saving) return;
    this.settle();
    if (!this.isChanged) {
      this.say('unchanged');
      return;
    }
    this.saving = true;
    this.say('saving');
    const at = this.changes;
    try {
      const content = await this.editor.text();
      const { hash } = await post(this.urls.contentUrl, { content, expected: this.hash });
      this.hash = hash;
      this.saved = at;
      this.say(this.isChanged ? 'changed' : 'saved');
    } catch (error) {
      this.say('failed', error.message);
      if (error.status === 409) this.conflict.show(error.answer);
    } finally {
      this.saving = false;
    }
  }

  say(state, words = '') {
    this.state.dataset.state = state;
    this.state.textContent = words || this.state.dataset[state];
  }

  /** Select an element of this file and show it; say whether it is there. */
  select(element) {
    this.player.stop();
    const found = this.editor.select(element);
    if (found) this.root.querySelector('[data-canvas]').scrollIntoView({ block: 'nearest' });
    return found;
  }

  selectAddressed() {
    const found = AT.exec(location.hash);
    if (found) this.select(decodeURIComponent(found[1]));
  }
}
