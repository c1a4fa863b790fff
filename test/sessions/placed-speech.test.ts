import fc from 'fast-check';
import t from 'tap';
import type { MediaSample } from '../../src/media/media-sample.ts';
import { PlacedSpeech } from '../../src/sessions/placed-speech.ts';
import { beepTimes } from '../support/av-offset.ts';
import { type Clip, makeClip, makeRestartClip } from '../support/clips.ts';
import { runFfmpeg } from '../support/run-program.ts';
import { type HeardPiece, RecordedStream } from './recorded-stream.ts';

const rate = 16_000;

/** PCM whose every sample holds its own place on the stream's clock, in samples, modulo 10000. */
function pcmAt(decodeTime: number, length: number): MediaSample {
  const data = Buffer.alloc(2 * length);
  for (let index = 0; index < length; index += 1) {
    data.writeInt16LE((((decodeTime + index) % 10_000) + 10_000) % 10_000, 2 * index);
  }
  return { decodeTime, compositionOffset: 0, duration: length, isSync: true, data };
}

function listening(heardSeconds = 0): { speech: PlacedSpeech; told: HeardPiece[] } {
  const told: HeardPiece[] = [];
  const listener = {
    push: (startSeconds: number, pcm: Int16Array) => void told.push({ startSeconds, pcm }),
    end: async () => undefined,
    close: async () => undefined,
  };
  return { speech: new PlacedSpeech(listener, heardSeconds), told };
}

t.test('sound waits for its place, ten seconds of it at the most', async t => {
  const { speech, told } = listening();
  let offset: number | null = null;
  speech.begin(() => offset);
  for (let second = 0; second < 15; second += 1) speech.push(pcmAt((100 + second) * rate, rate));
  t.same(told, []);
  offset = -104;
  speech.settle();
  t.same(
    told.map(({ startSeconds }) => startSeconds),
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
  );
});

t.test('what lies before the first picture is left out', async t => {
  const { speech, told } = listening();
  speech.begin(() => -5.5);
  for (let second = 4; second < 8; second += 1) speech.push(pcmAt(second * rate, rate));
  t.same(
    told.map(({ startSeconds, pcm }) => [startSeconds, pcm.length, pcm[0]]),
    [
      [0, rate / 2, (5.5 * rate) % 10_000],
      [0.5, rate, (6 * rate) % 10_000],
      [1.5, rate, (7 * rate) % 10_000],
    ],
  );
});

t.test('times that are a few milliseconds off tear no hole into the sound', async t => {
  const { speech, told } = listening();
  speech.begin(() => 0);
  speech.push(pcmAt(0, 320));
  speech.push(pcmAt(336, 320));
  speech.push(pcmAt(624, 320));
  speech.push(pcmAt(2_000, 320));
  t.same(
    told.map(({ startSeconds }) => Math.round(startSeconds * rate)),
    [0, 320, 640, 2_000],
  );
});

t.test('whatever comes again or jumps: each moment is told once, at its place, times rise', async () => {
  const pieces = fc.array(
    fc.record({
      start: fc.integer({ min: -2 * rate, max: 20 * rate }),
      length: fc.integer({ min: 1, max: 4_000 }),
      isRestart: fc.boolean(),
    }),
    { maxLength: 60 },
  );
  fc.assert(
    fc.property(pieces, fc.integer({ min: 0, max: 3 }), (script, heardSeconds) => {
      const { speech, told } = listening(heardSeconds);
      speech.begin(() => 1);
      for (const { start, length, isRestart } of script) {
        if (isRestart) speech.begin(() => 1);
        speech.push(pcmAt(start, length));
      }
      let endSeconds = heardSeconds;
      for (const { startSeconds, pcm } of told) {
        if (startSeconds < endSeconds - 1e-6) return false;
        endSeconds = startSeconds + pcm.length / rate;
        const place = (((Math.round((startSeconds - 1) * rate) % 10_000) + 10_000) % 10_000) - (pcm[0] ?? 0);
        // 20 ms of tolerance, modulo 10000 samples.
        const off = Math.min(Math.abs(place), 10_000 - Math.abs(place));
        if (off > 0.02 * rate + 1) return false;
      }
      return Math.abs(endSeconds - Math.max(speech.heardSeconds, heardSeconds)) < 1e-6;
    }),
    { numRuns: 500 },
  );
});

/** Where beeps begin in what was heard, seconds on the media timeline; and whether anything was told twice. */
function heardBeeps(heard: readonly HeardPiece[]): number[] {
  const beeps: number[] = [];
  let loudSeconds = Number.NEGATIVE_INFINITY;
  for (const { startSeconds, pcm } of heard) {
    for (const [index, value] of pcm.entries()) {
      if (Math.abs(value) < 5_000) continue;
      const seconds = startSeconds + index / rate;
      if (seconds - loudSeconds > 0.2) beeps.push(seconds);
      loudSeconds = seconds;
    }
  }
  return beeps;
}

/** Beeps of the packaged video, on the media timeline. */
async function packagedBeeps(stream: RecordedStream): Promise<number[]> {
  return await beepTimes(await stream.wholeFile());
}

