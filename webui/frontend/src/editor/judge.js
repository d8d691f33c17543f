// Has the unsaved file judged among the others of its draft: problems at once, then every rule on
// every path. A newer question makes an older answer worthless, so it is thrown away.
import { make, rested } from './dom.js';
import { post } from './server.js';
import { figure, gettext, ngettext } from '../language.js';

const REST = 700; // milliseconds without a change before the problems are asked for
const PROVE_REST = 1800; // and the rules, which take the server some seconds
const BUSY_AGAIN = 3000;
const MOST_AT_ONCE = 4; // ways in which one rule is broken; the others fold away

export class Judge {
  constructor(bench) {
    this.bench = bench;
    this.problems = bench.root.querySelector('[data-problems]');
    this.rules = bench.root.querySelector('[data-rules]');
    this.asked = { check: 0, verify: 0 };
    this.checkSoon = rested(() => this.check(), REST);
    this.proveSoon = rested(() => this.prove(), PROVE_REST);
    bench.root.querySelector('[data-deed="prove"]').addEventListener('click', () => this.prove());
  }

  soon() {
    this.checkSoon();
    this.proveSoon();
  }

  async check() {
    const answer = await this.ask('check', this.problems, gettext('Looking for problems…'));
    if (answer) this.showProblems(answer.findings);
  }

  async prove() {
    const answer = await this.ask('verify', this.rules, gettext('Proving the rules on every path…'));
    if (answer) this.showRules(answer);
  }

  /** Ask once; return nothing when the question is out of date or was refused. */
  async ask(kind, place, words) {
    this.asked[kind] += 1;
    const number = this.asked[kind];
    place.setAttribute('aria-busy', 'true');
    say(place, words);
    try {
      const content = await this.bench.text();
      const answer = await post(this.bench.urls[`${kind}Url`], { content });
      if (number !== this.asked[kind]) return null;
      if (answer.busy) {
        say(place, gettext('Another proof is running; this one waits for it…'));
        setTimeout(() => number === this.asked[kind] && this.prove(), BUSY_AGAIN);
        return null;
      }
      place.removeAttribute('aria-busy');
      return answer;
    } catch (error) {
      if (number !== this.asked[kind]) return null;
      place.removeAttribute('aria-busy');
      say(place, error.message);
      return null;
    }
  }

  showProblems(findings) {
    const errors = findings.filter((one) => one.severity === 'error').length;
    const warnings = findings.length - errors;
    say(this.problems, counted(errors, warnings), errors ? 'bad' : 'good');
    const here = findings.filter((one) => one.file === this.bench.path);
    const elsewhere = findings.filter((one) => one.file !== this.bench.path);
    fill(this.problems, [...here, ...elsewhere].map((one) => this.problem(one)));
  }

  problem(one) {
    const kind = one.severity === 'error' ? gettext('Problem') : gettext('Remark');
    return make(
      'li',
      { class: `finding finding--${one.severity}` },
      make('span', { class: 'finding-kind' }, kind),
      this.place(one),
      make('span', { class: 'finding-words' }, one.message),
    );
  }

  /** Name where something is: a button for an element of this file, a link to another file. */
  place({ file, element, name, href }) {
    const words = name || element;
    const isHere = file === this.bench.path;
    if (!isHere && !href) return make('span', { class: 'finding-place' }, [file, words].filter(Boolean).join(': '));
    if (!isHere) return make('a', { href, class: 'finding-place' }, words ? `${file}: ${words}` : file);
    if (!element) return make('span', { class: 'finding-place' }, words || gettext('The whole file'));
    return make(
      'button',
      { type: 'button', class: 'finding-place', 'data-element': element, onclick: () => this.bench.select(element) },
      words,
    );
  }

  showRules(answer) {
    if (answer.refused) {
      say(this.rules, gettext('The rules cannot be proved yet: %(reason)s', { reason: answer.refused }), 'bad');
      fill(this.rules, []);
      return;
    }
    const broken = answer.rules.filter((rule) => !rule.holds);
    const kept = answer.rules.filter((rule) => rule.holds);
    const looked = { kept: kept.length, states: figure(answer.states), seconds: figure(answer.seconds, 1) };
    const told = broken.length
      ? ngettext(
          '%(count)s rule broken, %(kept)s hold, on every path (%(states)s states in %(seconds)s s).',
          '%(count)s rules broken, %(kept)s hold, on every path (%(states)s states in %(seconds)s s).',
          broken.length,
          looked,
        )
      : gettext('All %(kept)s rules hold, on every path (%(states)s states in %(seconds)s s).', looked);
    say(this.rules, told, broken.length ? 'bad' : 'good');
    this.answer = answer;
    fill(this.rules, [...broken.map((rule) => this.broken(rule)), ...kept.map(holding)]);
  }

  broken(rule) {
    const rest = rule.violations.slice(MOST_AT_ONCE);
    return make(
      'li',
      { class: 'rule rule--broken', 'data-rule': rule.id },
      make('p', { class: 'rule-name' }, make('span', { class: 'rule-state' }, gettext('%(rule)s broken', { rule: rule.id })), ' ', rule.sentence),
      ...rule.violations.slice(0, MOST_AT_ONCE).map((one) => this.violation(one)),
      rest.length > 0 &&
        make('details', {}, make('summary', {}, ngettext('%(count)s more place', '%(count)s more places', rest.length)), ...rest.map((one) => this.violation(one))),
    );
  }

  violation(one) {
    const path = make('ol', { class: 'rule-path' }, ...one.steps.map((step) => make('li', {}, step.sentence)));
    return make(
      'div',
      { class: 'violation' },
      make('p', {}, this.place(one), `${wordsAfter(one)}.`),
      one.steps.length > 0 &&
        make('button', { type: 'button', class: 'btn btn-sm btn-outline-primary', onclick: () => this.play(one) }, gettext('Show it on the drawing')),
      one.steps.length > 0 &&
        make('details', {}, make('summary', {}, ngettext('The %(count)s step that leads there', 'The %(count)s steps that lead there', one.steps.length)), make('p', { class: 'small' }, one.played), path),
    );
  }

  play(violation) {
    this.bench.player.play(violation, this.answer.drawings);
  }
}

/** The name of the place stands before the sentence, which often begins with it. */
function wordsAfter({ sentence, rest }) {
  return rest && rest !== sentence ? rest : `: ${sentence}`;
}

function holding(rule) {
  return make(
    'li',
    { class: 'rule', 'data-rule': rule.id },
    make('p', { class: 'rule-name' }, make('span', { class: 'rule-state' }, gettext('%(rule)s holds', { rule: rule.id })), ' ', rule.sentence),
    rule.weakened && make('p', { class: 'small' }, gettext('Weakened by the profile: %(words)s', { words: rule.weakened })),
  );
}

function counted(errors, warnings) {
  const problems = ngettext('%(count)s problem', '%(count)s problems', errors);
  const remarks = ngettext('%(count)s remark', '%(count)s remarks', warnings);
  if (errors && warnings) return gettext('%(problems)s and %(remarks)s.', { problems, remarks });
  if (errors || warnings) return `${errors ? problems : remarks}.`;
  return gettext('Nothing to mend.');
}

function say(place, words, mood = '') {
  const line = place.querySelector('[data-summary]');
  line.textContent = words;
  line.dataset.mood = mood;
}

function fill(place, items) {
  place.querySelector('[data-list]').replaceChildren(...items);
}
