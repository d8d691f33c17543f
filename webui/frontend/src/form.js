// Forms that save themselves: half a second after the last key the answers go to the server, which
// keeps the draft and says which fields are asked now. The contract is in webui/formview.py.

const REST = 500; // milliseconds without typing before a draft is sent

/** Let every form of `root` that has a draft address save itself. */
export function watchForms(root) {
  root.querySelectorAll('form[data-draft-url]').forEach((form) => new DraftForm(form));
}

class DraftForm {
  constructor(form) {
    this.form = form;
    this.state = form.querySelector('[data-draft-state]');
    this.retry = form.querySelector('[data-draft-retry]');
    this.timer = 0;
    this.changes = 0; // changes made
    this.saved = 0; // changes that the server has
    this.sending = null;
    form.addEventListener('input', () => this.changed());
    form.addEventListener('change', () => this.changed());
    form.addEventListener('click', (event) => this.row(event));
    form.addEventListener('submit', () => this.leave());
    this.retry?.addEventListener('click', () => this.save());
    // The page may vanish (tab closed, phone locked) before the rest is over.
    document.addEventListener('visibilitychange', () => {
      if (document.visibilityState === 'hidden' && this.changes > this.saved) this.save({ keepalive: true });
    });
  }

  changed() {
    this.changes += 1;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.save(), REST);
  }

  /** The whole form is on its way: a draft that arrives later, or is answered, is only refused. */
  leave() {
    clearTimeout(this.timer);
    this.stop?.abort();
    this.saved = this.changes;
    this.submitted = true;
  }

  /** Send the draft; one request at a time, so that an older answer never overtakes a newer one. */
  async save({ action = '', keepalive = false } = {}) {
    if (this.submitted) return null;
    clearTimeout(this.timer);
    if (this.sending) {
      await this.sending;
      if (this.saved === this.changes && !action) return null;
    }
    const at = this.changes;
    this.sending = this.send(action, keepalive);
    try {
      this.say('saving');
      const answer = await this.sending;
      this.saved = at;
      if (!action) this.show(answer.fragment);
      this.say('saved', answer.saved_at);
      return answer;
    } catch (error) {
      if (!this.submitted) this.say('failed', null, error.said);
      return null;
    } finally {
      this.sending = null;
      if (this.saved === at && this.changes > at) this.changed();
    }
  }

  async send(action, keepalive) {
    const body = new URLSearchParams();
    for (const [name, value] of new FormData(this.form)) if (typeof value === 'string' && !name.startsWith('_')) body.append(name, value);
    body.set('action', action || 'save-draft');
    const token = document.querySelector('meta[name="csrf-token"]')?.content ?? '';
    this.stop = new AbortController();
    const answer = await fetch(this.form.dataset.draftUrl, {
      method: 'POST',
      body,
      signal: this.stop.signal,
      keepalive,
      credentials: 'same-origin',
      headers: { Accept: 'application/json', 'X-CSRFToken': token },
    });
    const json = await answer.json().catch(() => ({}));
    if (!answer.ok) throw Object.assign(new Error(`draft: ${answer.status}`), { said: json.message });
    return json;
  }

  /** Add or remove a row without leaving the page; without scripts the same button submits the form. */
  async row(event) {
    const button = event.target.closest('button[data-row-action]');
    if (!button) return;
    event.preventDefault();
    this.changes += 1;
    const list = button.closest('[data-list]').dataset.list;
    const answer = await this.save({ action: button.value });
    if (!answer?.fragment) return;
    // The numbers of the rows have moved, so the whole list is taken from the server.
    const fresh = parse(answer.fragment).querySelector(`[data-list="${CSS.escape(list)}"]`);
    this.form.querySelector(`[data-list="${CSS.escape(list)}"]`).replaceWith(fresh);
    const rows = fresh.querySelectorAll(':scope > .rows > [data-field]');
    const added = button.value.startsWith('add-row') && rows[rows.length - 1];
    (added || fresh).querySelector(added ? CONTROLS : ':scope > button[data-row-action]')?.focus();
  }

  /** Show the fields that are asked now; those already shown keep what is typed, focus and caret. */
  show(fragment) {
    const fields = this.form.querySelector('[data-form-fields]');
    if (fragment && fields) merge(fields, parse(fragment));
  }

  say(state, at = null, said = '') {
    if (!this.state) return;
    const words = this.state.dataset;
    const time = at
      ? new Date(at).toLocaleTimeString(document.documentElement.lang || undefined, { hour: '2-digit', minute: '2-digit' })
      : '';
    words.state = state;
    this.state.textContent = said || (words[state] ?? '').replace('{time}', time);
    if (this.retry) this.retry.hidden = state !== 'failed';
  }
}

const CONTROLS = 'input:not([type="hidden"]), select, textarea';

function parse(fragment) {
  return new DOMParser().parseFromString(fragment, 'text/html').body;
}

/** Bring the keyed children of `shown` in line with `wanted`, leaving those that stay untouched. */
export function merge(shown, wanted) {
  const old = new Map([...shown.children].filter(key).map((element) => [key(element), element]));
  let place = null;
  for (const element of [...wanted.children].filter(key)) {
    const kept = old.get(key(element));
    old.delete(key(element));
    if (kept && element.hasAttribute('data-computed')) kept.replaceChildren(...element.childNodes);
    else if (kept && inner(kept) && inner(element)) merge(inner(kept), inner(element));
    const here = kept ?? element;
    const next = place ? place.nextElementSibling : firstKeyed(shown);
    if (here !== next) {
      if (place) place.after(here);
      else if (next) next.before(here);
      else shown.append(here);
    }
    place = here;
  }
  for (const element of old.values()) element.remove();
}

function key(element) {
  return element.dataset.field ?? '';
}

/** The box inside a group, list or row that holds its fields. */
function inner(element) {
  return element.hasAttribute('data-box') ? element : element.querySelector(':scope > [data-box]');
}

function firstKeyed(shown) {
  return [...shown.children].find(key) ?? null;
}
