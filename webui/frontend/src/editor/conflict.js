// Somebody saved the same file in between: says who and when, and loses nothing.
import { post } from './server.js';
import { gettext } from '../language.js';

export class Conflict {
  constructor(bench) {
    this.bench = bench;
    this.dialog = bench.root.querySelector('[data-dialog="conflict"]');
    this.said = this.dialog.querySelector('[data-said]');
    this.dialog.querySelector('[data-deed="copy"]').addEventListener('click', () => this.copy());
    this.dialog.querySelector('[data-deed="theirs"]').addEventListener('click', () => this.theirs());
  }

  show(answer) {
    this.said.textContent = answer.message;
    this.dialog.showModal();
  }

  /** Keep what is on this page under another name, then go on with what the other person saved. */
  async copy() {
    try {
      const content = await this.bench.editor.text();
      const { path } = await post(this.bench.urls.copyUrl, { content });
      await this.theirs();
      this.bench.say('saved', gettext('Yours is kept as %(path)s. This is the version of the other person.', { path }));
    } catch (error) {
      this.said.textContent = error.message;
    }
  }

  async theirs() {
    try {
      await this.bench.load();
      this.dialog.close();
      this.bench.judge.soon();
    } catch (error) {
      this.said.textContent = error.message;
    }
  }
}
