import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import t, { type Test } from 'tap';
import type { Hypothesis, Recogniser, SpeechRequest } from '../../src/captions/recogniser.ts';
import type { SpeechDetector } from '../../src/captions/speech-detector.ts';
import type { Transcript } from '../../src/captions/transcriber.ts';
import { LivereelError } from '../../src/errors.ts';
import { TaskQueue } from '../../src/jobs/task-queue.ts';
import { TaskRunner } from '../../src/jobs/task-runner.ts';
import { followUpsOf } from '../../src/library/follow-ups.ts';
import { transcriptTask } from '../../src/library/transcript-task.ts';
import { type VideoRow, VideoStore } from '../../src/library/video-store.ts';
import { createLog } from '../../src/log.ts';
import { ContentDirectory } from '../../src/store/content-directory.ts';
import { beepTimes } from '../support/av-offset.ts';
import { makeClip } from '../support/clips.ts';
import { eventually } from '../support/eventually.ts';
import { runFfmpeg } from '../support/run-program.ts';
import { startEmbedded, type TestServer } from './video-database.ts';

const rate = 16_000;
const log = createLog('silent');
const idOf = (number: number) => `video${String(number).padStart(7, '0')}`;

/** Hears a word where a beep begins. */
class BeepRecogniser implements Recogniser {
  readonly longestRequestSeconds = 15;
  readonly requests: SpeechRequest[] = [];
  /** What goes wrong instead, for so many requests. */
  failures = 0;
  /** Holds each request until this is over. */
  gate: Promise<void> = Promise.resolve();

  async transcribe(request: SpeechRequest, signal: AbortSignal): Promise<Hypothesis> {
    this.requests.push(request);
    const ended = new Promise(resolve => signal.addEventListener('abort', resolve, { once: true }));
    await Promise.race([this.gate, ended]);
    signal.throwIfAborted();
    if (this.failures > 0) {
      this.failures -= 1;
      throw new LivereelError('recogniser-failed', 'it crashed');
    }
    const words = onsets(request.pcm).map(start => ({
      text: 'beep',
      start,
      end: start + 0.05,
      probability: 0.9,
    }));
    return { language: 'en', segments: [{ words, noSpeechProbability: 0, averageLogProbability: -0.1 }] };
  }
}

function onsets(pcm: Int16Array): number[] {
  const found: number[] = [];
  let loudAt = Number.NEGATIVE_INFINITY;
  for (const [index, value] of pcm.entries()) {
    if (Math.abs(value) < 5_000) continue;
    if (index - loudAt > rate / 5) found.push(index / rate);
    loudAt = index;
  }
  return found;
}

/** What is loud is speech. */
const loudness: SpeechDetector = {
  hear: frame => (frame.some(value => Math.abs(value) > 3_000) ? 'speech' : 'nothing'),
  reset: () => undefined,
};

type Kept = Transcript & { readonly model: string };

async function start(t: Test, server: TestServer, file: string) {
  const content = new ContentDirectory(await mkdtemp(join(tmpdir(), 'livereel-transcripts-')));
  await content.prepare();
  const database = await server.openEmpty();
  const videos = new VideoStore(database);
  const queue = await TaskQueue.open(database, log);
  const recogniser = new BeepRecogniser();
  const kept = new Map<string, Kept>();
  const opens = { count: 0, closed: 0, refusals: 0 };
  const handler = transcriptTask({
    openRecogniser: async () => {
      if (opens.refusals > 0) {
        opens.refusals -= 1;
        throw new LivereelError('model-unavailable', 'no model');
      }
      opens.count += 1;
      const close = async () => {
        opens.closed += 1;
      };
      return { recogniser, modelName: 'beeps', close };
    },
    newDetector: () => loudness,
    videos,
    transcripts: { keep: async (id, transcript) => void kept.set(id, transcript) },
    content,
    run: {
      ffmpegPath: 'ffmpeg',
      ffprobePath: 'ffprobe',
      addressSpaceBytes: 2 ** 31,
      workingDirectory: content.root,
      log,
    },
    log,
  });
  const runner = new TaskRunner<VideoRow>({
    queue,
    handlers: [handler],
    findVideo: id => videos.find(id),
    events: { report: () => undefined },
    load: async () => ({ cores: 1, liveSessions: 0 }),
    workerId: 'a test',
    retrySeconds: 0.05,
    log,
  });
  t.teardown(async () => {
    await runner.close();
    await queue.close();
    await rm(content.root, { recursive: true, force: true });
  });
  runner.start();
  const video = async (number: number, bytes: Buffer | null, language = 'auto') => {
    const id = idOf(number);
    const shared = { title: 't', visibility: 'public', input: 'chunks', captions: true } as const;
    await mkdir(content.videoDir(id));
    if (bytes === null) await copyFile(file, content.videoFile(id));
    else await writeFile(content.videoFile(id), bytes);
    await videos.insert({ ...shared, id, state: 'ready', durationSeconds: 6, language });
    await queue.enqueue(id, 'transcript');
    return id;
  };
  const task = async (id: string) => (await queue.list(id))[0];
  const until = (id: string, state: string) =>
    eventually(async () => (await task(id))?.state === state, { what: `${id} is ${state}` });
  return { videos, queue, recogniser, kept, opens, video, task, until };
}

