import t from 'tap';
import { VideoEvents } from '../../src/events/video-events.ts';
import { createLog } from '../../src/log.ts';
import { MatroskaWriter } from '../../src/media/matroska-writer.ts';
import type { MediaFrame } from '../../src/rtp/media-frame.ts';
import { FedFrames } from '../../src/sessions/fed-frames.ts';
import { LiveClock } from '../../src/sessions/live-clock.ts';

const writer = new MatroskaWriter(1_000_000);
const header = writer.header([{ number: 1, kind: 'video', codecId: 'V_VP8', width: 640, height: 360 }]);

/** One viewer of a stream of pictures 40 ms apart; `send` gives the next one as the journal holds it. */
function startFeed() {
  const frames: MediaFrame[] = [];
  const clock = new LiveClock('f3Kq9ZtA1bXy', new VideoEvents(createLog('silent')), () => null);
  const feed = { frame: (frame: MediaFrame) => frames.push(frame), close: () => undefined };
  const fed = new FedFrames(feed, clock, () => 0);
  let offset = header.length;
  let index = 0;
  const send = (sizeBytes: number, isKey: boolean) => {
    const content = Buffer.alloc(sizeBytes, index);
    const bytes = Buffer.concat([writer.frameHead(1, index * 40, isKey, sizeBytes), content]);
    fed.push({ bytes, offset, isFresh: false, arrivedAtMillis: 1_000 + index * 40 });
    offset += bytes.length;
    index += 1;
  };
  return { fed, frames, send };
}

t.test('what is caught up with goes out together, its times drawn together', async t => {
  const { fed, frames, send } = startFeed();
  fed.begin(header, 0, header.length + 1_200);
  for (let index = 0; index < 10; index += 1) send(100, index === 0);
  t.equal(frames.length, 10);
  const times = frames.map(({ timeMicros }) => timeMicros);
  t.same(
    times.map(time => time - (times[0] ?? 0)),
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map(millis => millis * 1_000),
  );
  fed.close();
  send(100, false);
  t.equal(frames.length, 10, 'nothing more after the end');
});

t.test('minutes without a key picture are not kept: a viewer waits for the next one', async t => {
  const { fed, frames, send } = startFeed();
  fed.begin(header, 0, header.length + 40_000_000);
  send(1_000_000, true);
  for (let index = 0; index < 42; index += 1) send(1_000_000, false);
  t.same(frames, []);
  send(1_000, false);
  t.same(frames, []);
  send(1_000, true);
  t.equal(frames.length, 1);
  t.equal(frames[0]?.isKey, true);
  fed.close();
});
