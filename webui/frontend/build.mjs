// Bundles styles and scripts into webui/static/build with content-hashed names and manifest.json.
import * as esbuild from 'esbuild';
import fs from 'node:fs';
import path from 'node:path';

const here = import.meta.dirname;
const out = path.resolve(here, '../static/build');

// Bootstrap's dark rules wait for an attribute that only a script could set before the first
// paint. Here they follow the reader's system instead, so that dark mode works without scripts.
const DARK_RULE = /(?<=\})(\[data-bs-theme=dark\][^{},]*)\{([^{}]*)\}/g;

const darkBySystem = {
  name: 'dark-by-system',
  setup(build) {
    build.onLoad({ filter: /bootstrap[\\/]dist[\\/]css[\\/]bootstrap(\.rtl)?\.min\.css$/ }, ({ path: file }) => {
      const source = fs.readFileSync(file, 'utf8').replace(/\/\*# sourceMappingURL.*$/m, '');
      const contents = source.replace(
        DARK_RULE,
        (rule, selector, body) =>
          `@media (prefers-color-scheme:dark){${selector.replaceAll('[data-bs-theme=dark]', ':root')}{${body}}}`,
      );
      if (contents === source) throw new Error('Bootstrap changed: its dark rules were not found.');
      return { contents, loader: 'css' };
    });
  },
};

// Threat: CodeMirror writes its styles into a <style> element, which the security policy refuses.
// The browser takes them as constructed sheets too; the package does so in shadow roots alone.
const stylesAdopted = {
  name: 'styles-adopted',
  setup(build) {
    build.onLoad({ filter: /style-mod[\\/]src[\\/]style-mod\.js$/ }, ({ path: file }) => {
      const source = fs.readFileSync(file, 'utf8');
      const contents = source.replace('if (!root.head && root.adoptedStyleSheets', 'if (root.adoptedStyleSheets');
      if (contents === source) throw new Error('style-mod changed: the line to patch was not found.');
      return { contents, loader: 'js' };
    });
  },
};

// The same policy refuses style attributes in markup that the drawing libraries parse. What they ask
// for is set on the parsed elements instead, which the policy allows.
const attributesSet = {
  name: 'attributes-set',
  setup(build) {
    build.onLoad({ filter: /domify[\\/]index\.js$/ }, ({ path: file }) => {
      const source = fs.readFileSync(file, 'utf8');
      const renamed = source.replace('htmlString = htmlString.trim();', "htmlString = htmlString.trim().replaceAll(' style=', ' data-style=');");
      const contents = `${renamed.replace('export default function domify', 'function parse')}
export default function domify(...given) {
  const parsed = parse(...given);
  const all = parsed.querySelectorAll ? [parsed, ...parsed.querySelectorAll('[data-style]')] : [];
  for (const element of all) if (element.dataset?.style) element.style.cssText = element.dataset.style;
  return parsed;
}
`;
      if (renamed === source || !contents.includes('function parse(')) throw new Error('domify changed: the lines to patch were not found.');
      return { contents, loader: 'js' };
    });
  },
};

// The form editor has no way to say its texts in another language. Each that editor/library_texts.json
// lists becomes a question for it, where the library shows it; what a new field is called stays, since
// that is written into the form.
const TEXTS = JSON.parse(fs.readFileSync(path.join(here, 'src/editor/library_texts.json'), 'utf8')).form
  .map((text) => (text === 'none' || text === 'empty' ? `<${text}>` : text)); // a word in brackets means no value
const SHOWN = {
  editor: String.raw`(?:\b(?:label|description|tooltip|text|children|placeholder|title): (?:\[)?|\]: |\breturn | = |translate\(|\}\), )`,
  viewer: String.raw`(?:\bname: |\]: |keyed: true,\n  label: )`,
};
const COMPOSED = /^(List contains |Click to )/; // put together where they are shown
const FALLBACK = 'function translateFallback(template, replacements) {';
const found = new Set();

/** Let a script of a library ask for translations, also where nobody hands it a way to. */
function asking(source) {
  const words = path.join(here, 'src/language.js').replaceAll('\\', '/');
  const body = source.replace(FALLBACK, `${FALLBACK} return inLanguage(template, replacements);`);
  return `import { translate as inLanguage } from '${words}';\n${body}`;
}

/** The editor takes the focus to the drawn field after each change of it, also from who still types in the panel. */
function focusKept(source) {
  const kept = source.replace(
    /if \(selection\.isSelected\(field\)\) \{(\s+ref\.current\.focus\(\);)/,
    "if (selection.isSelected(field) && !document.activeElement?.closest('.bio-properties-panel')) {$1",
  );
  if (kept === source) throw new Error('form-js-editor changed: the line that takes the focus was not found.');
  return kept;
}

const formsTranslated = {
  name: 'forms-translated',
  setup(build) {
    build.onLoad({ filter: /@bpmn-io[\\/]properties-panel[\\/]dist[\\/]index\.esm\.js$/ }, ({ path: file }) => {
      const source = fs.readFileSync(file, 'utf8');
      if (!source.includes(FALLBACK)) throw new Error('The properties panel changed: its texts cannot be translated.');
      return { contents: asking(source), loader: 'js' };
    });
    build.onLoad({ filter: /form-js-(editor|viewer)[\\/]dist[\\/]index\.es\.js$/ }, ({ path: file }) => {
      const part = file.includes('form-js-editor') ? 'editor' : 'viewer';
      const texts = TEXTS.map((text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|');
      const literal = new RegExp(`(?<=${SHOWN[part]})(?:'(${texts})'|"(${texts})")`, 'g');
      const source = fs.readFileSync(file, 'utf8');
      const contents = source.replace(literal, (whole, one, other) => {
        found.add(one ?? other);
        return `inLanguage(${whole})`;
      });
      return { contents: asking(part === 'editor' ? focusKept(contents) : contents), loader: 'js' };
    });
    build.onEnd(() => {
      const gone = TEXTS.filter((text) => !found.has(text) && !COMPOSED.test(text));
      if (gone.length) throw new Error(`form-js changed: it does not show ${gone.join(', ')}; mend library_texts.json.`);
    });
  },
};

fs.rmSync(out, { recursive: true, force: true });
const result = await esbuild.build({
  absWorkingDir: here,
  plugins: [darkBySystem, stylesAdopted, attributesSet, formsTranslated],
  entryPoints: {
    app: 'src/app.js',
    // The same styles for languages that are read from right to left.
    app_rtl: 'src/app_rtl.css',
    diagram: 'src/diagram.js',
    editor_bpmn: 'src/editor/bpmn.js',
    editor_dmn: 'src/editor/dmn.js',
    editor_form: 'src/editor/form.js',
    workshop: 'src/workshop/workshop.js',
  },
  outdir: out,
  bundle: true,
  splitting: true,
  format: 'esm',
  minify: true,
  metafile: true,
  target: ['es2022'],
  jsx: 'automatic',
  jsxImportSource: '@bpmn-io/properties-panel/preact',
  legalComments: 'none', // every licence text is in third-party.txt
  entryNames: '[name]-[hash]',
  chunkNames: 'chunk-[hash]',
  assetNames: '[name]-[hash]',
  // Every browser that runs ES2022 reads WOFF2; the older formats would only add weight.
  loader: { '.woff2': 'file', '.woff': 'empty', '.eot': 'empty', '.ttf': 'empty', '.svg': 'file' },
  logLevel: 'warning',
});

if (result.warnings.length > 0) process.exit(1);
fs.writeFileSync(path.join(out, 'manifest.json'), JSON.stringify(manifest(result.metafile), null, 2));
fs.writeFileSync(path.join(out, 'third-party.txt'), notice(result.metafile));

/** Map the stable name of each entry ("app.js", "app.css") to its hashed file. */
function manifest(meta) {
  const names = {};
  for (const [file, { entryPoint, cssBundle }] of Object.entries(meta.outputs)) {
    if (!entryPoint?.startsWith('src/')) continue;
    const [, name, ending] = path.basename(file).match(/^(.*)-[A-Z0-9]+\.(js|css)$/);
    names[`${name}.${ending}`] = path.basename(file);
    if (cssBundle) names[`${name}.css`] = path.basename(cssBundle);
  }
  return names;
}

/** Return name, version and licence text of every package of which something was bundled. */
function notice(meta) {
  const locked = JSON.parse(fs.readFileSync(path.join(here, 'package-lock.json'), 'utf8')).packages;
  const folders = new Set();
  for (const input of Object.keys(meta.inputs)) {
    const found = input.match(/^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//);
    if (found) folders.add(found[1]);
  }
  const parts = [...folders].sort().map((folder) => {
    const entry = locked[folder];
    if (!entry) throw new Error(`${folder} is bundled but not in package-lock.json: run npm ci.`);
    const name = folder.slice(folder.lastIndexOf('node_modules/') + 'node_modules/'.length);
    const licence = fs
      .readdirSync(path.join(here, folder))
      .find((file) => /^licen[cs]e(\.|-|$)/i.test(file));
    const text = licence
      ? fs.readFileSync(path.join(here, folder, licence), 'utf8').trim()
      : `Licence: ${entry.license ?? 'see the package'}`;
    return `${name} ${entry.version} (${entry.license ?? 'see the text'})\n\n${text}\n`;
  });
  return `Casetable's pages contain parts of these packages.\n\n${parts.join(`\n${'-'.repeat(78)}\n\n`)}`;
}
