// What a draft offers to choose from: operators, forms, roles, tables, processes. Asked once; what
// an expression means is asked each time that somebody stops typing.
import { get, post } from './server.js';

const NOTHING = { operators: [], recorders: [], forms: [], roles: [], processes: [], decisions: [], steps: [], milestones: [], stages: [], messages: [], signals: [], values: [], variables: [], directories: [] };
const REST = 300; // milliseconds without typing before the server is asked

export class Catalogue {
  /** `say` is told what is wrong, for whoever does not see where it is written. */
  constructor(urls, say) {
    this.urls = urls;
    this.say = say;
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

  /** Ask once nobody types any more and hand `tell` the answer; return how to take the question back. */
  judgeSoon({ kind, source, label }, tell) {
    if (!source.trim()) {
      tell('');
      return () => {};
    }
    let isWanted = true;
    const answer = (problem) => {
      if (!isWanted) return;
      tell(problem);
      this.say(problem && `${label}: ${problem}`);
    };
    const timer = setTimeout(() => this.judge(kind, source).then(answer, (error) => answer(error.message)), REST);
    return () => {
      isWanted = false;
      clearTimeout(timer);
    };
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
