import t from 'tap';
import { MediaFrameWriter } from '../../src/ingest/media-frame-writer.ts';
import type { MediaFrame } from '../../src/rtp/media-frame.ts';
import { RecordedStream } from '../sessions/recorded-stream.ts';
import { avOffset } from '../support/av-offset.ts';
import { type ClipSpec, makeClip } from '../support/clips.ts';
import { mediaFrames, shifted } from '../support/media-frames.ts';
import { frameSequenceFaults, readFrameNumbers } from '../support/numbered-frames.ts';

/** A stream with the writer of one publisher; `again` is the next publisher of the same session. */
async function startStream(test: Parameters<typeof RecordedStream.start>[0]) {
  const stream = await RecordedStream.start(test);
  const sink = {
    get isEmpty() {
      return stream.journal.taken.bytes === 0;
    },
    get takenBytes() {
      return stream.journal.taken.bytes;
    },
    append: (payload: readonly Uint8Array[], facts: { units: number; kind: 'payload' | 'fresh' }) =>
      stream.journal.append(payload, facts),
  };
  const publish = (frames: readonly MediaFrame[]) => {
    const writer = new MediaFrameWriter(sink);
    for (const frame of frames) writer.take(frame);
    return writer;
  };
  return { stream, publish };
}

const framesOf = async (spec: ClipSpec) => mediaFrames((await makeClip(spec)).bytes);
const pictures = (frames: readonly MediaFrame[]) => frames.filter(({ kind }) => kind === 'video');
const sound = (frames: readonly MediaFrame[]) => frames.filter(({ kind }) => kind === 'audio');

for (const kind of ['webm-h264', 'webm-vp8'] as const) {
  t.test(`${kind}: every picture comes out once and in order, sound in step`, async t => {
    const { stream, publish } = await startStream(t);
    const frames = await framesOf({ kind, durationSeconds: 6 });
    // Any beginning: a clock that has run for a day.
    publish(shifted(frames, 86_400_000_000));
    const result = await stream.end();
    t.equal(result.damages, 0);
    t.equal(result.journalFrames, 180);
    t.equal(result.publishedFrames, 180);
    const file = await stream.wholeFile();
    t.same(frameSequenceFaults(await readFrameNumbers(file), { first: 0, count: 180 }), []);
    const offsets = await avOffset(file);
    t.equal(offsets.length, 6);
    for (const { offsetMillis } of offsets) t.ok(Math.abs(offsetMillis) <= 20, `${offsetMillis} ms`);
  });
}

t.test('nothing before the first key picture is written, and pictures alone are enough', async t => {
  const { stream, publish } = await startStream(t);
  const frames = pictures(await framesOf({ kind: 'webm-h264', durationSeconds: 4 }));
  publish(frames.slice(20));
  const result = await stream.end();
  t.equal(result.journalFrames, 60, 'from the key picture at 2 s on');
  t.equal(result.publishedFrames, 60);
  t.same(result.tracks.audio, null);
  t.same(frameSequenceFaults(await readFrameNumbers(await stream.wholeFile()), { first: 60, count: 60 }), []);
});

t.test('sound alone is enough', async t => {
  const { stream, publish } = await startStream(t);
  publish(sound(await framesOf({ kind: 'webm-h264', durationSeconds: 4 })));
  const result = await stream.end();
  t.same(result.tracks, { video: null, audio: { codec: 'opus', channels: 1 } });
  t.ok(Math.abs(result.durationSeconds - 4) < 0.1, `${result.durationSeconds} s`);
});

t.test('a publisher that returns goes on in the same video, with any codec, without a repeat', async t => {
  const { stream, publish } = await startStream(t);
  publish(await framesOf({ kind: 'webm-h264', durationSeconds: 4 }));
  publish(shifted(await framesOf({ kind: 'webm-vp8', durationSeconds: 4, firstNumber: 120 }), 9_000_000_000));
  publish(await framesOf({ kind: 'webm-h264', durationSeconds: 2, firstNumber: 240 }));
  const result = await stream.end();
  t.equal(result.damages, 0);
  t.equal(result.publishedFrames, 300);
  t.ok(Math.abs(result.durationSeconds - 10) < 0.2, `${result.durationSeconds} s`);
  t.equal(stream.tracks.length, 3);
});

t.test('one publisher that changes its codec goes on in the same video', async t => {
  const { stream, publish } = await startStream(t);
  const h264 = await framesOf({ kind: 'webm-h264', durationSeconds: 4 });
  const vp8 = await framesOf({ kind: 'webm-vp8', durationSeconds: 4, firstNumber: 120 });
  publish([...h264, ...shifted(vp8, 4_000_000)]);
  const result = await stream.end();
  t.equal(result.publishedFrames, 240);
  t.ok(Math.abs(result.durationSeconds - 8) < 0.2, `${result.durationSeconds} s`);
});

