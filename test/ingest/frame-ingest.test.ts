import t from 'tap';
import { FrameIngest, type FrameSink } from '../../src/ingest/frame-ingest.ts';
import { MatroskaScanner } from '../../src/media/matroska-scanner.ts';
import { framesIn, scan } from '../media/scanned-stream.ts';
import { numberedJpegs } from '../support/numbered-frames.ts';

const limits = { maxFrameBytes: 1_000_000, maxFramePixels: 4_000_000, maxFrameSide: 4_000 };
const [jpeg = Buffer.alloc(0), second = Buffer.alloc(0)] = await numberedJpegs(2);

/** What a session keeps: bytes, how many frames they count as, the newest frame's time. */
class KeptFrames implements FrameSink {
  readonly frameRate: number | null;
  readonly bytes: Buffer[] = [];
  units = 0;
  mediaTicks = -1;

  constructor(frameRate: number | null = null) {
    this.frameRate = frameRate;
  }
  get isEmpty() {
    return this.bytes.length === 0;
  }
  append(payload: readonly Uint8Array[], facts: { units: number; mediaTicks: number }) {
    for (const bytes of payload) this.bytes.push(Buffer.from(bytes));
    this.units += facts.units;
    this.mediaTicks = facts.mediaTicks;
  }
}

t.test(
  'first messages that are no JPEG count like all others, and the stream begins with the first picture',
  async t => {
    const kept = new KeptFrames();
    const frames = new FrameIngest(kept, limits);
    for (const bad of [Buffer.alloc(0), Buffer.from('hello'), jpeg.subarray(0, 30)]) {
      t.throws(() => frames.take(bad, 5_000_000n, 0), { code: 'bad-frame' });
    }
    t.throws(() => frames.take(Buffer.alloc(1_000_001), null, 0), { code: 'frame-too-large' });
    t.equal(kept.units, 4, 'both sides count the same frames');
    t.ok(kept.isEmpty, 'nothing of them is in the stream');
    t.equal(kept.mediaTicks, -1);
    frames.take(jpeg, 7_000_000n, 0);
    frames.take(second, 7_040_000n, 0);
    t.equal(kept.units, 6);
    const { events } = scan(MatroskaScanner, [Buffer.concat(kept.bytes)]);
    t.match(events[0], ['started', 0]);
    t.equal(framesIn(events), 2);
    t.equal(kept.mediaTicks, 7_040);
  },
);

t.test('a capture time before the one ahead of it is told, and the frame is taken', async t => {
  const kept = new KeptFrames();
  const frames = new FrameIngest(kept, limits);
  t.equal(frames.take(jpeg, 9_000_000_000n, 0), null);
  t.match(frames.take(second, 1_000_000n, 0), { code: 'clock-set-back' });
  t.equal(frames.take(jpeg, 1_050_000n, 0), null);
  t.equal(kept.units, 3);
  t.equal(kept.mediaTicks, 9_000_000 + 40 + 50);
});

t.test('at a constant rate the first picture is the first tick, also behind bad ones', async t => {
  const kept = new KeptFrames(27);
  const frames = new FrameIngest(kept, limits);
  t.throws(() => frames.take(Buffer.from('x'), null, 0), { code: 'bad-frame' });
  frames.take(jpeg, null, 0);
  t.equal(kept.mediaTicks, 0);
});

t.test('times that are none are refused', async t => {
  const frames = new FrameIngest(new KeptFrames(), limits);
  t.throws(() => frames.take(jpeg, 2n ** 64n - 1n, 0), { code: 'bad-frame' });
});
