import fc from 'fast-check';
import t from 'tap';
import { H264Depacketiser } from '../../src/rtp/h264-depacketiser.ts';
import { h264Aggregate, readH264Payload } from '../../src/rtp/h264-payload.ts';
import { holds } from '../media/property.ts';
import { bytesOf, depacketised, type Sent } from './depacketised.ts';

// A sequence parameter set of 1280 x 720, as x264 writes it, and other units whose first byte is all that matters.
const sps = '6742c01fd9005005bb0110000003001000000303c0f1832480';
const pps = '68cb83cb20';
const idr = '65aabbccdd';
const slice = '41112233';

/** NAL units behind start codes. */
function stream(...nals: readonly string[]): string {
  return nals.map(nal => `00000001${nal}`).join('');
}

function aggregate(...nals: readonly string[]): string {
  return Buffer.from(h264Aggregate(nals.map(bytesOf)) as Uint8Array).toString('hex');
}

/** An FU-A of each piece of a NAL unit's body. */
function pieces(head: number, ...bodies: readonly string[]): string[] {
  return bodies.map((body, index) => {
    const flags = (index === 0 ? 0x80 : 0) | (index === bodies.length - 1 ? 0x40 : 0);
    return Buffer.from([(head & 0x60) | 28, flags | (head & 0x1f)]).toString('hex') + body;
  });
}

const depacketise = (sent: readonly Sent[]) => depacketised(complete => new H264Depacketiser(complete), sent);

const keyAt = (at: number): Sent[] => [
  { at, payload: aggregate(sps, pps) },
  { at, payload: idr, isMarked: true },
];
const sliceAt = (at: number): Sent => ({ at, payload: slice, isMarked: true });

t.test('single units, aggregates and pieces become access units', async t => {
  const [first, middle, last] = pieces(0x65, 'aa', 'bbcc', 'dd') as [string, string, string];
  const { pictures, roles, depacketiser } = depacketise([
    { at: 1, payload: aggregate(sps, pps) },
    { at: 1, payload: first },
    { at: 1, payload: middle },
    { at: 1, payload: last, isMarked: true },
    sliceAt(2),
    { at: 3, payload: aggregate('0605aa', slice), isMarked: true },
  ]);
  t.same(pictures, [`K1 ${stream(sps, pps, idr)}`, `P2 ${stream(slice)}`, `P3 ${stream('0605aa', slice)}`]);
  t.same(
    roles.map(({ beginsKeyFrame }) => beginsKeyFrame),
    [true, false, false, false, false, false],
  );
  t.equal(depacketiser.pictureArea, 1_280 * 720);
});

t.test('delimiters and filling are left out', async t => {
  const { pictures } = depacketise([
    { at: 1, payload: '09f0' },
    ...keyAt(1),
    { at: 2, payload: aggregate('09f0', slice, '0cffff80') },
    { at: 3, payload: slice, isMarked: true },
  ]);
  t.same(pictures, [`K1 ${stream(sps, pps, idr)}`, `P2 ${stream(slice)}`, `P3 ${stream(slice)}`]);
});

t.test('a key picture without parameter sets gets those that came before', async t => {
  const { pictures, roles } = depacketise([
    { at: 1, payload: sps },
    { at: 1, payload: pps, isMarked: true },
    { at: 2, payload: idr, isMarked: true },
    sliceAt(3),
    { at: 4, payload: idr, isMarked: true },
  ]);
  t.same(pictures, [`K2 ${stream(sps, pps, idr)}`, `P3 ${stream(slice)}`, `K4 ${stream(sps, pps, idr)}`]);
  t.same(Buffer.from(roles[4]?.before ?? []).toString('hex'), aggregate(sps, pps), 'viewers are told, too');
});

t.test('a key picture whose parameter sets never came is none', async t => {
  const { pictures, roles, depacketiser } = depacketise([
    { at: 1, payload: idr, isMarked: true },
    sliceAt(2),
  ]);
  t.same(pictures, []);
  t.same(
    roles.map(({ beginsKeyFrame }) => beginsKeyFrame),
    [false, false],
  );
  t.equal(depacketiser.needsKeyFrame, true);
});