for (const kind of ['webm-h264', 'webm-vp8'] as const) {
  t.test(`${kind}: pictures that grow and shrink are survived, at their own size when they grow`, async t => {
    const { stream, publish } = await startStream(t);
    const small = await framesOf({ kind, durationSeconds: 2, width: 320, height: 180 });
    const large = await framesOf({ kind, durationSeconds: 2, width: 640, height: 360, firstNumber: 60 });
    const smaller = await framesOf({ kind, durationSeconds: 2, width: 480, height: 270, firstNumber: 120 });
    publish([...small, ...shifted(large, 2_000_000), ...shifted(smaller, 4_000_000)]);
    const result = await stream.end();
    t.equal(result.publishedFrames, 180);
    t.ok(Math.abs(result.durationSeconds - 6) < 0.2, `${result.durationSeconds} s`);
    const sizes = stream.writer.rendition.formats.map(({ width, height }) => `${width}x${height}`);
    const expected = kind === 'webm-h264' ? ['320x180', '640x360', '480x270'] : ['320x180', '640x360'];
    t.same(sizes, expected);
  });
}

t.test('a gap freezes the picture and shifts no sound', async t => {
  const { stream, publish } = await startStream(t);
  const frames = await framesOf({ kind: 'webm-h264', durationSeconds: 8 });
  const isLost = ({ kind, timeMicros }: MediaFrame) =>
    kind === 'video' && timeMicros > 2_500_000 && timeMicros < 3_990_000;
  publish(frames.filter(frame => !isLost(frame)));
  const result = await stream.end();
  t.ok(Math.abs(result.durationSeconds - 8) < 0.1, `${result.durationSeconds} s`);
  const offsets = await avOffset(await stream.wholeFile());
  t.equal(offsets.length, 7, 'one flash is in the gap');
  for (const { offsetMillis } of offsets) t.ok(Math.abs(offsetMillis) <= 20, `${offsetMillis} ms`);
});

t.test(
  'a packet of sound that never came is silence of its length: what follows is where it was',
  async t => {
    const { stream, publish } = await startStream(t);
    const frames = await framesOf({ kind: 'webm-h264', durationSeconds: 6 });
    // One packet of 20 ms each time, between the beeps: too short for ffmpeg to fill.
    const heard = sound(frames);
    const lost = [1.5, 3.5].map(seconds => heard.find(({ timeMicros }) => timeMicros >= seconds * 1e6));
    publish(frames.filter(frame => !lost.includes(frame)));
    const result = await stream.end();
    t.equal(result.damages, 0);
    const offsets = await avOffset(await stream.wholeFile());
    t.equal(offsets.length, 6);
    const millis = offsets.map(({ offsetMillis }) => offsetMillis);
    const spread = Math.max(...millis) - Math.min(...millis);
    t.ok(spread < 10, `${millis.map(Math.round)} ms`);
  },
);

t.test('sound and pictures that come later than the header join at the next key picture', async t => {
  const { stream, publish } = await startStream(t);
  const frames = await framesOf({ kind: 'webm-h264', durationSeconds: 8 });
  const isThere = ({ kind, timeMicros }: MediaFrame) =>
    kind === 'video' ? timeMicros >= 0 : timeMicros > 3_000_000;
  publish(frames.filter(isThere));
  const result = await stream.end();
  t.equal(result.publishedFrames, 240);
  t.match(result.tracks, { video: { codec: 'h264' }, audio: { codec: 'opus' } });
  t.ok(Math.abs(result.durationSeconds - 8) < 0.2, `${result.durationSeconds} s`);
  const offsets = await avOffset(await stream.wholeFile());
  t.equal(offsets.length, 4, 'flashes at 4, 5, 6 and 7 s have their beep');
  for (const { offsetMillis } of offsets) t.ok(Math.abs(offsetMillis) <= 20, `${offsetMillis} ms`);

  const other = await startStream(t);
  other.publish(frames.filter(({ kind, timeMicros }) => kind === 'audio' || timeMicros > 3_900_000));
  const late = await other.stream.end();
  t.equal(late.publishedFrames, 120);
  t.ok(Math.abs(late.durationSeconds - 8) < 0.2, `${late.durationSeconds} s`);
});

t.test('what comes a second too late is left out, with the pictures that are made of it', async t => {
  const { stream, publish } = await startStream(t);
  const frames = await framesOf({ kind: 'webm-h264', durationSeconds: 6 });
  const late = frames.findIndex(({ kind, timeMicros }) => kind === 'video' && timeMicros > 2_400_000);
  const moved = frames.map((frame, index) =>
    index === late ? { ...frame, timeMicros: frame.timeMicros - 1_500_000 } : frame,
  );
  publish(moved);
  const result = await stream.end();
  t.equal(result.damages, 0);
  t.equal(stream.tracks.length, 1, 'one stream: no clock was set back');
  t.ok(result.publishedFrames < 180 && result.publishedFrames > 120, `${result.publishedFrames} pictures`);
  t.equal(result.journalFrames, result.publishedFrames);
});
