// What every page loads: styles, htmx, forms that save themselves.
import './app.css';
import './htmx_config.js';
import 'htmx.org';
import { watchForms } from './form.js';
import { focusErrors } from './errors.js';
import { solveChallenges } from './proof.js';
import { watchKeys } from './security_key.js';

watchForms(document);
focusErrors(document);
solveChallenges(document);
watchKeys(document);
