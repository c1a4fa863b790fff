import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { AddressGuard } from '../../src/fetch/address-guard.ts';
import { GuardedClient } from '../../src/fetch/guarded-client.ts';
import { type Download, download } from '../../src/fetch/resumed-download.ts';
import { FileOrigin } from '../support/file-origin.ts';

const folder = await mkdtemp(join(tmpdir(), 'livereel-download-'));
const bytes = randomBytes(1_000_000);
await writeFile(join(folder, 'clip.mp4'), bytes);
const origin = await FileOrigin.start(folder, t);
const client = new GuardedClient({
  guard: new AddressGuard({ allowNetworks: ['127.0.0.0/8'], openedBy: 'IMPORT_ALLOW_NETWORKS' }),
});
t.teardown(async () => {
  client.close();
  await rm(folder, { recursive: true, force: true });
});
t.beforeEach(() => {
  origin.asked.length = 0;
  origin.interfere = () => false;
});

let number = 0;
function what(changes: Partial<Download> = {}): Download {
  number += 1;
  return {
    client,
    url: origin.url('/clip.mp4'),
    file: join(folder, `fetched-${number}`),
    maxBytes: 2_000_000,
    signal: new AbortController().signal,
    isWanted: () => true,
    progress: () => undefined,
    retryMillis: 1,
    ...changes,
  };
}

/** Fetches until `stopAt` bytes are there, and stops like a process that dies. */
async function begin(wanted: Download, stopAt: number): Promise<void> {
  const stop = new AbortController();
  const progress = (done: number) => done >= stopAt && stop.abort(new Error('died'));
  await t.rejects(download({ ...wanted, progress, signal: stop.signal }), /died/);
  origin.asked.length = 0;
}

t.test('a file is fetched whole, its progress told', async t => {
  const told: [number, number | null][] = [];
  const wanted = what({ progress: (...progress) => told.push(progress) });
  t.match(await download(wanted), { isWanted: true });
  t.ok(bytes.equals(await readFile(wanted.file)));
  t.same(told.at(-1), [1_000_000, 1_000_000]);
});

t.test('what was begun goes on where it was', async t => {
  const wanted = what();
  await begin(wanted, 200_000);
  await download(wanted);
  t.ok(bytes.equals(await readFile(wanted.file)));
  t.match(origin.asked[0]?.headers, { range: /^bytes=[2-9]\d{5}-$/, 'if-range': '"one"' });
  origin.asked.length = 0;
  await download(wanted);
  t.equal(origin.asked.length, 0, 'what is whole is not asked for again');
});

t.test('a file that changed meanwhile is fetched anew', async t => {
  const wanted = what();
  await begin(wanted, 200_000);
  t.teardown(() => writeFile(join(folder, 'clip.mp4'), bytes));
  const changed = randomBytes(900_000);
  await writeFile(join(folder, 'clip.mp4'), changed);
  origin.etag = '"two"';
  await download(wanted);
  t.ok(changed.equals(await readFile(wanted.file)));
});

t.test(
  'an origin without ranges, and one that sends another part than asked for, are begun anew',
  async t => {
    for (const wrong of ['none', 'elsewhere', 'beyond'] as const) {
      const wanted = what();
      await begin(wanted, 200_000);
      origin.interfere = ({ headers }, response) => {
        if (headers.range === undefined) return false;
        if (wrong === 'none') response.writeHead(200, { etag: '"one"' }).end(bytes);
        else if (wrong === 'beyond') response.writeHead(416).end();
        else response.writeHead(206, { 'content-range': 'bytes 0-9/1000000' }).end(bytes.subarray(0, 10));
        return true;
      };
      await download(wanted);
      t.ok(bytes.equals(await readFile(wanted.file)), wrong);
      origin.interfere = () => false;
    }
  },
);

t.test('a connection that is lost again and again is taken up again as long as something comes', async t => {
  const wanted = what();
  origin.interfere = ({ headers }, response) => {
    const from = Number(/\d+/.exec(headers.range ?? '0')?.[0]);
    const range = { 'content-range': `bytes ${from}-999999/1000000` };
    response.writeHead(from === 0 ? 200 : 206, {
      etag: '"one"',
      'content-length': 1_000_000 - from,
      ...range,
    });
    response.write(bytes.subarray(from, from + 120_000), () =>
      setTimeout(() => (from + 120_000 < 1_000_000 ? response.destroy() : response.end()), 20),
    );
    return true;
  };
  await download(wanted);
  t.ok(bytes.equals(await readFile(wanted.file)));
  t.ok(origin.asked.length > 5, `${origin.asked.length} connections`);
});

t.test('refusals are told in words; only those that may pass are tried again', async t => {
  for (const [status, code, tries] of [
    [404, 'source-refused', 1],
    [401, 'source-refused', 1],
    [503, 'source-unavailable', 5],
    [429, 'source-unavailable', 5],
  ] as const) {
    origin.asked.length = 0;
    origin.interfere = (_request, response) => Boolean(response.writeHead(status).end());
    await t.rejects(download(what()), { code, message: new RegExp(`answered ${status}`) });
    t.equal(origin.asked.length, tries, `${status}`);
  }
});

t.test('more than may be is refused by what the header says, and by what comes', async t => {
  await t.rejects(download(what({ maxBytes: 999_999 })), { code: 'source-too-large' });
  origin.interfere = (_request, response) => {
    response.write(bytes);
    response.write(bytes);
    return Boolean(response.end(bytes));
  };
  await t.rejects(download(what()), { code: 'source-too-large' });
  const wanted = what();
  origin.interfere = () => false;
  await begin(wanted, 500_000);
  const smaller = { ...wanted, maxBytes: 600_000 };
  await t.rejects(download(smaller), { code: 'source-too-large' }, 'what was there before counts');
});

t.test('what is not wanted is not kept', async t => {
  const wanted = what({ isWanted: first => first.length > 5_000 });
  t.match(await download(wanted), { isWanted: false });
  t.equal((await readFile(wanted.file)).length, 0);
});
