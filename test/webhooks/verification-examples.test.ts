import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { signatureHeaders } from '../../src/webhooks/signature.ts';
import { WebhookSecrets } from '../../src/webhooks/webhook-secret.ts';

const run = promisify(execFile);
const guide = await readFile('docs/webhooks.md', 'utf8');
const folder = await mkdtemp(join(tmpdir(), 'livereel-examples-'));
t.teardown(() => rm(folder, { recursive: true, force: true }));

const secrets = new WebhookSecrets(Buffer.alloc(32, 1));
const [secret, key] = [secrets.shown('Wh3Kq9ZtA1bX', 2), secrets.keyOf('Wh3Kq9ZtA1bX', 2)];
const body = '{"id":"evt_1","text":"déjà vu"}';
const timestampSeconds = Math.floor(Date.now() / 1_000);
const headers = signatureHeaders({ id: 'evt_1', timestampSeconds, body }, [
  secrets.keyOf('Wh3Kq9ZtA1bX', 1),
  key,
]);
const late = signatureHeaders({ id: 'evt_1', timestampSeconds: timestampSeconds - 3_600, body }, [key]);
/** What a receiver may be given, and whether it is genuine. */
const cases: [string, Record<string, string>, string, boolean][] = [
  [secret, headers, body, true],
  [secrets.shown('Wh3Kq9ZtA1bX', 1), headers, body, true],
  [secrets.shown('another00000', 2), headers, body, false],
  [secret, headers, body.replace('1', '2'), false],
  [secret, { ...headers, 'webhook-id': 'evt_2' }, body, false],
  [secret, { ...headers, 'webhook-timestamp': String(timestampSeconds - 1) }, body, false],
  [secret, { ...headers, 'webhook-signature': 'v1,AAAA' }, body, false],
  [secret, late, body, false],
];

/** The guide's code in a language. */
function codeIn(language: string): string {
  const code = new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``).exec(guide)?.[1];
  if (code === undefined) throw new Error(`the guide has no ${language}`);
  return code;
}

t.test("the guide's JavaScript knows what is genuine", async t => {
  const file = join(folder, 'genuine.mjs');
  await writeFile(file, codeIn('js'));
  const { isGenuine } = await import(file);
  for (const [key, given, text, expected] of cases) t.equal(isGenuine(key, given, text), expected);
});

t.test("the guide's Python knows what is genuine", async t => {
  const main =
    'import json, sys\nprint(json.dumps([is_genuine(*case[:3]) for case in json.loads(sys.argv[1])]))\n';
  const file = join(folder, 'genuine.py');
  await writeFile(file, `${codeIn('python')}\n${main}`);
  const { stdout } = await run('python3', [file, JSON.stringify(cases)]);
  t.same(
    JSON.parse(stdout),
    cases.map(([, , , expected]) => expected),
  );
});
