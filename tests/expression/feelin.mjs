// Evaluates a batch of expressions with the implementation inside the editors (npm's feelin).
// Standard input: {"module": path, "cases": [{"kind", "source", "context"}]}.
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const { module, cases } = JSON.parse(readFileSync(0, 'utf8'));
const feelin = await import(pathToFileURL(module));

function tagged(value) {
  if (value === undefined || value === null) return null;
  if (typeof value === 'number' && !Number.isFinite(value)) return { $other: String(value) };
  if (typeof value === 'function') return { $other: 'function' };
  if (Array.isArray(value)) return value.map(tagged);
  if (typeof value !== 'object') return value;
  const name = value.constructor.name;
  if (name === 'FeelDate') return { $date: value.iso };
  if (name === 'FeelTime') return { $time: value.iso };
  if (name === 'FeelDateTime') return { $instant: value.iso };
  if (name === 'FeelDuration') return { $duration: value.iso };
  if (typeof value.toISODate === 'function') return { $luxon: value.toISO() };
  if (typeof value.toISO === 'function') return { $luxon: value.toISO() };
  if (name !== 'Object') return { $other: name };
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, tagged(entry)]));
}

const results = cases.map(({ kind, source, context }) => {
  try {
    const run = kind === 'tests' ? feelin.unaryTest : feelin.evaluate;
    const result = run(source, context);
    const value = result && typeof result === 'object' && 'warnings' in result ? result.value : result;
    return { value: tagged(value) };
  } catch (error) {
    return { error: String(error.message) };
  }
});
process.stdout.write(JSON.stringify(results));
