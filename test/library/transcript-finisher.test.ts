import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import t, { type Test } from 'tap';
import type { VideoEvent } from '../../src/api/event.ts';
import type { Hypothesis, Recogniser, SpeechRequest } from '../../src/captions/recogniser.ts';
import type { SpeechDetector } from '../../src/captions/speech-detector.ts';
import type { Transcript } from '../../src/captions/transcriber.ts';
import { LivereelError } from '../../src/errors.ts';
import { VideoEvents } from '../../src/events/video-events.ts';
import { TaskStore } from '../../src/library/task-store.ts';
import { TranscriptFinisher, type TranscriptFinisherParts } from '../../src/library/transcript-finisher.ts';
import { VideoStore } from '../../src/library/video-store.ts';
import { createLog } from '../../src/log.ts';
import type { FinishedSession } from '../../src/sessions/finished-session.ts';
import { ContentDirectory } from '../../src/store/content-directory.ts';
import type { Database } from '../../src/store/database.ts';
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
    await Promise.race([
      this.gate,
      new Promise(resolve => signal.addEventListener('abort', resolve, { once: true })),
    ]);
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

class Shelf {
  readonly kept = new Map<string, Kept>();
  async keep(id: string, transcript: Kept): Promise<void> {
    this.kept.set(id, transcript);
  }
}

async function start(t: Test, server: TestServer, database?: Database) {
  const root = await mkdtemp(join(tmpdir(), 'livereel-transcripts-'));
  const content = new ContentDirectory(root);
  await content.prepare();
  const opened = database ?? (await server.openEmpty());
  const [videos, tasks] = [new VideoStore(opened), new TaskStore(opened)];
  const recogniser = new BeepRecogniser();
  const shelf = new Shelf();
  const events = new VideoEvents(createLog('silent'));
  const opens = { count: 0, closed: 0, refusals: 0 };
  const parts: TranscriptFinisherParts = {
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
    tasks,
    videos,
    transcripts: shelf,
    content,
    events,
    run: {
      ffmpegPath: 'ffmpeg',
      ffprobePath: 'ffprobe',
      addressSpaceBytes: 2 ** 31,
      workingDirectory: root,
      log,
    },
    log,
    retrySeconds: 0.1,
  };
  const made: TranscriptFinisher[] = [];
  const finisher = () => {
    const one = new TranscriptFinisher(parts);
    made.push(one);
    return one;
  };
  t.teardown(async () => {
    for (const one of made) await one.close();
    await rm(root, { recursive: true, force: true });
  });
  /** A session that is over: its record, and its file if it has one. */
  const video = async (
    number: number,
    file: string | null,
    changes: { captions?: boolean; language?: string } = {},
  ) => {
    const id = idOf(number);
    const shared = {
      title: 't',
      visibility: 'public',
      input: 'chunks',
      language: 'auto',
      captions: true,
    } as const;
    await videos.insert({ ...shared, id, state: 'processing', durationSeconds: 6, ...changes });
    if (file !== null) {
      await mkdir(dirname(content.videoFile(id)), { recursive: true });
      await copyFile(file, content.videoFile(id));
    }
    return id;
  };
  const task = async (id: string) => (await tasks.list(id))[0];
  return { content, videos, tasks, recogniser, shelf, events, opens, finisher, video, task };
}

function over(
  id: string,
  audio: { codec: 'aac'; channels: number } | null = { codec: 'aac', channels: 1 },
): FinishedSession {
  const tracks = { video: null, audio };
  const result = { journalFrames: 0, publishedFrames: 0, damages: 0, durationSeconds: 6, tracks };
  return { id, result, formats: [], initCount: 1, segmentCount: 3 };
}

