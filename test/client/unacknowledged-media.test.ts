import fc from 'fast-check';
import t from 'tap';
import { UnacknowledgedMedia } from '../../src/client/unacknowledged-media.ts';

const bytes = (text: string) => new TextEncoder().encode(text);

t.test('bytes are cut anywhere, and time is counted from the last that is safe', async t => {
  const media = new UnacknowledgedMedia('bytes', 0);
  media.add(bytes('abcd'), 1_000);
  media.add(bytes('efgh'), 1_250);
  media.add(bytes('ijkl'), 1_500);
  t.equal(media.durationSeconds, 0.5);
  t.equal(media.unsafeSeconds(1_600), 0.6);
  t.equal(media.waitingSeconds(1_600), 0.6);
  media.acknowledge(6);
  t.match(media, { start: 6, end: 12, sizeBytes: 6, durationSeconds: 0.5 });
  t.same(media.pieceAt(6, 100), { bytes: bytes('gh'), nextOffset: 8 });
  t.same(media.pieceAt(7, 100), { bytes: bytes('h'), nextOffset: 8 });
  t.same(media.pieceAt(8, 3), { bytes: bytes('ijk'), nextOffset: 11 });
  media.acknowledge(8);
  t.equal(media.durationSeconds, 0.25);
  media.acknowledge(12);
  t.match(media, { sizeBytes: 0, durationSeconds: 0 });
  t.equal(media.unsafeSeconds(1_600), 0.1, 'what is captured since is not safe either');
  t.equal(media.waitingSeconds(1_600), 0);
  t.equal(media.pieceAt(12, 1), undefined);
});

t.test('frames stay whole and are counted, not measured', async t => {
  const media = new UnacknowledgedMedia('frames', 5);
  media.add(bytes('one'), 0);
  media.add(bytes('three'), 40);
  t.match(media, { start: 5, end: 7, sizeBytes: 8 });
  t.same(media.pieceAt(6, 1), { bytes: bytes('three'), nextOffset: 7 });
  media.acknowledge(6);
  t.match(media, { start: 6, sizeBytes: 5 });
});

t.test(
  'whatever is added, acknowledged and asked for, the bytes that follow an offset are the same',
  async () => {
    const step = fc.record({
      size: fc.integer({ min: 1, max: 40 }),
      acknowledged: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), fc.integer({ min: 1, max: 16 }), (steps, limit) => {
        const media = new UnacknowledgedMedia('bytes', 0);
        let next = 0;
        for (const { size, acknowledged } of steps) {
          media.add(
            Uint8Array.from({ length: size }, () => next++ % 256),
            next,
          );
          media.acknowledge(media.start + Math.floor((media.end - media.start) * acknowledged));
          let offset = media.start;
          for (
            let piece = media.pieceAt(offset, limit);
            piece !== undefined;
            piece = media.pieceAt(offset, limit)
          ) {
            if (piece.bytes.some((byte, index) => byte !== (offset + index) % 256)) return false;
            offset = piece.nextOffset;
          }
          if (offset !== media.end || media.sizeBytes !== media.end - media.start) return false;
        }
        return true;
      }),
    );
  },
);
