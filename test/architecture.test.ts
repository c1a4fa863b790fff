import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import t from 'tap';
import ts from 'typescript';

/** docs/structure.md: "src/, in the order of imports: a folder imports what stands above it". */
const order = [
  'errors.ts',
  'log.ts',
  'setting-values.ts',
  'setting-kinds.ts',
  'config.ts',
  'media/',
  'rtp/',
  'api/',
  'events/',
  'process/',
  'fetch/',
  'webrtc/',
  'store/',
  'jobs/',
  'journal/',
  'ffmpeg/',
  'hls/',
  'captions/',
  'accounts/',
  'sessions/',
  'library/',
  'webhooks/',
  'doctor/',
  'search/',
  'chat/',
  'ingest/',
  'http/',
  'client/',
  'livereel.ts',
  'worker.ts',
  'worker-process.ts',
  'cli/',
  'main.ts',
  'web/',
];
/** They put parts together: the server, the worker, the API's routes; the list of migrations, which only grows. */
const compositionRoots = [
  'livereel.ts',
  'worker.ts',
  'main.ts',
  'http/api-routes.ts',
  'store/migrations/all-migrations.ts',
];

/** Walls that are tighter than the order: a place may import only these of ours. */
const onlyImports: Readonly<Record<string, readonly string[]>> = {
  'media/': ['errors.ts', 'media/'],
  'rtp/': ['errors.ts', 'media/', 'rtp/'],
  'client/': ['api/', 'client/'],
  'web/': ['api/', 'client/', 'web/'],
};
const neverImports: Readonly<Record<string, readonly string[]>> = {
  'hls/': ['ffmpeg/'],
  'captions/': ['ffmpeg/'],
};

