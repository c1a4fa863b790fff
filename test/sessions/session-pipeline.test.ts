import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { type Clip, type ClipKind, makeClip, makeRestartClip } from '../support/clips.ts';
import { frameSequenceFaults, readFrameNumbers } from '../support/numbered-frames.ts';
import { cutTransportStream, type RecorderChunk } from '../support/recorder-chunks.ts';
import { runFfmpeg } from '../support/run-program.ts';
import { RecordedStream } from './recorded-stream.ts';

const seconds = 6;

/** What is wrong with the frames that came out: each once, in order, at its time. */
async function faultsOf(stream: RecordedStream, clip: Clip): Promise<string[]> {
  const frames = await readFrameNumbers(await stream.wholeFile());
  const faults = frameSequenceFaults(frames, { first: clip.firstNumber, count: clip.frameCount });
  const [first] = frames;
  for (const { number, ptsSeconds } of frames) {
    const expected = ((number ?? 0) - clip.firstNumber) / clip.framesPerSecond;
    const isOff = Math.abs(ptsSeconds - (first?.ptsSeconds ?? 0) - expected) > 0.02;
    if (isOff) faults.push(`number ${number} at ${ptsSeconds} s, taken at ${expected} s`);
  }
  return faults.slice(0, 10);
}

/** The clip with B-frames, in the same container; its frames' numbers are the same. */
async function withReorderedFrames(clip: Clip, format: string): Promise<Buffer> {
  const coding = [
    '-fps_mode',
    'passthrough',
    '-c:v',
    'libx264',
    '-preset',
    'veryfast',
    '-bf',
    '3',
    '-g',
    '60',
    '-sc_threshold',
    '0',
  ];
  const flags =
    format === 'mp4' ? ['-movflags', '+empty_moov+default_base_moof', '-frag_duration', '250000'] : [];
  const args = [
    '-loglevel',
    'error',
    '-i',
    clip.file,
    ...coding,
    '-c:a',
    'copy',
    ...flags,
    '-f',
    format,
    'pipe:1',
  ];
  return (await runFfmpeg(args)).stdout;
}

/** Sends what a recorder gave out, and does something after some chunks, when what came before is published. */
async function sendChunks(
  stream: RecordedStream,
  chunks: readonly RecorderChunk[],
  lagSeconds: number,
  between: (index: number) => (() => Promise<void>) | null,
): Promise<void> {
  for (const [index, { bytes, atSeconds }] of chunks.entries()) {
    stream.send(bytes);
    const happen = between(index);
    if (happen === null) continue;
    await stream.published(atSeconds - lagSeconds);
    await happen();
  }
}

const kinds: ClipKind[] = ['webm-h264', 'webm-vp8', 'mp4-h264', 'ts-h264'];

for (const kind of kinds) {
  t.test(`${kind}: whole and in order when nothing happens`, async t => {
    const clip = await makeClip({ kind, durationSeconds: seconds });
    const stream = await RecordedStream.start(t);
    stream.send(clip.bytes);
    const result = await stream.end();
    t.match(result, { journalFrames: clip.frameCount, publishedFrames: clip.frameCount, damages: 0 });
    t.ok(Math.abs(result.durationSeconds - seconds) < 0.1, `${result.durationSeconds} s`);
    t.same(await faultsOf(stream, clip), []);
  });

  t.test(`${kind}: ffmpeg is killed again and again, every frame comes out once`, async t => {
    const clip = await makeClip({ kind, durationSeconds: seconds });
    const stream = await RecordedStream.start(t);
    await sendChunks(stream, clip.chunks, 0.8, index => (index % 5 === 2 ? () => stream.killFfmpeg() : null));
    const result = await stream.end();
    t.match(result, { journalFrames: clip.frameCount, publishedFrames: clip.frameCount });
    t.same(await faultsOf(stream, clip), []);
  });

  t.test(`${kind}: the server is started anew again and again, every frame comes out once`, async t => {
    const clip = await makeClip({ kind, durationSeconds: seconds });
    const stream = await RecordedStream.start(t);
    await sendChunks(stream, clip.chunks, 0.8, index => (index % 4 === 1 ? () => stream.restart() : null));
    const result = await stream.end();
    t.match(result, { journalFrames: clip.frameCount, publishedFrames: clip.frameCount });
    t.same(await faultsOf(stream, clip), []);
  });
}

for (const format of ['matroska', 'mp4', 'mpegts']) {
  t.test(`${format} with B-frames: killed and started anew, every frame comes out once`, async t => {
    const kind = { matroska: 'webm-h264', mp4: 'mp4-h264', mpegts: 'ts-h264' }[format] as ClipKind;
    const clip = await makeClip({ kind, durationSeconds: seconds });
    const bytes = await withReorderedFrames(clip, format);
    const stream = await RecordedStream.start(t);
    await sendChunks(stream, cutTransportStream(bytes, seconds, 0.25), 2.5, index => {
      if (index % 6 === 2) return () => stream.killFfmpeg();
      return index % 6 === 5 ? () => stream.restart() : null;
    });
    const result = await stream.end();
    t.match(result, { journalFrames: clip.frameCount, publishedFrames: clip.frameCount });
    t.same(await faultsOf(stream, clip), []);
  });
}