function faultsBetween(heard: readonly number[], packaged: readonly number[]): string[] {
  const shown = packaged.filter(seconds => seconds > 0.1);
  const faults = shown
    .filter(seconds => !heard.some(other => Math.abs(other - seconds) < 0.05))
    .map(seconds => `a beep at ${seconds} s was not heard there`);
  const ghosts = heard
    .filter(seconds => seconds > 0.1 && !shown.some(other => Math.abs(other - seconds) < 0.05))
    .map(seconds => `a beep heard at ${seconds} s is not in the video`);
  return [...faults, ...ghosts];
}

function repeats(heard: readonly HeardPiece[]): string[] {
  let endSeconds = 0;
  return heard.flatMap(({ startSeconds, pcm }) => {
    const fault = startSeconds < endSeconds - 1e-6 ? [`${startSeconds} s after ${endSeconds} s`] : [];
    endSeconds = startSeconds + pcm.length / rate;
    return fault;
  });
}

async function remuxed(clip: Clip, args: readonly string[], format = 'matroska'): Promise<Buffer> {
  const live = format === 'matroska' ? ['-live', '1'] : [];
  const all = [
    '-loglevel',
    'error',
    '-copyts',
    '-i',
    clip.file,
    '-c',
    'copy',
    ...args,
    ...live,
    '-f',
    format,
  ];
  return (await runFfmpeg([...all, 'pipe:1'])).stdout;
}

const fragments = ['-movflags', '+empty_moov+default_base_moof+frag_discont', '-frag_duration', '250000'];
const streams: Record<string, () => Promise<Buffer>> = {
  'Opus in WebM': async () => (await makeClip({ kind: 'webm-h264', durationSeconds: 6 })).bytes,
  'VP8, made anew': async () => (await makeClip({ kind: 'webm-vp8', durationSeconds: 6 })).bytes,
  'AAC in MP4': async () => (await makeClip({ kind: 'mp4-h264', durationSeconds: 6 })).bytes,
  'a transport stream': async () => (await makeClip({ kind: 'ts-h264', durationSeconds: 6 })).bytes,
  'sound that begins late': async () =>
    (await makeClip({ kind: 'webm-h264', durationSeconds: 6, audioDelaySeconds: 2.3 })).bytes,
  'a recorder started anew': async () =>
    (await makeRestartClip({ kind: 'webm-h264', durationSeconds: 3 })).bytes,
  'sound with a hole': async () =>
    remuxed(await makeClip({ kind: 'webm-h264', durationSeconds: 6 }), [
      '-bsf:a',
      "noise=drop='between(n,80,145)'",
    ]),
  'a clock that begins anywhere': async () =>
    remuxed(await makeClip({ kind: 'webm-h264', durationSeconds: 6 }), ['-output_ts_offset', '12345.678']),
  'a clock that begins before zero': async () =>
    remuxed(
      await makeClip({ kind: 'mp4-h264', durationSeconds: 6 }),
      ['-output_ts_offset', '-7.5', '-avoid_negative_ts', 'disabled', '-use_editlist', '0', ...fragments],
      'mp4',
    ),
};

for (const [name, bytesOf] of Object.entries(streams)) {
  t.test(`${name}: what is heard is where the video has it`, async t => {
    const stream = await RecordedStream.start(t);
    stream.send(await bytesOf());
    await stream.end();
    const packaged = await packagedBeeps(stream);
    t.ok(packaged.length >= 3, `${packaged.length} beeps`);
    t.same(faultsBetween(heardBeeps(stream.heard), packaged), []);
    t.same(repeats(stream.heard), []);
  });
}

t.test('ffmpeg is killed again and again: nothing is missed, nothing is told twice', async t => {
  const clip = await makeClip({ kind: 'webm-h264', durationSeconds: 8 });
  const stream = await RecordedStream.start(t);
  for (const [index, { bytes, atSeconds }] of clip.chunks.entries()) {
    stream.send(bytes);
    if (index % 5 !== 2) continue;
    await stream.published(atSeconds - 0.8);
    await stream.killFfmpeg();
  }
  await stream.end();
  t.same(faultsBetween(heardBeeps(stream.heard), await packagedBeeps(stream)), []);
  t.same(repeats(stream.heard), []);
});

t.test('a new server hears again what was not captioned when the old one died', async t => {
  const clip = await makeClip({ kind: 'webm-h264', durationSeconds: 8 });
  const stream = await RecordedStream.start(t);
  const [half, rest] = [clip.chunks.slice(0, 24), clip.chunks.slice(24)];
  for (const { bytes } of half) stream.send(bytes);
  await stream.published(5);
  // Captioned up to here; what was heard of the rest is lost with the server.
  stream.heardSeconds = 2.5;
  await stream.restart();
  const kept = stream.heard.splice(0).filter(({ startSeconds }) => startSeconds < 2.5);
  for (const { bytes } of rest) stream.send(bytes);
  await stream.end();
  t.ok((stream.heard[0]?.startSeconds ?? 0) >= 2.5);
  t.same(faultsBetween(heardBeeps([...kept, ...stream.heard]), await packagedBeeps(stream)), []);
  t.same(repeats(stream.heard), []);
});