t.test('final transcripts', async t => {
  const server = await startEmbedded(t);
  const clip = await makeClip({ kind: 'webm-h264', durationSeconds: 6, audioDelaySeconds: 0.4 });
  const file = join(await mkdtemp(join(tmpdir(), 'livereel-clip-')), 'clip.mp4');
  t.teardown(() => rm(dirname(file), { recursive: true, force: true }));
  await runFfmpeg(['-loglevel', 'error', '-copyts', '-i', clip.file, '-c:v', 'copy', '-c:a', 'aac', file]);

  t.test('a video that is ready gets its transcript, with the times of the video', async t => {
    const { finisher, video, videos, shelf, recogniser, events, task, opens } = await start(t, server);
    const id = await video(0, file);
    const told: VideoEvent[] = [];
    events.listen(id, event => told.push(event));
    const one = finisher();
    one.start();
    await one.wanted(over(id));
    one.look();
    t.match(await task(id), { state: 'waiting' }, 'it waits for its video');
    await videos.update(id, { state: 'ready' });
    one.look();
    await eventually(async () => (await task(id))?.state === 'done');
    const kept = shelf.kept.get(id) as Kept;
    const heard = kept.segments.flatMap(({ words }) => words);
    const expected = await beepTimes(file);
    t.equal(heard.length, expected.length);
    for (const [index, { start, text }] of heard.entries()) {
      t.equal(text, 'beep');
      t.ok(Math.abs(start - (expected[index] ?? 0)) < 0.03, `${start} s, in the file ${expected[index]} s`);
    }
    t.match(kept, { model: 'beeps', language: 'en' });
    t.same(
      kept.segments.map(({ index }) => index),
      kept.segments.map((_, index) => index),
    );
    t.equal((await videos.find(id))?.language, 'en');
    t.ok(recogniser.requests.every(({ isFullContext, pcm }) => isFullContext && pcm.length <= 15 * rate));
    t.match(told.at(-1), { event: 'progress', data: { id, task: 'transcript', percent: 100 } });
    await eventually(() => opens.closed === opens.count);
  });

  t.test('who wants no captions, and what has no sound, gets none', async t => {
    const { finisher, video, tasks } = await start(t, server);
    const one = finisher();
    const [quiet, unwanted] = [await video(0, null), await video(1, null, { captions: false })];
    await one.wanted(over(quiet, null));
    await one.wanted(over(unwanted));
    t.same([...(await tasks.list(quiet)), ...(await tasks.list(unwanted))], []);
  });

  t.test(
    'a recogniser that is not there yet, or fails, is asked again; a given language is kept',
    async t => {
      const { finisher, video, videos, shelf, recogniser, task, opens } = await start(t, server);
      const id = await video(0, file, { language: 'de-AT' });
      await videos.update(id, { state: 'ready' });
      recogniser.failures = 2;
      opens.refusals = 1;
      const one = finisher();
      await one.wanted(over(id));
      one.start();
      await eventually(() => opens.refusals === 0);
      t.match(await task(id), { state: 'waiting', attempts: 0 }, 'no attempt of its own');
      await eventually(async () => {
        one.look();
        return (await task(id))?.state === 'done';
      });
      t.match(await task(id), { attempts: 3 });
      t.ok(recogniser.requests.every(({ language }) => language === 'de'));
      t.equal((await videos.find(id))?.language, 'de-AT');
      t.ok(shelf.kept.has(id));
    },
  );

  t.test('a file that cannot be decoded fails once and holds nobody up', async t => {
    const { finisher, video, videos, content, shelf, task } = await start(t, server);
    const poison = await video(0, file);
    await writeFile(content.videoFile(poison), Buffer.alloc(50_000, 'poison '));
    const good = await video(1, file);
    const one = finisher();
    for (const id of [poison, good]) {
      await one.wanted(over(id));
      await videos.update(id, { state: 'ready' });
    }
    one.start();
    await eventually(async () => (await task(good))?.state === 'done');
    t.match(await task(poison), { state: 'failed', attempts: 1, error: /cannot be decoded/ });
    t.ok(shelf.kept.has(good));
  });

  t.test('a recogniser that always fails is given up, with the reason', async t => {
    const { finisher, video, videos, recogniser, task } = await start(t, server);
    const id = await video(0, file);
    await videos.update(id, { state: 'ready' });
    recogniser.failures = Number.POSITIVE_INFINITY;
    const one = finisher();
    await one.wanted(over(id));
    one.start();
    await eventually(
      async () => {
        const now = await task(id);
        return now?.state === 'failed' && now;
      },
      { timeoutSeconds: 40 },
    );
    t.match(await task(id), { attempts: 5, error: /given up after 5 attempts: it crashed/ });
  });

  t.test('a server that stops, or dies, leaves the task to the next', async t => {
    const database = await server.openEmpty();
    const first = await start(t, server, database);
    const id = await first.video(0, file);
    await first.videos.update(id, { state: 'ready' });
    first.recogniser.gate = new Promise(() => undefined);
    const stopping = first.finisher();
    await stopping.wanted(over(id));
    stopping.start();
    await eventually(() => first.recogniser.requests.length > 0);
    t.match(await first.task(id), { state: 'running', attempts: 1 });
    await stopping.close();
    t.match(await first.task(id), { state: 'waiting', attempts: 0 });
    // As a server leaves it that was killed.
    const left = await first.tasks.next('transcript');
    if (left !== undefined) await first.tasks.begin(left);
    first.recogniser.gate = Promise.resolve();
    const next = first.finisher();
    next.start();
    await eventually(async () => (await first.task(id))?.state === 'done');
    t.match(await first.task(id), { attempts: 2 });
  });

  t.test('a language that is corrected while it works, or after, makes it begin anew', async t => {
    const { finisher, video, videos, recogniser, task } = await start(t, server);
    const id = await video(0, file);
    await videos.update(id, { state: 'ready' });
    let open: () => void = () => undefined;
    recogniser.gate = new Promise(resolve => {
      open = resolve;
    });
    const one = finisher();
    await one.wanted(over(id));
    one.start();
    await eventually(() => recogniser.requests.length === 1);
    await videos.update(id, { language: 'fr' });
    await one.again(id);
    open();
    await eventually(async () => (await task(id))?.state === 'done');
    t.equal(recogniser.requests.at(-1)?.language, 'fr');
    const before = recogniser.requests.length;
    await videos.update(id, { language: 'it' });
    await one.again(id);
    await eventually(async () => recogniser.requests.length > before && (await task(id))?.state === 'done');
    t.equal(recogniser.requests.at(-1)?.language, 'it');
  });
});
