import t from 'tap';
import { MediaFrameWriter } from '../../src/ingest/media-frame-writer.ts';
import type { MediaFrame } from '../../src/rtp/media-frame.ts';
import { avOffset } from '../support/av-offset.ts';
import { makeClip } from '../support/clips.ts';
import { mediaFrames, shifted } from '../support/media-frames.ts';
import { frameSequenceFaults, readFrameNumbers } from '../support/numbered-frames.ts';
import { TestServer } from '../support/server.ts';

const server = await TestServer.start();
t.teardown(() => server.stop());

/** What one WebRTC publisher would have written into the journal. */
function written(frames: readonly MediaFrame[]): Buffer {
  const pieces: Uint8Array[] = [];
  let takenBytes = 0;
  const writer = new MediaFrameWriter({
    get isEmpty() {
      return takenBytes === 0;
    },
    get takenBytes() {
      return takenBytes;
    },
    append: (payload, { units }) => {
      takenBytes += units;
      pieces.push(...payload);
    },
  });
  for (const frame of frames) writer.take(frame);
  return Buffer.concat(pieces);
}

/** Sends a stream and gives what became of it. */
async function recorded(frames: readonly MediaFrame[]) {
  const { id, ingestToken } = await server.createSession();
  const headers = { authorization: `Bearer ${ingestToken}` };
  const sent = await fetch(`${server.baseUrl}/ingest/${id}?endOnClose=1`, {
    method: 'POST',
    headers,
    body: written(frames),
  });
  t.equal(sent.status, 200);
  const video = await server.finished(id);
  return { video, file: server.videoFile(id) };
}

const clip = (await makeClip({ kind: 'webm-h264', durationSeconds: 8 })).bytes;

t.test('sound that joins three seconds after the picture is in the video, in step', async t => {
  const frames = mediaFrames(clip).filter(
    ({ kind, timeMicros }) => kind === 'video' || timeMicros > 3_000_000,
  );
  const { video, file } = await recorded(frames);
  t.equal(video.error, null);
  t.same(frameSequenceFaults(await readFrameNumbers(file), { first: 0, count: 240 }), []);
  const offsets = await avOffset(file);
  t.equal(offsets.length, 4, 'flashes at 4, 5, 6 and 7 s have their beep');
  for (const { offsetMillis } of offsets) t.ok(Math.abs(offsetMillis) <= 20, `${offsetMillis} ms`);
});

t.test('pictures that join sound are in the video', async t => {
  const frames = mediaFrames(clip).filter(
    ({ kind, timeMicros }) => kind === 'audio' || timeMicros > 3_900_000,
  );
  const { video, file } = await recorded(frames);
  t.equal(video.error, null);
  t.equal(video.width, 640);
  t.ok(Math.abs((video.durationSeconds ?? 0) - 8) < 0.2, `${video.durationSeconds} s`);
  t.equal((await readFrameNumbers(file)).length, 120);
});

t.test('a picture that grows makes a video of its largest size', async t => {
  for (const kind of ['webm-h264', 'webm-vp8'] as const) {
    const small = await makeClip({ kind, durationSeconds: 2, width: 320, height: 180 });
    const large = await makeClip({ kind, durationSeconds: 2, width: 640, height: 360, firstNumber: 60 });
    // A clip's last packet of sound reaches into the next clip: one publisher's would not.
    const before = mediaFrames(small.bytes).filter(({ timeMicros }) => timeMicros < 1_990_000);
    const frames = [...before, ...shifted(mediaFrames(large.bytes), 2_000_000)];
    const { video, file } = await recorded(frames);
    t.equal(video.error, null);
    t.equal(video.width, 640);
    t.same(frameSequenceFaults(await readFrameNumbers(file), { first: 0, count: 120 }), []);
    // The beep with which a clip begins has no sound before it that a decoder could begin with; one publisher's has.
    const offsets = await avOffset(file);
    t.equal(offsets.length, 4);
    for (const { offsetMillis } of offsets.filter((_, index) => index % 2 === 1)) {
      t.ok(Math.abs(offsetMillis) <= 20, `${kind}: ${offsetMillis} ms`);
    }
  }
});
