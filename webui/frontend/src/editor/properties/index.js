// The fields of the panel as a module of the editor.
import { Provider } from './provider.js';

export default {
  __init__: ['ownProperties'],
  ownProperties: ['type', Provider],
};