t.test('final transcripts', async t => {
  const server = await startEmbedded(t);
  const clip = await makeClip({ kind: 'webm-h264', durationSeconds: 6, audioDelaySeconds: 0.4 });
  const file = join(await mkdtemp(join(tmpdir(), 'livereel-clip-')), 'clip.mp4');
  t.teardown(() => rm(dirname(file), { recursive: true, force: true }));
  await runFfmpeg(['-loglevel', 'error', '-copyts', '-i', clip.file, '-c:v', 'copy', '-c:a', 'aac', file]);

  t.test('a video that is ready gets its transcript, with the times of the video', async t => {
    const { video, videos, kept, recogniser, opens, until } = await start(t, server, file);
    const id = await video(0, null);
    await until(id, 'done');
    const transcript = kept.get(id) as Kept;
    const heard = transcript.segments.flatMap(({ words }) => words);
    const expected = await beepTimes(file);
    t.equal(heard.length, expected.length);
    for (const [index, { start, text }] of heard.entries()) {
      t.equal(text, 'beep');
      t.ok(Math.abs(start - (expected[index] ?? 0)) < 0.03, `${start} s, in the file ${expected[index]} s`);
    }
    t.match(transcript, { model: 'beeps', language: 'en' });
    t.equal((await videos.find(id))?.language, 'en');
    t.ok(recogniser.requests.every(({ isFullContext, pcm }) => isFullContext && pcm.length <= 15 * rate));
    t.equal(opens.closed, opens.count);
  });

  t.test(
    'a recogniser that is not there is no attempt; one that fails is; a poison file fails once',
    async t => {
      const { video, videos, kept, recogniser, task, opens, until } = await start(t, server, file);
      opens.refusals = 1;
      recogniser.failures = 2;
      const id = await video(0, null, 'de-AT');
      const poison = await video(1, Buffer.alloc(50_000, 'poison '));
      await until(id, 'done');
      t.match(await task(id), { attempts: 3, error: null });
      t.ok(recogniser.requests.every(({ language }) => language === 'de'));
      t.equal((await videos.find(id))?.language, 'de-AT', 'a given language is kept');
      t.ok(kept.has(id));
      await until(poison, 'failed');
      t.match(await task(poison), { attempts: 1, error: /cannot be decoded/ });
    },
  );

  t.test('a language that is corrected while it works makes it begin anew', async t => {
    const { video, videos, queue, recogniser, until } = await start(t, server, file);
    let open: () => void = () => undefined;
    recogniser.gate = new Promise(resolve => {
      open = resolve;
    });
    const id = await video(0, null);
    await eventually(() => recogniser.requests.length === 1, { what: 'it works' });
    await videos.update(id, { language: 'fr' });
    await queue.again(id, 'transcript');
    open();
    await until(id, 'done');
    t.equal(recogniser.requests.at(-1)?.language, 'fr');
  });
});

t.test('what is made of a video follows from what is in it', async t => {
  const recorded = { captions: true, ingestTokenHash: Buffer.alloc(1), hasPicture: true, hasSound: true };
  const stills = ['thumbnail', 'storyboard', 'preview'] as const;
  t.same(followUpsOf(recorded, true), [...stills, 'loudness', 'transcript']);
  t.same(followUpsOf({ ...recorded, captions: false }, true), [...stills, 'loudness']);
  t.same(followUpsOf(recorded, false), [...stills, 'loudness'], 'nobody hears here');
  t.same(followUpsOf({ ...recorded, hasPicture: false }, true), ['loudness', 'transcript']);
  t.same(followUpsOf({ ...recorded, hasSound: false }, true), stills);
  t.same(followUpsOf({ ...recorded, ingestTokenHash: null }, true), [
    ...stills,
    'loudness',
    'transcript',
    'ladder',
  ]);
});
