import fc from 'fast-check';
import t from 'tap';
import { LivereelError } from '../../src/errors.ts';
import { readAvcConfiguration } from '../../src/media/avc.ts';
import { sniffContainer } from '../../src/media/container.ts';
import { FragmentStreamReader } from '../../src/media/fragment-stream-reader.ts';
import { readJpegHead } from '../../src/media/jpeg.ts';
import { MatroskaPictures } from '../../src/media/matroska-pictures.ts';
import { MatroskaScanner } from '../../src/media/matroska-scanner.ts';
import { readMovieFragment } from '../../src/media/mp4-fragment.ts';
import { Mp4Scanner } from '../../src/media/mp4-scanner.ts';
import { readMovieHeader } from '../../src/media/mp4-track-header.ts';
import { TransportStreamScanner } from '../../src/media/transport-stream-scanner.ts';
import { makeClip } from '../support/clips.ts';
import { numberedJpegs } from '../support/numbered-frames.ts';
import { holds } from './property.ts';
import { anyCuts, cutAt, framesIn, piecesOf, scan } from './scanned-stream.ts';

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

t.test(
  'pictures that go round ffmpeg: whatever comes, it goes on, keeps little and gives back no more than came',
  async t => {
    const { bytes } = await makeClip({ kind: 'webm-h264', durationSeconds: 2 });
    const cases = damagedCopies(bytes).chain(copy => fc.tuple(fc.constant(copy), anyCuts(copy.length)));
    const passed = (pieces: Iterable<Buffer>) => {
      let [pictures, restBytes] = [0, 0];
      const visitor = {
        coding: () => undefined,
        picture: ({ data, duration }: { data: Buffer; duration: number }) => {
          pictures += data.length > 0 && duration > 0 ? 1 : Number.NaN;
        },
        soundPassed: () => undefined,
        refused: () => undefined,
      };
      const reader = new MatroskaPictures(visitor);
      for (const piece of pieces) restBytes += reader.push(Buffer.from(piece)).length;
      reader.end();
      return { pictures, restBytes };
    };
    t.ok(passed([bytes]).pictures > 40);
    holds(
      t,
      fc.property(cases, ([copy, cuts]) => {
        const whole = passed([copy]);
        const split = passed(cutAt(copy, cuts));
        return whole.restBytes <= 2 * copy.length && JSON.stringify(split) === JSON.stringify(whole);
      }),
      150,
    );
  },
);

t.test('what a broken ffmpeg writes is refused, never believed', async t => {
  const { bytes } = await makeClip({ kind: 'mp4-h264', durationSeconds: 2 });
  const cases = damagedCopies(bytes).chain(copy => fc.tuple(fc.constant(copy), anyCuts(copy.length)));
  holds(
    t,
    fc.property(cases, ([copy, cuts]) => {
      let sampleBytes = 0;
      const reader = new FragmentStreamReader({
        header: () => undefined,
        sample: ({ data }) => {
          sampleBytes += data.length;
        },
      });
      try {
        for (const piece of cutAt(copy, cuts)) reader.push(Buffer.from(piece));
      } catch (error) {
        if (!(error instanceof LivereelError)) return false;
      }
      return sampleBytes <= 10 * copy.length;
    }),
    150,
  );
});

t.test('a JPEG of any bytes is one or none, at once', async t => {
  const [jpeg = Buffer.alloc(0)] = await numberedJpegs(1);
  holds(
    t,
    fc.property(damagedCopies(jpeg), copy => {
      const head = readJpegHead(copy);
      return (
        head === null || (head.width > 0 && head.height > 0 && head.width < 65_536 && head.height < 65_536)
      );
    }),
    1_000,
  );
  // Four million fill bytes and two-byte segments: what grows with their square takes minutes, on any machine.
  const begun = performance.now();
  t.equal(readJpegHead(Buffer.concat([Buffer.from([0xff, 0xd8]), Buffer.alloc(8_000_000, 0xff)])), null);
  const shortest = Buffer.alloc(8_000_000);
  for (let at = 0; at < shortest.length; at += 4) shortest.writeUInt32BE(0xffe00002, at);
  t.equal(readJpegHead(Buffer.concat([Buffer.from([0xff, 0xd8]), shortest])), null);
  t.ok(performance.now() - begun < 8_000, `${performance.now() - begun} ms`);
});

t.test('large headers that come in small pieces cost no more than they are long', async t => {
  const begun = performance.now();
  for (const { Scanner, head } of [
    { Scanner: Mp4Scanner, head: Buffer.from('003f0000' + '6d6f6f76', 'hex') },
    { Scanner: MatroskaScanner, head: Buffer.from('1654ae6b' + '200ffff0', 'hex') },
  ]) {
    scan(Scanner, piecesOf(Buffer.concat([head, Buffer.alloc(4_000_000, 1)]), 150));
  }
  // Put together anew with each piece it would be a hundred gigabytes.
  t.ok(performance.now() - begun < 8_000, `${performance.now() - begun} ms`);
});
