import { spawn, spawnSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { speechSampleRate } from '../../src/captions/recogniser.ts';
import { threadsFor, WhisperServer } from '../../src/captions/whisper-server.ts';
import { createLog } from '../../src/log.ts';
import { PidFiles } from '../../src/process/pid-files.ts';
import { eventually } from '../support/eventually.ts';
import { isRunning } from '../support/process-tree.ts';
import { type ClipName, median, plainWords, speechClip, testModelPath } from '../support/speech.ts';
import { startTestRecogniser, whisperProgram } from '../support/test-recogniser.ts';

const signal = new AbortController().signal;

t.test('what is said in the clips is heard, and each word at its time', async t => {
  const { recogniser, close } = await startTestRecogniser();
  t.teardown(close);
  const errors: number[] = [];
  for (const name of ['sentence-4s', 'sentence-5s-noisy', 'speech-10s'] as const) {
    const { pcm, text, words } = await speechClip(name);
    for (const isFullContext of [false, true]) {
      const { language, segments } = await recogniser.transcribe(
        { pcm, language: 'en', prompt: '', isFullContext },
        signal,
      );
      const heard = segments.flatMap(segment => segment.words);
      t.same(plainWords(heard.map(word => word.text).join(' ')), plainWords(text), name);
      t.equal(language, 'en');
      heard.forEach((word, index) => {
        errors.push(Math.abs(word.start - (words[index]?.start ?? 0)));
        errors.push(Math.abs(word.end - (words[index]?.end ?? 0)));
      });
      t.ok(heard.every(({ probability }) => probability > 0.5 && probability <= 1));
      t.ok(heard.every(({ start, end }, index) => start <= end && end <= (heard[index + 1]?.start ?? 60)));
    }
  }
  t.comment(`words' times: median error ${median(errors).toFixed(3)} s`);
  t.ok(median(errors) < 0.3, 'within 300 ms');
});

t.test('silence, noise and a moment of nothing give no words', async t => {
  const { recogniser, close } = await startTestRecogniser();
  t.teardown(close);
  for (const name of ['silence-10s', 'noise-10s'] satisfies ClipName[]) {
    const { pcm } = await speechClip(name);
    const heard = await recogniser.transcribe(
      { pcm, language: null, prompt: '', isFullContext: false },
      signal,
    );
    t.same(heard.segments, [], name);
  }
  for (const samples of [0, 1, 160, 0.11 * speechSampleRate, speechSampleRate]) {
    const pcm = new Int16Array(samples);
    const heard = await recogniser.transcribe(
      { pcm, language: 'en', prompt: '', isFullContext: false },
      signal,
    );
    t.same(heard.segments, [], `${samples} samples`);
  }
});

t.test('a recogniser that is killed comes back, and the request under way is heard after all', async t => {
  const { recogniser, server, close } = await startTestRecogniser();
  t.teardown(close);
  const { pcm, text } = await speechClip('speech-10s');
  const request = { pcm, language: 'en', prompt: '', isFullContext: true };
  const first = server.pid ?? 0;
  const heard = recogniser.transcribe(request, signal);
  process.kill(first, 'SIGKILL');
  const { segments } = await heard;
  t.same(
    plainWords(segments.flatMap(({ words }) => words.map(word => word.text)).join(' ')),
    plainWords(text),
  );
  t.not(server.pid, first);
  t.equal((await recogniser.transcribe(request, signal)).segments.length, segments.length);
});

t.test('one that hangs is killed after its time limit, which costs that request alone', async t => {
  const { recogniser, server, close } = await startTestRecogniser({ leastPatienceSeconds: 5.0003 });
  t.teardown(close);
  const { pcm } = await speechClip('sentence-4s');
  const request = { pcm, language: 'en', prompt: '', isFullContext: false };
  await recogniser.transcribe(request, signal);
  const hanging = server.pid ?? 0;
  process.kill(hanging, 'SIGSTOP');
  await t.rejects(recogniser.transcribe(request, signal), {
    code: 'recogniser-failed',
    message: /did not answer within/,
  });
  await eventually(() => !isRunning(hanging), { what: 'what hangs is killed' });
  const { segments } = await recogniser.transcribe(request, signal);
  t.ok(segments.length > 0);
});

t.test('a request that nobody wants any more ends at once, and others get their turn', async t => {
  const { recogniser, close } = await startTestRecogniser();
  t.teardown(close);
  const { pcm } = await speechClip('speech-10s');
  const request = { pcm, language: 'en', prompt: '', isFullContext: true };
  const nobody = new AbortController();
  const both = [recogniser.transcribe(request, nobody.signal), recogniser.transcribe(request, nobody.signal)];
  const other = recogniser.transcribe(request, signal);
  nobody.abort(new Error('the viewer left'));
  for (const one of both) await t.rejects(one, { message: 'the viewer left' });
  t.ok((await other).segments.length > 0);
});

t.test(
  'it listens on the loopback address alone, under a path that is a secret, at low priority',
  async t => {
    const { server, runDir, close } = await startTestRecogniser();
    t.teardown(close);
    const url = await server.address(signal);
    t.equal(url.hostname, '127.0.0.1');
    for (const path of ['/', '/health', '/v1/audio/transcriptions', '/load']) {
      const answer = await fetch(new URL(path, url), {
        method: path === '/' || path === '/health' ? 'GET' : 'POST',
      });
      await answer.arrayBuffer();
      t.equal(answer.status, 404, path);
    }
    t.equal(Number(spawnSync('ps', ['-o', 'ni=', '-p', `${server.pid}`], { encoding: 'utf8' }).stdout), 10);
    t.same(await readdir(runDir), ['recogniser.pid']);
    const { pid } = JSON.parse(await readFile(join(runDir, 'recogniser.pid'), 'utf8')) as { pid: number };
    t.equal(pid, server.pid);
  },
);

t.test('what a killed server left running under its name is ended by the next', async t => {
  const runDir = await mkdtemp(join(tmpdir(), 'livereel-recogniser-'));
  t.teardown(() => rm(runDir, { recursive: true, force: true }));
  const log = createLog('silent');
  const left = spawn('sleep', ['60'], { detached: true, stdio: 'ignore' });
  t.teardown(() => left.kill('SIGKILL'));
  const leftPid = left.pid ?? 0;
  await new PidFiles(runDir, log).remember('recogniser', leftPid, 'sleep');
  const options = {
    program: whisperProgram,
    modelPath: testModelPath,
    name: 'recogniser',
    threads: 1,
    runDir,
    log,
  };
  const next = await WhisperServer.start(options, signal);
  t.equal(isRunning(leftPid), false);
  await next.close();
  await next.close();
  t.same(await readdir(runDir), []);
});

t.test('a file that is no model, and a program that is missing, say so', async t => {
  const { runDir, close } = await startTestRecogniser();
  t.teardown(close);
  const options = { name: 'other', threads: 1, runDir, log: createLog('silent') };
  const wrong = { ...options, program: whisperProgram, modelPath: '/etc/hostname' };
  await t.rejects(WhisperServer.start(wrong, signal), {
    code: 'program-failed',
    message: /failed to initialize whisper context/,
  });
  const missing = { ...options, program: '/nowhere/whisper-server', modelPath: '/etc/hostname' };
  await t.rejects(WhisperServer.start(missing, signal), { code: 'program-missing' });
});

t.test('threads: one core is left to what is live', async t => {
  t.same([1, 2, 4, 8, 64].map(threadsFor), [1, 1, 3, 7, 8]);
});
