// Our own part of the form editor: fewer components, and the settings that only our server reads.
import { OwnFields } from './provider.jsx';
import { Typed } from './typed.js';

const AFTER_THE_STANDARD = 500;

/** Offers only components that our pages can show; a form with others can still be opened. */
class Palette {
  static $inject = ['formFields', 'supported'];

  constructor(formFields, supported) {
    const all = formFields._formFields;
    formFields.get = (type) => all[type];
    formFields._formFields = Object.fromEntries(Object.entries(all).filter(([type]) => type === 'default' || supported.includes(type)));
  }
}

class Fields {
  static $inject = ['propertiesPanel', 'catalogue'];

  constructor(panel, catalogue) {
    panel.registerProvider(new OwnFields(catalogue), AFTER_THE_STANDARD);
  }
}

export default {
  __init__: ['ownPalette', 'ownFields', 'ownTyped'],
  ownPalette: ['type', Palette],
  ownFields: ['type', Fields],
  ownTyped: ['type', Typed],
};
