import fc from 'fast-check';
import t from 'tap';
import { readVp8Descriptor } from '../../src/rtp/vp8-depacketiser.ts';
import { pictureNumbersAt, shiftPictureNumbers } from '../../src/rtp/vp8-picture-numbers.ts';

t.test('numbers of 15 and of 7 bits wrap within their fields; the rest of the packet stays', async t => {
  const long = Buffer.from([0, 0x90, 0xe0, 0xff, 0xfe, 0xff, 0x20, 9]);
  shiftPictureNumbers(long, 1, { picture: 3, baseLayer: 2 });
  t.same(long, Buffer.from([0, 0x90, 0xe0, 0x80, 0x01, 0x01, 0x20, 9]));
  const short = Buffer.from([0x90, 0x80, 0x7f, 9]);
  shiftPictureNumbers(short, 0, { picture: 3, baseLayer: 2 });
  t.same(short, Buffer.from([0x90, 0x80, 0x02, 9]));
  const plain = Buffer.from([0x10, 0x50, 0x7f, 9]);
  shiftPictureNumbers(plain, 0, { picture: 3, baseLayer: 2 });
  t.same(plain, Buffer.from([0x10, 0x50, 0x7f, 9]), 'where there are none, nothing is written');
});

t.test('numbers are where a receiver reads them, before and after a shift', async () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 8, maxLength: 20 }),
      fc.integer({ min: -70_000, max: 70_000 }),
      fc.integer({ min: -300, max: 300 }),
      (payload, picture, baseLayer) => {
        const bytes = Buffer.from(payload);
        const before = readVp8Descriptor(bytes);
        const { picture: read, baseLayer: readBase } = pictureNumbersAt(bytes, 0);
        shiftPictureNumbers(bytes, 0, { picture, baseLayer });
        const after = readVp8Descriptor(bytes);
        const pictures = before?.hasLongPictureId === true ? 0x7fff : 0x7f;
        return (
          read === before?.pictureId &&
          readBase === before.tl0PictureIndex &&
          after?.sizeBytes === before.sizeBytes &&
          after.pictureId === (read === null ? null : (read + picture) & pictures) &&
          after.tl0PictureIndex === (readBase === null ? null : (readBase + baseLayer) & 0xff) &&
          bytes.subarray(after.sizeBytes).equals(Buffer.from(payload).subarray(before.sizeBytes))
        );
      },
    ),
    { numRuns: 2_000 },
  );
});
