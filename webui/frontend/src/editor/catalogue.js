// What a draft offers to choose from: operators, forms, roles, tables, processes. Asked once; what
// an expression means is asked each time that somebody stops typing.
import { get, post } from './server.js';

const NOTHING = { operators: [], recorders: [], forms: [], roles: [], processes: [], decisions: [], steps: [], milestones: [], stages: [], values: [], variables: [], directories: [] };

export class Catalogue {
  constructor(urls) {
    this.urls = urls;
    this.isLoaded = false;
    this.lists = NOTHING;
    this.told = new Map();
  }

  async load() {
    this.lists = { ...NOTHING, ...(await get(this.urls.catalogue)) };
    this.isLoaded = true;
    return this;
  }

  list(kind) {
    return this.lists[kind];
  }

  find(kind, id) {
    return this.lists[kind].find((one) => one.id === id);
  }

  /** Return what is wrong with an expression, or nothing; the same question is asked once. */
  async judge(kind, source) {
    const key = `${kind}\n${source}`;
    if (!this.told.has(key)) {
      const { error } = await post(this.urls.expression, { kind, source });
      this.told.set(key, error);
    }
    return this.told.get(key);
  }
}
