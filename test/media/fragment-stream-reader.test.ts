import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { LivereelError } from '../../src/errors.ts';
import { FragmentStreamReader } from '../../src/media/fragment-stream-reader.ts';
import { box, fullBox, uint32s } from '../../src/media/mp4-box.ts';
import { codedPictures, codedSound, readTrack } from './coded-samples.ts';
import { holds } from './property.ts';
import { anyCuts, cutAt, piecesOf } from './scanned-stream.ts';

const pictures = await codedPictures();
const sound = await codedSound();

t.test('every picture comes out once, in order, with its times', async t => {
  t.match(pictures.track, { kind: 'video', timescale: 90_000, format: 'avc1', width: 320, height: 180 });
  t.equal(pictures.samples.length, 60);
  t.same(pictures.samples.filter(({ isSync }) => isSync).length, 2, 'a key frame a second');
  const shown = pictures.samples.map(({ decodeTime, compositionOffset }) => decodeTime + compositionOffset);
  const first = Math.min(...shown);
  t.same(
    shown.map(time => time - first).sort((left, right) => left - right),
    Array.from({ length: 60 }, (_, index) => index * 3_000),
  );
  t.same(
    pictures.samples.map(({ duration }) => duration),
    Array.from({ length: 60 }, () => 3_000),
  );
  t.ok(pictures.samples.every(({ data }) => data.readUInt32BE(0) + 4 <= data.length));
});

t.test('sound comes out as whole AAC frames', async t => {
  t.match(sound.track, { kind: 'audio', timescale: 48_000, format: 'mp4a' });
  t.ok(sound.samples.length >= 94);
  for (const [index, sample] of sound.samples.slice(0, -1).entries()) {
    t.equal(sound.samples[index + 1]?.decodeTime, sample.decodeTime + 1_024);
  }
});

t.test('however the bytes come, the same comes out', async t => {
  const { track, samples } = pictures;
  holds(
    t,
    fc.property(anyCuts(pictures.bytes.length), cuts => {
      assert.deepEqual(readTrack(cutAt(pictures.bytes, cuts)), { track, samples });
    }),
    40,
  );
  for (const length of [1, 9, 4_096]) t.same(readTrack(piecesOf(pictures.bytes, length)), { track, samples });
});

t.test('what is no fragmented MP4 is refused in words', async t => {
  const pushed = (bytes: Buffer) => () => {
    new FragmentStreamReader({ header: () => undefined, sample: () => undefined }).push(bytes);
  };
  const cutMoof = box('moof', box('traf', fullBox('tfhd', 0, 0x38, uint32s(1))));
  const moovEnd = pictures.bytes.indexOf('moof') - 4;
  t.throws(pushed(Buffer.from('ffmpeg version 5.1')), { code: 'media-unusable' });
  t.throws(pushed(Buffer.concat([uint32s(0x7fff_ffff), Buffer.from('mdat')])), { code: 'media-unusable' });
  t.throws(pushed(box('moov')), { code: 'media-unusable' }, 'no track');
  t.throws(pushed(Buffer.concat([pictures.bytes.subarray(0, moovEnd), cutMoof])), { code: 'media-unusable' });
});

t.test('broken bytes give samples or a refusal, never anything else', async t => {
  const change = fc.tuple(fc.nat(pictures.bytes.length - 1), fc.nat(255));
  holds(
    t,
    fc.property(fc.array(change, { minLength: 1, maxLength: 6 }), changes => {
      const bytes = Buffer.from(pictures.bytes.subarray(0, 20_000));
      for (const [at, value] of changes) bytes[at % bytes.length] = value;
      try {
        readTrack(piecesOf(bytes, 5_000));
      } catch (error) {
        return error instanceof LivereelError || (error as Error).message === 'no header';
      }
      return true;
    }),
    500,
  );
});
