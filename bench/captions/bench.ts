import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { Captioner } from '../../src/captions/captioner.ts';
import { speechSampleRate } from '../../src/captions/recogniser.ts';
import { createLog } from '../../src/log.ts';
import { type SpeechClip, speechClip } from '../../test/support/speech.ts';
import { startTestRecogniser, type TestRecogniser } from '../../test/support/test-recogniser.ts';
import { type Figures, percentile, print } from '../measure.ts';
import { clipNames } from './clip-names.ts';
import type { Watched } from './commitment-watcher.ts';
import { joined, LiveStream } from './live-stream.ts';
import { cpuSecondsOf, meteredHearer } from './metered-hearer.ts';
import { oneShot } from './replay.ts';

const lagBoundsSeconds = [10, 3] as const;
const manyStreamsSeconds = 25;
const fewStreams = 4;
const mostStreams = 64;
const loopResolutionMillis = 5;

/** One pass over the clips when all of it is there, with the model's whole window. */
async function offline(engine: TestRecogniser, clips: readonly SpeechClip[]) {
  const hear = meteredHearer(engine);
  const sum = { words: 0, errors: 0, cpuSeconds: 0 };
  for (const clip of clips) {
    const { words, errors, cpuSeconds } = await oneShot(clip, engine.recogniser.longestRequestSeconds, hear);
    sum.words += words;
    sum.errors += errors;
    sum.cpuSeconds += cpuSeconds;
  }
  return sum;
}

/** The clips as one stream, at its pace, by itself. */
async function live(engine: TestRecogniser, clips: readonly SpeechClip[]) {
  const captioner = new Captioner({ recogniser: engine.recogniser, log: createLog('silent') });
  try {
    const { pcm, words } = joined(clips);
    const before = await cpuSecondsOf(engine.server.pid ?? 0);
    const stream = new LiveStream(captioner, 'live');
    await stream.say(pcm);
    const cpuSeconds = (await cpuSecondsOf(engine.server.pid ?? 0)) - before;
    return { watched: stream.watcher.result(words), cpuSeconds, requests: captioner.counts.requests };
  } finally {
    await captioner.close();
  }
}

type Crowd = { readonly streams: number; readonly lagSeconds: number; readonly loopDelayMillis: number };

/** So many streams of unbroken speech at once: how far they got behind, and how long our own process was held up. */
async function crowd(engine: TestRecogniser, pcm: Int16Array, streams: number): Promise<Crowd> {
  const captioner = new Captioner({ recogniser: engine.recogniser, log: createLog('silent') });
  const loop = monitorEventLoopDelay({ resolution: loopResolutionMillis });
  try {
    loop.enable();
    const said = Array.from({ length: streams }, async (_, index) => {
      // As people start, and none says the same at the same time.
      await delay((index * 1_370) % 3_000);
      const stream = new LiveStream(captioner, `stream ${index}`);
      const from = (index * 7 * speechSampleRate) % (pcm.length - manyStreamsSeconds * speechSampleRate);
      await stream.say(pcm.slice(from, from + manyStreamsSeconds * speechSampleRate));
      return stream.mostLagSeconds;
    });
    const lags = await Promise.all(said);
    loop.disable();
    const loopDelayMillis = loop.percentile(99) / 1e6 - loopResolutionMillis;
    return { streams, lagSeconds: Math.max(...lags), loopDelayMillis };
  } finally {
    await captioner.close();
  }
}

/** Doubles the streams until one is further behind than the bound, then looks between; `tried` is known, and grows. */
async function findMost(engine: TestRecogniser, pcm: Int16Array, boundSeconds: number, tried: Crowd[]) {
  for (;;) {
    const isGood = ({ lagSeconds }: Crowd) => lagSeconds <= boundSeconds;
    const good = Math.max(0, ...tried.filter(isGood).map(({ streams }) => streams));
    const bad = Math.min(mostStreams + 1, ...tried.filter(one => !isGood(one)).map(({ streams }) => streams));
    if (bad - good <= Math.max(1, good / 8)) return;
    const between = Math.floor((good + bad) / 2);
    const doubled = good === 0 ? fewStreams : Math.min(mostStreams, good * 2);
    tried.push(await crowd(engine, pcm, bad > mostStreams ? doubled : between));
  }
}

function liveFigures(watched: Watched): Figures {
  const { words, errors, shownSeconds, committedSeconds, partials, changedPartials } = watched;
  return {
    liveErrorPercent: (100 * errors) / words,
    shownAfterWordSecondsP50: percentile(shownSeconds, 0.5),
    shownAfterWordSecondsP95: percentile(shownSeconds, 0.95),
    committedAfterWordSecondsP50: percentile(committedSeconds, 0.5),
    committedAfterWordSecondsP95: percentile(committedSeconds, 0.95),
    changedPartialsPercent: (100 * changedPartials) / Math.max(1, partials),
  };
}

const clips = await Promise.all(clipNames.map(speechClip));
const long = clips.at(-1)!;
const engine = await startTestRecogniser();
try {
  const before = await offline(engine, clips);
  const { watched, cpuSeconds, requests } = await live(engine, clips);
  const after = await offline(engine, clips);
  const tried: Crowd[] = [];
  for (const bound of lagBoundsSeconds) await findMost(engine, long.pcm, bound, tried);
  const within = (bound: number) =>
    Math.max(0, ...tried.filter(({ lagSeconds }) => lagSeconds <= bound).map(({ streams }) => streams));
  const good = tried.filter(({ lagSeconds }) => lagSeconds <= lagBoundsSeconds[0]);
  const offlineErrorPercent = (100 * before.errors) / before.words;
  const onePassSeconds = (before.cpuSeconds + after.cpuSeconds) / 2;
  const figures = liveFigures(watched);
  print({
    bench: 'captions',
    figures: {
      ...figures,
      offlineErrorPercent,
      errorPointsOverOffline: figures.liveErrorPercent! - offlineErrorPercent,
      cpuRatioToOnePass: cpuSeconds / onePassSeconds,
      cpuSecondsPerSpokenMinute: (60 * cpuSeconds) / (joined(clips).pcm.length / speechSampleRate),
      requests,
      streamsWithin10Seconds: within(10),
      streamsWithin3Seconds: within(3),
      eventLoopDelayMillisP99: Math.max(...good.map(({ loopDelayMillis }) => loopDelayMillis)),
    },
    rounds: {
      onePassCpuSeconds: [before.cpuSeconds, after.cpuSeconds],
      streams: tried.map(({ streams }) => streams),
      lagSeconds: tried.map(({ lagSeconds }) => Math.min(99, lagSeconds)),
    },
  });
} finally {
  await engine.close();
}