/** Where a package may be imported. */
const homes: readonly { readonly packages: RegExp; readonly home: RegExp }[] = [
  { packages: /^(uWebSockets\.js.*|hono|@hono\/.*|socket\.io|@socket\.io\/.*)$/, home: /^http\// },
  { packages: /^(knex|pg)$/, home: /^store\/|-store\.ts$/ },
  { packages: /^pg-boss$/, home: /^jobs\// },
  { packages: /^(node:)?child_process$/, home: /^process\// },
  { packages: /^jose$/, home: /^accounts\// },
  { packages: /^zod$/, home: /^(api|http)\/|^(config|setting-kinds)\.ts$/ },
  { packages: /^sdp-transform$/, home: /^rtp\// },
  { packages: /^node-datachannel$/, home: /^webrtc\// },
  { packages: /^(lit|hls\.js|lucide-static|@fontsource.*)$/, home: /^web\// },
];

const maxLines = 400;
const maxImports = 14;
const forbiddenNames = /^(index|utils?|helpers?|common|types|misc)\.[cm]?[jt]sx?$/;

type Import = { readonly name: string; readonly path: string | undefined };
type Source = { readonly path: string; readonly text: string; readonly imports: readonly Import[] };

const sources = await Promise.all((await filesBelow('src')).map(readSource));

t.test('each folder imports only what stands above it', async t => {
  const wrong = eachImport().filter(({ from, to }) => rank(to) > rank(from));
  t.same(wrong.map(sentence), []);
  t.same(
    sources.map(({ path }) => path).filter(path => rank(path) === -1),
    [],
    'every file has a place in the order',
  );
});

t.test('walls within the order hold', async t => {
  const wrong = eachImport().filter(({ from, to }) => {
    const allowed = onlyImports[place(from)];
    const isClosed = allowed !== undefined && !allowed.includes(place(to));
    return isClosed || neverImports[place(from)]?.includes(place(to));
  });
  t.same(wrong.map(sentence), []);
});

t.test('no ring of imports, of types neither', async t => {
  t.same(rings(), []);
});

t.test('packages stay with their folder', async t => {
  const wrong = sources.flatMap(({ path, imports }) =>
    imports
      .filter(({ name }) =>
        homes.some(({ packages, home }) => packages.test(packageOf(name)) && !home.test(path)),
      )
      .map(({ name }) => `${path} imports ${name}`),
  );
  t.same(wrong, []);
});

t.test('files hold one concept: at most 400 lines and 14 imports, and a name that says which', async t => {
  for (const folder of ['src', 'test', 'bench', 'scripts', 'examples']) {
    for (const path of await filesBelow(folder)) {
      const lines = (await readFile(join(folder, path), 'utf8')).split('\n').length - 1;
      if (lines > maxLines) t.fail(`${folder}/${path} has ${lines} lines`);
      if (forbiddenNames.test(basename(path))) t.fail(`${folder}/${path} is named after nothing`);
    }
  }
  for (const { path, imports } of sources) {
    if (compositionRoots.includes(path)) continue;
    // A picture or a text that Vite takes in (`icon.svg?raw`) is no module that knows anything.
    const count = new Set(imports.map(({ name }) => name).filter(name => !name.includes('?'))).size;
    if (count > maxImports) t.fail(`src/${path} has ${count} imports`);
  }
});

t.test('everything a file offers says what it is', async t => {
  const silent = sources.filter(({ path }) => !path.startsWith('web/')).flatMap(withoutDocstring);
  t.same(silent, []);
});

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter(entry => entry.isFile() && /\.[cm]?[jt]s$/.test(entry.name))
    .map(entry => relative(folder, join(entry.parentPath, entry.name)))
    .sort();
}

async function readSource(path: string): Promise<Source> {
  const text = await readFile(join('src', path), 'utf8');
  const { importedFiles } = ts.preProcessFile(text, true, true);
  const imports = importedFiles.map(({ fileName: name }) => ({
    name,
    path: name.startsWith('.') ? join(dirname(path), name.replace(/\?.*$/, '')) : undefined,
  }));
  return { path, text, imports };
}

function eachImport(): { from: string; to: string }[] {
  return sources.flatMap(({ path, imports }) =>
    imports.flatMap(({ path: to }) => (to?.endsWith('.ts') ? [{ from: path, to }] : [])),
  );
}

function sentence({ from, to }: { from: string; to: string }): string {
  return `${from} imports ${to}`;
}

/** The line of `order` that a file belongs to. */
function place(path: string): string {
  const slash = path.indexOf('/');
  return slash === -1 ? path : path.slice(0, slash + 1);
}

function rank(path: string): number {
  return order.indexOf(place(path));
}

function packageOf(name: string): string {
  return name
    .split('/')
    .slice(0, name.startsWith('@') ? 2 : 1)
    .join('/');
}

/** Each ring once, as `a -> b -> a`. */
function rings(): string[] {
  const next = new Map(
    sources.map(({ path, imports }) => [path, imports.flatMap(({ path: to }) => (to ? [to] : []))]),
  );
  const found: string[] = [];
  const done = new Set<string>();
  const walk = (path: string, trail: readonly string[]): void => {
    const at = trail.indexOf(path);
    if (at !== -1) found.push([...trail.slice(at), path].join(' -> '));
    if (at !== -1 || done.has(path)) return;
    for (const to of next.get(path) ?? []) walk(to, [...trail, path]);
    done.add(path);
  };
  for (const path of next.keys()) walk(path, []);
  return found;
}

/** Functions and classes that are exported without a docstring; types and schemas often speak for themselves. */
function withoutDocstring({ path, text }: Source): string[] {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.ES2023, true);
  return file.statements.flatMap(statement => {
    if (!ts.isFunctionDeclaration(statement) && !ts.isClassDeclaration(statement)) return [];
    const isExported = statement.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword);
    const speaks = ts.getJSDocCommentsAndTags(statement).length > 0;
    return isExported && !speaks ? [`${path}: ${statement.name?.text}`] : [];
  });
}
