import t from 'tap';
import type { PublisherShape } from './simulated-publisher.ts';
import { readPicture } from './simulated-publisher.ts';
import { SimulatedStream } from './simulated-stream.ts';

/** The widths of the recorded key frames and when they came, one a change. */
function changesOf(stream: SimulatedStream): { width: number; atMillis: number }[] {
  const keys = stream.frames
    .filter(({ frame }) => frame.kind === 'video' && frame.isKey)
    .map(({ frame, atMillis }) => ({ width: readPicture(frame.bytes).width, atMillis }));
  return keys.filter(({ width }, index) => width !== keys[index - 1]?.width);
}

function widthsOf(stream: SimulatedStream): number[] {
  return changesOf(stream).map(({ width }) => width);
}

/** Recorded pictures each follow the one before it, or are key frames; and times rise. */
function isSound(stream: SimulatedStream): boolean {
  const pictures = stream.frames.filter(({ frame }) => frame.kind === 'video').map(({ frame }) => frame);
  return pictures.every((frame, index) => {
    const before = pictures[index - 1];
    if (before === undefined) return frame.isKey;
    const [picture, earlier] = [readPicture(frame.bytes), readPicture(before.bytes)];
    const follows = picture.width === earlier.width && picture.number === earlier.number + 1;
    return (frame.isKey || follows) && frame.timeMicros > before.timeMicros;
  });
}

const shapes: Record<string, PublisherShape> = {
  'by restriction ids': { widths: [320, 640, 1_280], announces: 'rids' },
  'by announced sources': { widths: [320, 640, 1_280], announces: 'sources' },
  'by restriction ids in the first packets only': {
    widths: [320, 640, 1_280],
    announces: 'rids',
    namedPackets: 5,
  },
  'by restriction ids, the best first': { widths: [1_280, 640, 320], announces: 'rids' },
};
for (const [name, shape] of Object.entries(shapes)) {
  t.test(`${name}: the best layer is recorded, and viewers get all of them`, async t => {
    const stream = new SimulatedStream(shape, { lossRate: 0.05, delayMillis: 20 });
    stream.run(15_000, false);
    t.ok(isSound(stream));
    const changes = changesOf(stream);
    t.equal(changes.at(-1)?.width, 1_280);
    t.ok((changes.at(-1)?.atMillis ?? 99_999) < 2_500, 'early');
    const layers = new Map<number, Set<number>>();
    for (const { packet, atMillis } of stream.packets) {
      if (!packet.beginsKeyFrame || atMillis < 5_000) continue;
      const width = readPicture(packet.payload.subarray(1)).width;
      layers.set(packet.layer, (layers.get(packet.layer) ?? new Set()).add(width));
    }
    t.same([...(layers.get(2) ?? [])], [1_280], 'the highest number is the best');
    const lost = stream.incoming
      .statistics()
      .filter(({ kind }) => kind === 'video')
      .map(source => source.lost);
    t.same(lost, [0, 0, 0], 'each layer is repaired');
  });
}

t.test('a viewer asks for a key frame of its layer, and no other is sent', async t => {
  const stream = new SimulatedStream({ widths: [320, 640, 1_280], announces: 'rids' });
  stream.run(5_500);
  const before = stream.packets.length;
  stream.incoming.requestKeyFrame(0);
  stream.run(300);
  const keys = stream.packets.slice(before).filter(({ packet }) => packet.beginsKeyFrame);
  t.same(
    keys.map(({ packet }) => packet.layer),
    [0],
  );
});

t.test(
  'when the best layer stops, the next one is recorded, and the best again once it is steady',
  async t => {
    const stream = new SimulatedStream({ widths: [320, 640, 1_280], announces: 'rids' }, { delayMillis: 20 });
    const best = stream.publisher.layers[2] as { isSent: boolean };
    stream.run(5_000);
    best.isSent = false;
    stream.run(5_000);
    best.isSent = true;
    stream.run(15_000, false);
    t.ok(isSound(stream));
    const changes = changesOf(stream).slice(-3);
    t.same(
      changes.map(({ width }) => width),
      [1_280, 640, 1_280],
    );
    const [, down, up] = changes.map(({ atMillis }) => atMillis) as [number, number, number];
    t.ok(down > 5_900 && down < 6_500, `down at ${down}`);
    t.ok(up >= 15_000 && up < 17_500, `up at ${up}: not before it was steady for 5 s`);
  },
);

t.test('when all layers stand still, as a shared screen may, none is left', async t => {
  const stream = new SimulatedStream({ widths: [320, 1_280], announces: 'rids' });
  stream.run(3_000);
  for (const layer of stream.publisher.layers) layer.isSent = false;
  stream.run(5_000);
  for (const layer of stream.publisher.layers) layer.isSent = true;
  stream.run(3_000, false);
  t.equal(widthsOf(stream).at(-1), 1_280);
  t.ok(widthsOf(stream).length <= 2, `${widthsOf(stream)}`);
});

t.test('a source that takes the place of another is recorded, once that one is silent', async t => {
  const stream = new SimulatedStream({ widths: [640] }, { delayMillis: 10 });
  stream.run(3_000);
  const layer = stream.publisher.layers[0] as {
    ssrc: number;
    rtxSsrc: number;
    wantsKey: boolean;
    isSent: boolean;
  };
  layer.isSent = false;
  stream.run(400);
  const before = stream.frames.length;
  Object.assign(layer, { ssrc: 7_777, rtxSsrc: 8_888, isSent: true, wantsKey: true });
  stream.run(2_000, false);
  const after = stream.frames.slice(before).filter(({ frame }) => frame.kind === 'video');
  t.equal(after.length, 50);
  t.ok(isSound(stream));
  t.same(
    stream.incoming
      .statistics()
      .filter(({ kind }) => kind === 'video')
      .map(({ ssrc }) => ssrc),
    [7_777],
  );
  const ticks = stream.packets
    .filter(({ packet }) => packet.kind === 'video')
    .map(({ packet }) => packet.ticks);
  t.ok(
    ticks.every((one, index) => index === 0 || one >= (ticks[index - 1] as number)),
    'ticks go on',
  );
});

t.test('two sources in one place: the second is not taken while the first goes on', async t => {
  const stream = new SimulatedStream({ widths: [640, 640], announces: 'nothing' });
  stream.run(3_000, false);
  t.same(
    stream.incoming
      .statistics()
      .filter(({ kind }) => kind === 'video')
      .map(({ ssrc }) => ssrc),
    [1_000],
  );
  t.ok(isSound(stream));
});
