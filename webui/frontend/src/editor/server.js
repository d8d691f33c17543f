// Asks the server about the file that is edited. Every answer is JSON; a refusal is a sentence.
import { gettext } from '../language.js';

const ENCODED = { 'Content-Type': 'application/json' };

/** What a refused request says: `status` and the server's own words. */
export class Refusal extends Error {
  constructor(status, answer) {
    super(answer.message || gettext('The server does not answer; try again.'));
    this.status = status;
    this.answer = answer;
  }
}

export function get(url) {
  return ask(url, {});
}

export function post(url, body, options = {}) {
  const token = document.querySelector('meta[name="csrf-token"]')?.content ?? '';
  return ask(url, {
    ...options,
    method: 'POST',
    body: JSON.stringify(body),
    headers: { ...ENCODED, 'X-CSRFToken': token },
  });
}

async function ask(url, { headers = {}, ...options }) {
  const answer = await fetch(url, {
    credentials: 'same-origin',
    ...options,
    headers: { Accept: 'application/json', ...headers },
  }).catch((error) => {
    if (error.name === 'AbortError') throw error;
    throw new Refusal(0, { message: gettext('The server cannot be reached; what you changed is still here. Try again.') });
  });
  const json = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refusal(answer.status, json);
  return json;
}
