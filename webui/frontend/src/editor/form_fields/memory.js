// Remembers how a form was written, so that saving changes what somebody changed and nothing else: the
// library fills in options and versions of its own, and orders entries anew.

export class Memory {
  constructor(original, imported) {
    this.root = original;
    this.known = new Map();
    const now = byId(imported);
    for (const [id, field] of byId(original)) this.known.set(id, { field, added: added(field, now.get(id)) });
  }

  /** Return the form as it is to be written. */
  faithful(schema) {
    const { schemaVersion, ...rest } = schema;
    return this.field({ ...rest, schemaVersion: this.root.schemaVersion ?? schemaVersion }, this.root, {});
  }

  field(now, before = {}, filledIn = {}) {
    const kept = Object.entries(now).filter(([key, value]) => !(key in filledIn && same(value, filledIn[key])));
    const values = Object.fromEntries(kept);
    const order = [...Object.keys(before).filter((key) => key in values), ...Object.keys(values)];
    const ordered = Object.fromEntries(order.map((key) => [key, values[key]]));
    if (Array.isArray(ordered.components)) ordered.components = ordered.components.map((one) => this.component(one));
    return ordered;
  }

  component(now) {
    const known = this.known.get(now.id);
    const { values, ...others } = now;
    return this.field(isFromDirectory(now, known?.field) ? others : now, known?.field, known?.added);
  }
}

/** The library keeps options of the form beside those of the directory, which are the ones shown. */
function isFromDirectory(now, before) {
  return Boolean(now.properties?.options) && !(before?.properties?.options && before.values);
}

function byId(schema, found = new Map()) {
  for (const one of schema.components ?? []) {
    found.set(one.id, one);
    byId(one, found);
  }
  return found;
}

/** Return what the import has filled in that the file did not say. */
function added(field, imported = {}) {
  return Object.fromEntries(Object.entries(imported).filter(([key]) => !(key in field)));
}

function same(one, other) {
  return JSON.stringify(one) === JSON.stringify(other);
}