t.test('after a loss nothing is shown until the next key picture', async t => {
  const [first, middle, last] = pieces(0x41, 'aa', 'bb', 'cc') as [string, string, string];
  const whole: Sent[] = [
    ...keyAt(1),
    { at: 2, payload: first },
    { at: 2, payload: middle },
    { at: 2, payload: last, isMarked: true },
    sliceAt(3),
    ...keyAt(4),
    sliceAt(5),
  ];
  const picturesWithout = (lost: number) =>
    depacketise(whole.map((sent, index) => ({ ...sent, isLost: index === lost }))).pictures.map(text =>
      text.slice(0, 2),
    );
  t.same(picturesWithout(-1), ['K1', 'P2', 'P3', 'K4', 'P5']);
  for (const lost of [2, 3, 4]) t.same(picturesWithout(lost), ['K1', 'K4', 'P5'], `packet ${lost}`);
  t.same(picturesWithout(5), ['K1', 'P2', 'K4', 'P5'], 'a picture that is lost as a whole');
  t.same(picturesWithout(7), ['K1', 'P2', 'P3'], 'the last packet of the key picture');
  t.same(picturesWithout(6), ['K1', 'P2', 'P3'], 'the parameter sets of this very key picture');
});

t.test('pictures after one that is lost as a whole need it, too', async t => {
  const { pictures } = depacketise([
    ...keyAt(1),
    { ...sliceAt(2), isLost: true },
    sliceAt(3),
    sliceAt(4),
    ...keyAt(5),
  ]);
  t.same(
    pictures.map(text => text.slice(0, 2)),
    ['K1', 'K5'],
  );
});

t.test('a sender that sets no marker is understood', async t => {
  const { pictures } = depacketise(
    [...keyAt(1), sliceAt(2), sliceAt(3)].map(sent => ({ ...sent, isMarked: false })),
  );
  t.same(pictures, [`K1 ${stream(sps, pps, idr)}`, `P2 ${stream(slice)}`]);
});

t.test('what is malformed spoils its picture and those that need it', async t => {
  const wrong = {
    'a forbidden bit': 'c1112233',
    'STAP-B': '7900000001aa',
    MTAP: '7a0000000000',
    'FU-B': '7d85000011',
    'an aggregate cut short': '7800044111',
    'an empty unit in an aggregate': '780000',
    'an aggregate in an aggregate': '78000278aa',
    'a piece that is first and last': '5cc1aa',
    'a piece without a first one': '5c01aa',
    'a first piece without a last one': '5c81aa',
    'no piece at all': '5c81',
  };
  for (const [what, payload] of Object.entries(wrong)) {
    const { pictures } = depacketise([
      ...keyAt(1),
      { at: 2, payload, isMarked: true },
      sliceAt(3),
      ...keyAt(4),
    ]);
    t.same(pictures, [`K1 ${stream(sps, pps, idr)}`, `K4 ${stream(sps, pps, idr)}`], what);
  }
});

t.test('a picture without end is given up, and its memory with it', async t => {
  const [first, middle, last] = pieces(0x41, 'aa'.repeat(60_000), 'bb'.repeat(60_000), 'cc') as [
    string,
    string,
    string,
  ];
  const { pictures } = depacketise([
    ...keyAt(1),
    { at: 2, payload: first },
    ...Array.from({ length: 80 }, () => ({ at: 2, payload: middle })),
    { at: 2, payload: last, isMarked: true },
    sliceAt(3),
    ...keyAt(4),
  ]);
  t.same(
    pictures.map(text => text.slice(0, 2)),
    ['K1', 'K4'],
  );
});

t.test('any payloads are read or refused', async t => {
  const type = fc.constantFrom(0x41, 0x65, 0x67, 0x68, 0x78, 0x5c, 0x7c, 0x00, 0xff);
  const payload = fc.tuple(type, fc.uint8Array({ maxLength: 40 })).map(([first, rest]) => [first, ...rest]);
  const sent = fc.record({
    at: fc.nat(4),
    payload: payload.map(bytes => Buffer.from(bytes).toString('hex')),
    isMarked: fc.boolean(),
    isLost: fc.boolean(),
  });
  holds(
    t,
    fc.property(fc.array(sent, { maxLength: 40 }), all => {
      const { pictures } = depacketise(all);
      return (
        pictures.length <= all.length &&
        all.every(({ payload }) => readH264Payload(bytesOf(payload)) !== undefined)
      );
    }),
    1_000,
  );
});
