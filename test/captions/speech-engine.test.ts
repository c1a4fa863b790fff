import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { SpeechEngine, type SpeechEngineState } from '../../src/captions/speech-engine.ts';
import { readConfig } from '../../src/config.ts';
import { createLog } from '../../src/log.ts';
import { eventually } from '../support/eventually.ts';
import { plainWords, speechClip, testModelPath } from '../support/speech.ts';

const signal = new AbortController().signal;

async function start(t: Test, env: NodeJS.ProcessEnv) {
  const folder = await mkdtemp(join(tmpdir(), 'livereel-engine-'));
  const states: SpeechEngineState[] = [];
  const engine = SpeechEngine.start({
    config: readConfig({ WHISPER_THREADS: '1', ...env }),
    modelsDir: join(folder, 'models'),
    runDir: folder,
    onState: state => states.push(state),
    log: createLog('silent'),
  });
  t.teardown(async () => {
    await engine.close();
    await rm(folder, { recursive: true, force: true });
  });
  return { engine, folder, states };
}

t.test('with a model file it listens, from the first request on', async t => {
  const { engine, folder, states } = await start(t, { WHISPER_MODEL: testModelPath });
  t.same(engine.state, { kind: 'starting' });
  t.equal(engine.isHopeless, false);
  const { pcm, text } = await speechClip('sentence-4s');
  const heard = await engine.transcribe({ pcm, language: 'en', prompt: '', isFullContext: false }, signal);
  t.same(plainWords(heard.segments.flatMap(s => s.words.map(word => word.text)).join(' ')), plainWords(text));
  t.same(engine.state, { kind: 'ready', model: testModelPath });
  t.equal(engine.longestRequestSeconds, 15);
  t.equal(await engine.openFinal(signal), undefined, 'the same model does for the end');
  await engine.close();
  await engine.close();
  t.same(await readdir(folder), [], 'nothing is left of it');
  t.same(
    states.map(({ kind }) => kind),
    ['ready'],
  );
});

t.test('another model for the end runs beside it for as long as it is needed', async t => {
  const { engine, folder } = await start(t, {
    WHISPER_MODEL: testModelPath,
    WHISPER_FINAL_MODEL: testModelPath.replace('speech/', 'speech/./'),
  });
  const final = await engine.openFinal(signal);
  if (final === undefined) throw new Error('there is another model');
  const { pcm } = await speechClip('sentence-4s');
  const request = { pcm, language: 'en', prompt: '', isFullContext: true };
  const [one, other] = [
    await engine.transcribe(request, signal),
    await final.recogniser.transcribe(request, signal),
  ];
  t.same(one, other);
  t.same((await readdir(folder)).sort(), ['final-recogniser.pid', 'recogniser.pid']);
  await final.close();
  t.same(await readdir(folder), ['recogniser.pid']);
});

t.test('off is off', async t => {
  const { engine } = await start(t, { CAPTIONS: 'off', WHISPER_MODEL: testModelPath });
  t.same(engine.state, { kind: 'off' });
  t.equal(engine.isHopeless, true);
  const request = { pcm: new Int16Array(16_000), language: null, prompt: '', isFullContext: false };
  await t.rejects(engine.transcribe(request, signal), {
    code: 'captions-unavailable',
    message: /CAPTIONS=off/,
  });
});

t.test('what is missing is told with what to do, and does not stop anything', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'livereel-engine-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const notAModel = join(folder, 'film.bin');
  await writeFile(notAModel, 'GIF89a and so on');
  const cases: [NodeJS.ProcessEnv, RegExp][] = [
    [{ WHISPER_MODEL: '/nowhere/ggml-base.bin' }, /ggml-base\.bin cannot be read.*WHISPER_MODEL/],
    [{ WHISPER_MODEL: notAModel }, /no model in whisper\.cpp's ggml format.*WHISPER_MODEL/],
    [{ WHISPER_MODEL: 'basis' }, /"basis", which is no model's name.*tiny, .*large-v3-turbo/],
    [
      { WHISPER_MODEL: testModelPath, WHISPER_SERVER_PATH: '/nowhere/ws' },
      /WHISPER_SERVER_PATH.*CAPTIONS=off/,
    ],
    [
      { WHISPER_MODEL_URL: 'http://127.0.0.1:9' },
      /base could not be fetched.*go on without.*WHISPER_MODEL_URL/,
    ],
  ];
  for (const [env, reason] of cases) {
    const { engine } = await start(t, env);
    const state = await eventually(() => engine.state.kind === 'unavailable' && engine.state);
    t.match(state, { kind: 'unavailable', reason });
    const request = { pcm: new Int16Array(16_000), language: null, prompt: '', isFullContext: false };
    await t.rejects(engine.transcribe(request, signal), { code: 'captions-unavailable', message: reason });
    await engine.close();
  }
});

t.test('closing breaks a download off', async t => {
  const server = createServer((_, answer) => {
    answer.writeHead(200, { 'content-length': 1_000_000 });
    answer.write(Buffer.alloc(250_000));
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.closeAllConnections());
  t.teardown(() => server.close());
  const { port } = server.address() as AddressInfo;
  const { engine } = await start(t, { WHISPER_MODEL_URL: `http://127.0.0.1:${port}`, WHISPER_MODEL: 'tiny' });
  await eventually(() => engine.state.kind === 'downloading' && engine.state.percent === 25);
  t.equal(engine.isHopeless, false);
  t.equal(engine.absence, 'the speech model tiny is being fetched: 25 %');
  const request = { pcm: new Int16Array(16_000), language: null, prompt: '', isFullContext: false };
  await t.rejects(engine.transcribe(request, signal), {
    code: 'captions-unavailable',
    message: /tiny is being fetched/,
  });
  await engine.close();
});
