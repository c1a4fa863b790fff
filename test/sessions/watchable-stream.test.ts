import t from 'tap';
import { VideoEvents } from '../../src/events/video-events.ts';
import { createLog } from '../../src/log.ts';
import type { MediaFrame } from '../../src/rtp/media-frame.ts';
import { LiveClock } from '../../src/sessions/live-clock.ts';
import { watchableStream } from '../../src/sessions/watchable-stream.ts';
import { type Clip, type ClipSpec, makeClip } from '../support/clips.ts';
import { eventually } from '../support/eventually.ts';
import { mediaFrames } from '../support/media-frames.ts';
import { RecordedStream } from './recorded-stream.ts';

// Streams of their own that go on at the pace of a recorder: all at once.
t.jobs = 5;

/** A session's stream, and viewers' feeds of it. */
async function startStream(test: Parameters<typeof RecordedStream.start>[0]) {
  const stream = await RecordedStream.start(test);
  const placeOf = () => stream.pipeline.place;
  const clock = new LiveClock('f3Kq9ZtA1bXy', new VideoEvents(createLog('silent')), placeOf);
  const journal = { directory: `${stream.folder}/journal`, tail: stream.journal };
  const watchable = () => watchableStream(journal, placeOf, clock, createLog('silent'));
  const feed = () => {
    const frames: MediaFrame[] = [];
    const state = { isClosed: false };
    const fed = watchable().feed({
      frame: frame => frames.push({ ...frame, bytes: Buffer.from(frame.bytes) }),
      close: () => {
        state.isClosed = true;
      },
    });
    test.teardown(async () => fed.close());
    return { frames, state, close: () => fed.close() };
  };
  return { stream, watchable, feed, clock };
}

/** Sends chunks at the pace of a recorder. */
async function sendAtPace(stream: RecordedStream, { chunks }: Pick<Clip, 'chunks'>): Promise<void> {
  const begun = performance.now();
  for (const { bytes, atSeconds } of chunks) {
    const waitMillis = begun + atSeconds * 1_000 - performance.now();
    if (waitMillis > 0) await new Promise(resolve => setTimeout(resolve, waitMillis));
    stream.send(bytes);
  }
}

const videos = (frames: readonly MediaFrame[]) => frames.filter(({ kind }) => kind === 'video');
const bytesOf = (frames: readonly MediaFrame[]) =>
  frames.map(({ bytes }) => Buffer.from(bytes).toString('base64'));

for (const kind of ['webm-h264', 'webm-vp8'] as const) {
  t.test(`${kind}: the newest group of pictures first, then everything as it comes`, async t => {
    const { stream, feed, clock } = await startStream(t);
    const spec: ClipSpec = { kind, durationSeconds: 7 };
    const clip = await makeClip(spec);
    const all = mediaFrames(clip.bytes);
    const isEarly = ({ atSeconds }: { atSeconds: number }) => atSeconds <= 3.5;
    await sendAtPace(stream, { chunks: clip.chunks.filter(isEarly) });
    await stream.published(2.5);
    const viewer = feed();
    await eventually(() => videos(viewer.frames).length > 0);
    const first = viewer.frames[0] as MediaFrame;
    t.match(first, { kind: 'video', isKey: true, codec: kind === 'webm-h264' ? 'H264' : 'VP8' });
    const later = clip.chunks.filter(chunk => !isEarly(chunk));
    await sendAtPace(stream, {
      chunks: later.map(chunk => ({ ...chunk, atSeconds: chunk.atSeconds - 3.5 })),
    });
    await stream.end();
    await eventually(() => viewer.state.isClosed, { what: 'the feed ends with the stream' });

    const pictures = videos(all);
    const begin = pictures.findIndex(({ bytes }) => Buffer.from(bytes).equals(Buffer.from(first.bytes)));
    t.equal(pictures[begin]?.isKey, true);
    t.ok(begin >= 60, `from picture ${begin} on`);
    const [fed, sent] = [bytesOf(videos(viewer.frames)), bytesOf(pictures.slice(begin))];
    t.equal(fed.length, sent.length);
    t.ok(
      fed.every((bytes, index) => bytes === sent[index]),
      'each picture once, in order',
    );
    for (const which of ['video', 'audio'] as const) {
      const times = viewer.frames.filter(frame => frame.kind === which).map(({ timeMicros }) => timeMicros);
      t.ok(times.length > 50);
      t.ok(
        times.every((time, index) => index === 0 || time > (times[index - 1] as number)),
        `${which} rises`,
      );
    }
    // The last second came live: its times are the recording's own, sound beside pictures.
    const shift = (viewer.frames.findLast(({ kind }) => kind === 'video')?.timeMicros ?? 0) - 6_974_000;
    const sound = viewer.frames.findLast(({ kind }) => kind === 'audio');
    t.ok(Math.abs((sound?.timeMicros ?? 0) - shift - 7_000_000) < 60_000);
    t.ok(clock.told, 'and the media timeline is known');
  });
}

t.test('a recorder that begins anew goes on with rising times', async t => {
  const { stream, feed } = await startStream(t);
  const clip = await makeClip({ kind: 'webm-h264', durationSeconds: 2 });
  stream.send(clip.bytes);
  await stream.published(1);
  const viewer = feed();
  await eventually(() => videos(viewer.frames).length > 10);
  stream.send(clip.bytes, true);
  await eventually(() => videos(viewer.frames).length >= 100, { timeoutSeconds: 20 });
  const times = videos(viewer.frames).map(({ timeMicros }) => timeMicros);
  t.ok(times.every((time, index) => index === 0 || time > (times[index - 1] as number)));
  t.notOk(viewer.state.isClosed);
  const vp8 = await makeClip({ kind: 'webm-vp8', durationSeconds: 2 });
  stream.send(vp8.bytes, true);
  await eventually(() => viewer.state.isClosed, { what: 'viewers have to ask for the other codec' });
});

t.test('what no viewer by WebRTC can be sent is refused in words', async t => {
  for (const kind of ['webm-vp9', 'mp4-h264', 'ts-h264'] as const) {
    const { stream, watchable } = await startStream(t);
    t.throws(watchable, { code: 'not-live' }, 'before anything came');
    stream.send((await makeClip({ kind, durationSeconds: 2 })).bytes);
    await stream.published(1);
    t.throws(watchable, { code: 'codecs-not-watchable', message: /watch it by HLS/ });
  }
});

t.test('nobody is fed after the last one left', async t => {
  const { stream, feed } = await startStream(t);
  const clip = await makeClip({ kind: 'webm-h264', durationSeconds: 4 });
  stream.send(clip.chunks[0]?.bytes ?? Buffer.alloc(0));
  await eventually(() => stream.pipeline.place?.keyOffset ?? false);
  const viewer = feed();
  await eventually(() => viewer.frames.length > 0);
  viewer.close();
  const count = viewer.frames.length;
  for (const { bytes } of clip.chunks.slice(1)) stream.send(bytes);
  await stream.end();
  t.equal(viewer.frames.length, count);
});
