import { createHash, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { namedModel } from '../../src/captions/model-catalogue.ts';
import { readModelFile } from '../../src/captions/model-file.ts';
import { type DownloadProgress, ModelStore } from '../../src/captions/model-store.ts';
import { createLog } from '../../src/log.ts';
import { testModelPath } from '../support/speech.ts';

const signal = new AbortController().signal;
const bytes = randomBytes(300_000);
const model = {
  kind: 'published' as const,
  name: 'tiny',
  fileName: 'ggml-tiny.bin',
  sha1: createHash('sha1').update(bytes).digest('hex'),
};
const unheard = () => undefined;

type Answering = (request: IncomingMessage, answer: ServerResponse, count: number) => void;

/** A store in a folder of its own that fetches from a server which answers as the test says. */
async function storeWith(t: Test, answering: Answering) {
  const folder = await mkdtemp(join(tmpdir(), 'livereel-models-'));
  const ranges: (string | undefined)[] = [];
  const server = createServer((request, answer) => {
    ranges.push(request.headers.range);
    answering(request, answer, ranges.length);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  t.teardown(async () => {
    server.closeAllConnections();
    server.close();
    await rm(folder, { recursive: true, force: true });
  });
  const store = new ModelStore({
    folder,
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/main`,
    log: createLog('silent'),
    retryWaitsSeconds: [0, 0],
    idleSeconds: 2,
  });
  return { store, folder, ranges };
}

/** As a server that knows ranges answers; `atMost` bytes, then the connection ends. */
function sendRange(request: IncomingMessage, answer: ServerResponse, atMost = Infinity): void {
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
  if (from >= bytes.length) {
    answer.writeHead(416, { 'content-range': `bytes */${bytes.length}` }).end();
    return;
  }
  const rest = bytes.subarray(from);
  answer.writeHead(from > 0 ? 206 : 200, {
    'content-length': rest.length,
    ...(from > 0 && { 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` }),
  });
  if (rest.length <= atMost) answer.end(rest);
  else answer.write(rest.subarray(0, atMost), () => setTimeout(() => answer.destroy(), 50));
}

t.test('a model is fetched once, with progress, and taken from the disk ever after', async t => {
  const { store, folder, ranges } = await storeWith(t, (request, answer) => {
    t.equal(request.url, '/main/ggml-tiny.bin');
    sendRange(request, answer);
  });
  const told: DownloadProgress[] = [];
  // Two who need it at once are one download.
  const paths = await Promise.all([
    store.fetch(model, progress => told.push(progress), signal),
    store.fetch(model, unheard, signal),
  ]);
  t.same(paths, [join(folder, model.fileName), join(folder, model.fileName)]);
  t.equal(ranges.length, 1);
  t.same(told.at(-1), { receivedBytes: bytes.length, totalBytes: bytes.length });
  t.same(await readdir(folder), [model.fileName]);
  t.ok(bytes.equals(await readFile(paths[0] ?? '')));
});

t.test('a connection that breaks off again and again goes on where it was', async t => {
  const { store, ranges } = await storeWith(t, (request, answer) => sendRange(request, answer, 70_000));
  const path = await store.fetch(model, unheard, signal);
  t.ok(bytes.equals(await readFile(path)));
  t.ok(ranges.length > 4, `${ranges.length} connections`);
  t.equal(ranges[0], undefined);
  t.ok(ranges.slice(1).every(range => /^bytes=[1-9]\d*-$/.test(range ?? '')));
});

t.test('what an earlier server left half fetched, or fetched and unchecked, is used', async t => {
  for (const have of [100_000, bytes.length]) {
    const { store, folder, ranges } = await storeWith(t, (request, answer) => sendRange(request, answer));
    await writeFile(join(folder, `${model.fileName}.part`), bytes.subarray(0, have));
    t.ok(bytes.equals(await readFile(await store.fetch(model, unheard, signal))));
    t.same(ranges, [`bytes=${have}-`]);
  }
});

t.test('a server that knows no ranges sends all of it anew', async t => {
  const { store, folder } = await storeWith(t, (_, answer) => void answer.end(bytes));
  await writeFile(join(folder, `${model.fileName}.part`), randomBytes(bytes.length + 5_000));
  t.ok(bytes.equals(await readFile(await store.fetch(model, unheard, signal))));
});

t.test('another file by now: the old beginning is thrown away', async t => {
  const { store, folder } = await storeWith(t, (request, answer, count) => {
    if (count === 1) answer.writeHead(416, { 'content-range': 'bytes */12' }).end();
    else sendRange(request, answer);
  });
  await writeFile(join(folder, `${model.fileName}.part`), randomBytes(400_000));
  t.ok(bytes.equals(await readFile(await store.fetch(model, unheard, signal))));
});

t.test('a wrong checksum is never used, and the next try begins anew', async t => {
  const { store, folder, ranges } = await storeWith(t, (request, answer, count) => {
    if (count === 1) answer.end(randomBytes(bytes.length));
    else sendRange(request, answer);
  });
  await t.rejects(store.fetch(model, unheard, signal), {
    code: 'model-unavailable',
    message: /tiny could not be fetched.*checksum differs.*WHISPER_MODEL_URL/,
  });
  t.same(await readdir(folder), []);
  await store.fetch(model, unheard, signal);
  t.same(ranges, [undefined, undefined]);
});

t.test('what a server refuses, and one that goes quiet or is not there, is told with what to do', async t => {
  const refusing = await storeWith(t, (_, answer) => void answer.writeHead(404).end('no such file'));
  await t.rejects(refusing.store.fetch(model, unheard, signal), { message: /the server answers 404/ });
  t.equal(refusing.ranges.length, 1, 'not asked again');

  const failing = await storeWith(t, (_, answer) => void answer.writeHead(503).end());
  await t.rejects(failing.store.fetch(model, unheard, signal), { message: /answers 503.*ggml-tiny\.bin/ });
  t.equal(failing.ranges.length, 3);

  const quiet = await storeWith(t, (_, answer) => {
    answer.writeHead(200, { 'content-length': bytes.length });
    answer.flushHeaders();
  });
  await t.rejects(quiet.store.fetch(model, unheard, signal), { message: /sent nothing for 2 s/ });

  const { folder } = quiet;
  const nobody = new ModelStore({
    folder,
    baseUrl: 'http://127.0.0.1:9',
    log: createLog('silent'),
    retryWaitsSeconds: [],
  });
  await t.rejects(nobody.fetch(model, unheard, signal), {
    code: 'model-unavailable',
    message: /127\.0\.0\.1:9/,
  });
});

t.test('a file that cannot be written is told', async t => {
  const { folder } = await storeWith(t, (request, answer) => sendRange(request, answer));
  await writeFile(join(folder, 'models'), 'a file where the folder should be');
  const store = new ModelStore({
    folder: join(folder, 'models'),
    baseUrl: 'http://127.0.0.1:9',
    log: createLog('silent'),
  });
  await t.rejects(store.fetch(model, unheard, signal), { code: 'model-unavailable', message: /EEXIST/ });
});

t.test('who gives up is let go at once, and what came is kept', async t => {
  const { store, folder } = await storeWith(t, (_, answer) => {
    answer.writeHead(200, { 'content-length': bytes.length });
    answer.write(bytes.subarray(0, 50_000));
  });
  const giveUp = new AbortController();
  const fetched = store.fetch(model, () => giveUp.abort(new Error('stopping')), giveUp.signal);
  await t.rejects(fetched, { message: 'stopping' });
  t.same(await readdir(folder), [`${model.fileName}.part`]);
});

t.test('a model is named by its name or by its file', async t => {
  t.match(namedModel('base.en'), { kind: 'published', fileName: 'ggml-base.en.bin', sha1: /^[0-9a-f]{40}$/ });
  t.match(namedModel('/models/x'), { kind: 'file', path: '/models/x' });
  t.match(namedModel('ggml-x.bin'), { kind: 'file', path: join(process.cwd(), 'ggml-x.bin') });
  for (const wrong of ['', 'huge', 'toString', '__proto__', 'base '])
    t.throws(() => namedModel(wrong), { code: 'model-unavailable' });
});

t.test("a model's file tells its window and its languages", async t => {
  t.same(await readModelFile(testModelPath), {
    path: testModelPath,
    audioPositions: 750,
    isMultilingual: false,
  });
  const folder = await mkdtemp(join(tmpdir(), 'livereel-models-'));
  t.teardown(() => rm(folder, { recursive: true }));
  for (const content of [
    '',
    'lmgg',
    'RIFF and more',
    Buffer.concat([Buffer.from('lmgg'), Buffer.alloc(8)]),
  ]) {
    await writeFile(join(folder, 'x.bin'), content);
    await t.rejects(readModelFile(join(folder, 'x.bin')), {
      code: 'model-unavailable',
      message: /ggml format/,
    });
  }
  await mkdir(join(folder, 'folder.bin'));
  await t.rejects(readModelFile(join(folder, 'folder.bin')), { code: 'model-unavailable' });
});
