// Says texts in the language of the page, which gives them with it (webui/scripttext.py). What it
// does not give is said in English. Placeholders are named: gettext('%(path)s is kept.', { path }).

const given = JSON.parse(document.querySelector('[data-texts]')?.dataset.texts ?? '{}');
const language = document.documentElement.lang || 'en';
const forms = new Intl.PluralRules(language);

/** Return a text in the language of the page, with its values filled in. */
export function gettext(text, values = {}) {
  return filled(given[text]?.[0] ?? text, values);
}

/** Return the form of a text for a count; `%(count)s` is filled in by itself. */
export function ngettext(one, many, count, values = {}) {
  const [first, other] = given[one] ?? [one, many];
  return filled(forms.select(count) === 'one' ? first : other, { count: figure(count), ...values });
}

/** Write a number with the marks of the language; `digits` are those behind the mark. */
export function figure(value, digits = 0) {
  return value.toLocaleString(language, { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** Say the texts of the drawing libraries, which name their placeholders in braces. */
export function translate(text, values = {}) {
  const [, word] = /^<(\w+)>$/.exec(text) ?? [];
  if (word) return `<${translate(word)}>`;
  return (given[text] ?? given[inSentence(text)] ?? [text])[0].replace(/\{([^}]+)\}/g, (whole, name) => values[name] ?? whole);
}

/** The panel calls a `User task` of the menu a `User Task`. */
function inSentence(text) {
  const words = text.charAt(0) + text.slice(1).toLowerCase();
  return words.replace(/\b(non|event) (interrupting|based)\b/gi, '$1-$2');
}

function filled(text, values) {
  return text.replace(/%\((\w+)\)s/g, (whole, name) => values[name] ?? whole);
}