t.test('what is published already has its names and its bytes for ever', async t => {
  const clip = await makeClip({ kind: 'webm-h264', durationSeconds: seconds });
  const stream = await RecordedStream.start(t);
  const seen = new Map<string, Buffer>();
  await sendChunks(stream, clip.chunks, 0.8, index => async () => {
    for (const { number } of stream.writer.rendition.closed) {
      const name = `${String(number).padStart(6, '0')}.m4s`;
      const bytes = await readFile(join(stream.renditionFolder, name));
      if (!(seen.get(name) ?? bytes).equals(bytes)) t.fail(`${name} changed`);
      seen.set(name, bytes);
    }
    if (index % 3 === 1) await stream.restart();
  });
  await stream.end();
  t.equal(seen.size, 2);
});

t.test('a recorder that was started anew goes on behind what it recorded before', async t => {
  const clip = await makeRestartClip({ kind: 'webm-h264', durationSeconds: 3 });
  const stream = await RecordedStream.start(t);
  await sendChunks(stream, clip.chunks, 1.2, index => (index % 4 === 3 ? () => stream.killFfmpeg() : null));
  const result = await stream.end();
  t.match(result, { journalFrames: clip.frameCount, publishedFrames: clip.frameCount, damages: 0 });
  t.same(await faultsOf(stream, clip), []);
  t.ok(stream.writer.rendition.closed.some(({ isDiscontinuity }) => isDiscontinuity));
});

t.test('garbage in the middle costs what it hit', async t => {
  const clip = await makeClip({ kind: 'webm-h264', durationSeconds: seconds });
  const stream = await RecordedStream.start(t);
  const cut = clip.bytes.length >> 1;
  stream.send(clip.bytes.subarray(0, cut));
  await stream.published(1.5);
  stream.send(Buffer.alloc(20_000, 'garbage '));
  stream.send(clip.bytes.subarray(cut));
  const result = await stream.end();
  t.ok(result.damages > 0);
  const frames = await readFrameNumbers(await stream.wholeFile(), { lenient: true });
  const numbers = new Set(frames.map(({ number }) => number));
  // Key frames are two seconds apart: the one that is hit may take its whole group with it.
  for (let number = 0; number < 60; number += 1) t.ok(numbers.has(number), `before: ${number}`);
  for (let number = 120; number < 180; number += 1) t.ok(numbers.has(number), `behind: ${number}`);
});

t.test('a header that never ends takes nothing from what came before it', async t => {
  const clip = await makeClip({ kind: 'webm-h264', durationSeconds: 2 });
  const stream = await RecordedStream.start(t);
  stream.send(clip.bytes);
  stream.send(clip.bytes.subarray(0, 60), true);
  for (let index = 0; index < 40; index += 1) stream.send(Buffer.alloc(262_144, 'noise '));
  stream.send(clip.bytes, true);
  const result = await stream.end();
  t.match(result, { publishedFrames: 2 * clip.frameCount });
  t.ok(result.damages > 0);
});

t.test('what cannot be decoded is told in words', async t => {
  const clip = await makeClip({ kind: 'webm-vp8', durationSeconds: 2 });
  const noise = Buffer.from(clip.bytes);
  for (let at = 600; at < noise.length; at += 1) noise[at] = (at * 7_919) & 0xff;
  const stream = await RecordedStream.start(t);
  stream.send(noise);
  await t.rejects(stream.end(), {
    code: 'media-unusable',
    message: /Nothing of what was sent can be played/,
  });
});

t.test('sound alone, and a picture alone, are streams', async t => {
  const clip = await makeClip({ kind: 'webm-h264', durationSeconds: seconds });
  const sound = await runFfmpeg([
    '-loglevel',
    'error',
    '-i',
    clip.file,
    '-vn',
    '-c',
    'copy',
    '-f',
    'webm',
    'pipe:1',
  ]);
  const soundOnly = await RecordedStream.start(t);
  soundOnly.send(sound.stdout);
  const heard = await soundOnly.end();
  t.match(heard, { journalFrames: 0, publishedFrames: 0, tracks: { video: null, audio: { codec: 'opus' } } });
  t.ok(Math.abs(heard.durationSeconds - seconds) < 0.1, `${heard.durationSeconds} s`);
  const silent = await makeClip({ kind: 'webm-h264-video-only', durationSeconds: seconds });
  const pictureOnly = await RecordedStream.start(t);
  await sendChunks(pictureOnly, silent.chunks, 0.8, index =>
    index === 9 ? () => pictureOnly.restart() : null,
  );
  t.match(await pictureOnly.end(), { publishedFrames: silent.frameCount });
  t.same(await faultsOf(pictureOnly, silent), []);
});

t.test('a server that is gone while nothing is published yet begins again', async t => {
  const clip = await makeClip({ kind: 'webm-h264', durationSeconds: 2 });
  const stream = await RecordedStream.start(t);
  stream.send(clip.bytes.subarray(0, 100));
  await stream.restart();
  stream.send(clip.bytes.subarray(100, 3_000));
  await stream.restart();
  stream.send(clip.bytes.subarray(3_000));
  t.match(await stream.end(), { publishedFrames: clip.frameCount });
  await stream.restart();
  t.match(await stream.outcomes.at(-1), { journalFrames: clip.frameCount, publishedFrames: clip.frameCount });
  t.same(await faultsOf(stream, clip), [], 'over, and opened once more');
});
