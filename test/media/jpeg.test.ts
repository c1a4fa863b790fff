import fc from 'fast-check';
import sharp from 'sharp';
import t from 'tap';
import { readJpegHead } from '../../src/media/jpeg.ts';
import { jpegHeaderOfSize } from '../support/jpeg-bomb.ts';
import { numberedJpeg } from '../support/numbered-frames.ts';
import { holds } from './property.ts';

const picture = (width: number, height: number) =>
  sharp({ create: { width, height, channels: 3, background: '#abc' } });

t.test('the size of a picture is read, however it is coded', async t => {
  t.same(readJpegHead(await numberedJpeg(7)), { width: 640, height: 360 });
  t.same(readJpegHead(await picture(33, 17).jpeg().toBuffer()), { width: 33, height: 17 });
  t.same(readJpegHead(await picture(33, 17).jpeg({ progressive: true }).toBuffer()), {
    width: 33,
    height: 17,
  });
  t.same(readJpegHead(await picture(33, 17).jpeg({ mozjpeg: true }).toBuffer()), { width: 33, height: 17 });
  t.same(readJpegHead(await picture(40, 30).greyscale().jpeg().toBuffer()), { width: 40, height: 30 });
});

t.test('what a camera adds is passed over: EXIF, and the small picture in it', async t => {
  const withExif = await picture(64, 48)
    .withExif({ IFD0: { Copyright: 'nobody' } })
    .jpeg()
    .toBuffer();
  t.same(readJpegHead(withExif), { width: 64, height: 48 });
  const small = await picture(16, 12).jpeg().toBuffer();
  const application = Buffer.concat([Buffer.from([0xff, 0xe1, 0, 0]), Buffer.from('Exif\0\0'), small]);
  application.writeUInt16BE(application.length - 2, 2);
  const whole = await picture(64, 48).jpeg().toBuffer();
  const withThumbnail = Buffer.concat([whole.subarray(0, 2), application, whole.subarray(2)]);
  t.same(readJpegHead(withThumbnail), { width: 64, height: 48 });
  const filled = Buffer.concat([whole.subarray(0, 2), Buffer.from([0xff, 0xff, 0xff]), whole.subarray(2)]);
  t.same(readJpegHead(filled), { width: 64, height: 48 }, 'fill bytes before a marker (T.81, B.1.1.2)');
});

t.test('a picture of 30,000 by 30,000 in a few bytes tells its size before anyone decodes it', async t => {
  t.same(readJpegHead(jpegHeaderOfSize(30_000, 30_000)), { width: 30_000, height: 30_000 });
});

t.test('two frame headers in one picture are refused: a decoder may believe the other', async t => {
  const [bomb, small] = [jpegHeaderOfSize(30_000, 30_000), jpegHeaderOfSize(16, 16)];
  const at = small.indexOf(Buffer.from('ffc0', 'hex'));
  const frame = bomb.subarray(at, at + 13);
  const first = Buffer.concat([small.subarray(0, at), frame, small.subarray(at)]);
  t.equal(readJpegHead(first), null);
});

t.test('a picture that is cut before its scan is none, one that is cut later is', async t => {
  const whole = await picture(64, 48).jpeg().toBuffer();
  const scan = whole.indexOf(Buffer.from('ffda', 'hex'));
  for (let length = 0; length <= scan + 1; length += 1)
    t.equal(readJpegHead(whole.subarray(0, length)), null);
  t.same(readJpegHead(whole.subarray(0, scan + 40)), { width: 64, height: 48 });
});

t.test('what is no JPEG is none', async t => {
  t.equal(readJpegHead(await picture(8, 8).png().toBuffer()), null);
  t.equal(readJpegHead(await picture(8, 8).webp().toBuffer()), null);
  t.equal(readJpegHead(jpegHeaderOfSize(0, 10)), null);
  t.equal(readJpegHead(jpegHeaderOfSize(10, 0)), null);
  t.equal(readJpegHead(Buffer.from('ffd8ffd9', 'hex')), null);
  t.equal(readJpegHead(Buffer.from('ffd8ffe00000ffd9', 'hex')), null, 'a segment shorter than its length');
});

t.test('no bytes make it throw', async t => {
  const whole = await picture(64, 48).jpeg().toBuffer();
  holds(
    t,
    fc.property(fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 8 }), changes => {
      const bytes = Buffer.from(whole);
      for (const [at, value] of changes) bytes[at] = value;
      const head = readJpegHead(bytes);
      return head === null || (head.width > 0 && head.height > 0);
    }),
    2_000,
  );
});
