import fc from 'fast-check';
import t from 'tap';
import { readAvcConfiguration } from '../../src/media/avc.ts';
import { sniffContainer } from '../../src/media/container.ts';
import { MatroskaScanner } from '../../src/media/matroska-scanner.ts';
import { readMovieFragment } from '../../src/media/mp4-fragment.ts';
import { Mp4Scanner } from '../../src/media/mp4-scanner.ts';
import { readMovieHeader } from '../../src/media/mp4-track-header.ts';
import { TransportStreamScanner } from '../../src/media/transport-stream-scanner.ts';
import { makeClip } from '../support/clips.ts';
import { holds } from './property.ts';
import { anyCuts, cutAt, framesIn, scan } from './scanned-stream.ts';

const scanners = [
  { name: 'Matroska', Scanner: MatroskaScanner, kind: 'webm-vp8' },
  { name: 'MP4', Scanner: Mp4Scanner, kind: 'mp4-h264' },
  { name: 'MPEG-TS', Scanner: TransportStreamScanner, kind: 'ts-h264' },
] as const;

/** A recording in which anything may have happened to some bytes: changed, lost, doubled, moved. */
function damagedCopies(bytes: Buffer): fc.Arbitrary<Buffer> {
  const place = fc.oneof(fc.nat(Math.min(2_000, bytes.length)), fc.nat(bytes.length));
  const change = fc.oneof(
    fc.record({ at: place, put: fc.uint8Array({ minLength: 1, maxLength: 12 }), over: fc.boolean() }),
    fc.record({ at: place, lose: fc.nat(5_000) }),
    fc.record({ at: place, again: place, length: fc.nat(5_000) }),
  );
  return fc.array(change, { minLength: 1, maxLength: 6 }).map(changes => {
    let copy = bytes;
    for (const change of changes) {
      const [before, after] = [copy.subarray(0, change.at), copy.subarray(change.at)];
      if ('lose' in change) copy = Buffer.concat([before, after.subarray(change.lose)]);
      else if ('put' in change)
        copy = Buffer.concat([before, change.put, after.subarray(change.over ? change.put.length : 0)]);
      else copy = Buffer.concat([before, bytes.subarray(change.again, change.again + change.length), after]);
    }
    return copy;
  });
}

for (const { name, Scanner, kind } of scanners) {
  const { bytes } = await makeClip({ kind, durationSeconds: 2 });

  t.test(
    `whatever happened to a recording, the ${name} scanner goes on, and tells the same in any split`,
    async t => {
      const cases = damagedCopies(bytes).chain(copy => fc.tuple(fc.constant(copy), anyCuts(copy.length)));
      holds(
        t,
        fc.property(cases, ([copy, cuts]) => {
          const whole = scan(Scanner, [copy]);
          if (whole.scannedOffset > copy.length) return false;
          const split = scan(Scanner, cutAt(copy, cuts));
          return JSON.stringify(split.events) === JSON.stringify(whole.events);
        }),
        150,
      );
    },
  );

  t.test(`bytes of no kind are nothing to the ${name} scanner`, async t => {
    holds(
      t,
      fc.property(fc.uint8Array({ maxLength: 3_000 }), noise => {
        const { events, scannedOffset } = scan(Scanner, [Buffer.from(noise)]);
        return scannedOffset <= noise.length && framesIn(events) < 3_000;
      }),
      500,
    );
  });
}

t.test('headers of no kind are read as far as they make sense', async t => {
  const { bytes } = await makeClip({ kind: 'mp4-h264', durationSeconds: 2 });
  const moovAt = bytes.indexOf('moov') - 4;
  const moov = bytes.subarray(moovAt + 8, moovAt + bytes.readUInt32BE(moovAt));
  const moofAt = bytes.indexOf('moof') - 4;
  const moof = bytes.subarray(moofAt + 8, moofAt + bytes.readUInt32BE(moofAt));
  const tracks = readMovieHeader(moov);
  t.equal(tracks.length, 2);
  holds(
    t,
    fc.property(damagedCopies(moov), damagedCopies(moof), (header, fragment) => {
      readMovieHeader(header);
      readAvcConfiguration(header);
      sniffContainer(header);
      try {
        readMovieFragment(fragment, tracks);
      } catch (error) {
        return error instanceof RangeError;
      }
      return true;
    }),
    1_000,
  );
});
