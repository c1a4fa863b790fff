import fc from 'fast-check';
import t from 'tap';
import { readVp8Descriptor, Vp8Depacketiser } from '../../src/rtp/vp8-depacketiser.ts';
import { holds } from '../media/property.ts';
import { bytesOf, depacketised, type Sent } from './depacketised.ts';

// A key frame of 640 x 360 begins so (RFC 6386, section 9.1); then a frame that needs others.
const key = '50 0100 9d012a 8002 6801 0011';
const inter = '31 0100 aabb';

const depacketise = (sent: readonly Sent[]) => depacketised(complete => new Vp8Depacketiser(complete), sent);

const hexOf = (hex: string) => hex.replace(/\s/g, '');

t.test('every form of descriptor is read', async t => {
  const plain = {
    isNonReference: false,
    beginsPartition: true,
    partition: 0,
    pictureId: null,
    hasLongPictureId: false,
    tl0PictureIndex: null,
    temporalLayer: null,
    isLayerSync: false,
    keyIndex: null,
    sizeBytes: 1,
  };
  // RFC 7741, section 4.2, figures by hand.
  const forms: [string, string, object][] = [
    ['one byte', '10 ff', plain],
    [
      'not a reference, partition 5',
      '25 ff',
      { ...plain, isNonReference: true, beginsPartition: false, partition: 5 },
    ],
    ['a picture id of 7 bits', '90 80 11 ff', { ...plain, pictureId: 17, sizeBytes: 3 }],
    [
      'a picture id of 15 bits',
      '90 80 9234 ff',
      { ...plain, pictureId: 0x1234, hasLongPictureId: true, sizeBytes: 4 },
    ],
    [
      'everything',
      'b0 f0 8001 07 b3 ff',
      {
        ...plain,
        isNonReference: true,
        pictureId: 1,
        hasLongPictureId: true,
        tl0PictureIndex: 7,
        temporalLayer: 2,
        isLayerSync: true,
        keyIndex: 19,
        sizeBytes: 6,
      },
    ],
    ['a key index alone', '90 10 e5 ff', { ...plain, keyIndex: 5, sizeBytes: 3 }],
    ['a layer alone', '90 20 45 ff', { ...plain, temporalLayer: 1, sizeBytes: 3 }],
  ];
  for (const [what, payload, expected] of forms) t.same(readVp8Descriptor(bytesOf(payload)), expected, what);
  for (const cut of ['', '10', '90', '90 80', '90 80 92', '90 80 92 34', 'b0 f0 8001 07 b3']) {
    t.equal(readVp8Descriptor(bytesOf(cut)), null, `cut: ${cut}`);
  }
});

t.test('packets become frames', async t => {
  const { pictures, roles, depacketiser } = depacketise([
    { at: 1, payload: `90 80 01 ${key}` },
    { at: 1, payload: `80 80 01 c0ffee` },
    { at: 1, payload: `81 80 01 c0c0`, isMarked: true },
    { at: 2, payload: `90 80 02 ${inter}`, isMarked: true },
  ]);
  t.same(pictures, [`K1 ${hexOf(key)}c0ffeec0c0`, `P2 ${hexOf(inter)}`]);
  t.same(
    roles.map(({ beginsKeyFrame }) => beginsKeyFrame),
    [true, false, false, false],
  );
  t.equal(depacketiser.pictureArea, 640 * 360);
});

t.test('after a loss nothing is shown until the next key frame', async t => {
  const whole: Sent[] = [
    { at: 1, payload: `10 ${key}`, isMarked: true },
    { at: 2, payload: `10 ${inter}` },
    { at: 2, payload: '00 aa', isMarked: true },
    { at: 3, payload: `10 ${inter}`, isMarked: true },
    { at: 4, payload: `10 ${key}` },
    { at: 4, payload: '00 bb', isMarked: true },
    { at: 5, payload: `10 ${inter}`, isMarked: true },
  ];
  const picturesWithout = (lost: number) =>
    depacketise(whole.map((sent, index) => ({ ...sent, isLost: index === lost }))).pictures.map(text =>
      text.slice(0, 2),
    );
  t.same(picturesWithout(-1), ['K1', 'P2', 'P3', 'K4', 'P5']);
  t.same(picturesWithout(1), ['K1', 'K4', 'P5'], 'the beginning');
  t.same(picturesWithout(2), ['K1', 'K4', 'P5'], 'the end');
  t.same(picturesWithout(3), ['K1', 'P2', 'K4', 'P5'], 'a whole picture');
  t.same(picturesWithout(4), ['K1', 'P2', 'P3'], 'the beginning of the key frame');
});

t.test('pictures after one that is lost as a whole need it, too', async t => {
  const { pictures } = depacketise([
    { at: 1, payload: `10 ${key}`, isMarked: true },
    { at: 2, payload: `10 ${inter}`, isMarked: true, isLost: true },
    { at: 3, payload: `10 ${inter}`, isMarked: true },
    { at: 4, payload: `10 ${inter}`, isMarked: true },
    { at: 5, payload: `10 ${key}`, isMarked: true },
  ]);
  t.same(
    pictures.map(text => text.slice(0, 2)),
    ['K1', 'K5'],
  );
});

t.test('a sender that sets no marker is understood', async t => {
  const { pictures } = depacketise([
    { at: 1, payload: `10 ${key}` },
    { at: 2, payload: `10 ${inter}` },
    { at: 3, payload: `10 ${inter}` },
  ]);
  t.same(pictures, [`K1 ${hexOf(key)}`, `P2 ${hexOf(inter)}`]);
});

t.test('what is malformed spoils its picture and those that need it', async t => {
  const wrong = {
    'nothing behind the descriptor': '10',
    'a first packet that begins nothing': `00 ${inter}`,
    'a first packet of a later partition': `11 ${inter}`,
  };
  for (const [what, payload] of Object.entries(wrong)) {
    const { pictures } = depacketise([
      { at: 1, payload: `10 ${key}`, isMarked: true },
      { at: 2, payload, isMarked: true },
      { at: 3, payload: `10 ${inter}`, isMarked: true },
      { at: 4, payload: `10 ${key}`, isMarked: true },
    ]);
    t.same(
      pictures.map(text => text.slice(0, 2)),
      ['K1', 'K4'],
      what,
    );
  }
  const { roles } = depacketise([{ at: 1, payload: `10 ${key.replace('9d', '9e')}`, isMarked: true }]);
  t.equal(roles[0]?.beginsKeyFrame, false, 'a key frame without its start code');
});

t.test('any payloads are read or refused', async t => {
  const sent = fc.record({
    at: fc.nat(4),
    payload: fc.uint8Array({ maxLength: 20 }).map(bytes => Buffer.from(bytes).toString('hex')),
    isMarked: fc.boolean(),
    isLost: fc.boolean(),
  });
  holds(
    t,
    fc.property(fc.array(sent, { maxLength: 40 }), all => depacketise(all).pictures.length <= all.length),
    1_000,
  );
});
