import fc from 'fast-check';
import t from 'tap';
import { sniffContainer, sniffLengthBytes } from '../../src/media/container.ts';
import { chromiumRecording } from '../support/chromium-recordings.ts';
import { makeClip } from '../support/clips.ts';
import { holds } from './property.ts';

const transportStream = (count: number) =>
  Buffer.concat(Array.from({ length: count }, () => Buffer.concat([Buffer.from([0x47]), Buffer.alloc(187)])));
const boxHead = (sizeBytes: number, type: string) => {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(sizeBytes);
  head.write(type, 4, 'latin1');
  return head;
};

t.test('every container that we take is known by its first bytes', async t => {
  t.equal(sniffContainer((await makeClip({ kind: 'webm-vp8', durationSeconds: 2 })).bytes), 'matroska');
  t.equal(sniffContainer((await makeClip({ kind: 'webm-h264', durationSeconds: 2 })).bytes), 'matroska');
  t.equal(sniffContainer((await makeClip({ kind: 'mp4-h264', durationSeconds: 2 })).bytes), 'mp4');
  t.equal(sniffContainer((await makeClip({ kind: 'ts-h264', durationSeconds: 2 })).bytes), 'mpegts');
  t.equal(sniffContainer((await chromiumRecording('chromium-h264.webm')).bytes), 'matroska');
  t.equal(sniffContainer((await chromiumRecording('chromium-vp9.mp4')).bytes), 'mp4');
  for (const type of ['ftyp', 'styp', 'moov', 'sidx'])
    t.equal(sniffContainer(boxHead(100, type)), 'mp4', type);
});

t.test('a recorder that sends its first byte alone is waited for', async t => {
  t.equal(sniffContainer(Buffer.alloc(0)), null);
  for (const first of [0x1a, 0x00, 0x47]) t.equal(sniffContainer(Buffer.from([first])), null, `${first}`);
  t.equal(sniffContainer(Buffer.from([0x1a, 0x45])), null);
  t.equal(sniffContainer(Buffer.from([0x1a, 0x45, 0xdf])), null);
  t.equal(sniffContainer(boxHead(32, 'ftyp').subarray(0, 7)), null);
  t.equal(sniffContainer(transportStream(2)), null, 'two sync bytes may be chance');
  t.equal(sniffContainer(transportStream(3).subarray(0, sniffLengthBytes)), 'mpegts');
});

t.test('anything else is refused as soon as it is sure', async t => {
  const wrong = [
    '#EXTM3U\n',
    'ffconcat version 1.0',
    '<?xml',
    'RIFF....AVI ',
    'ID3',
    '\x7fELF',
    '\xff\xd8\xff\xe0',
    'x',
  ];
  for (const text of wrong)
    t.equal(sniffContainer(Buffer.from(text, 'latin1')), 'unknown', JSON.stringify(text));
  t.equal(sniffContainer(Buffer.from([0x1a, 0x45, 0x00])), 'unknown');
  t.equal(sniffContainer(boxHead(32, 'mdat')), 'unknown', 'a box that cannot come first');
  t.equal(sniffContainer(Buffer.alloc(100)), 'unknown');
  const halfway = transportStream(3);
  halfway[376] = 0;
  t.equal(sniffContainer(halfway), 'unknown');
});

t.test('more bytes never change what was sure', async t => {
  const begin = fc.constantFrom(
    Buffer.from([0x1a, 0x45, 0xdf, 0xa3]),
    boxHead(24, 'ftyp'),
    boxHead(0x2000_0000, 'moov'),
    transportStream(3),
    Buffer.alloc(0),
  );
  const bytes = fc
    .tuple(begin, fc.uint8Array({ maxLength: 400 }))
    .map(([head, rest]) => Buffer.concat([head, rest]));
  holds(
    t,
    fc.property(bytes, bytes => {
      let known: ReturnType<typeof sniffContainer> = null;
      for (let length = 0; length <= bytes.length; length += 1) {
        const now = sniffContainer(bytes.subarray(0, length));
        if (known !== null && now !== known) return false;
        known = now;
      }
      return bytes.length < sniffLengthBytes || known !== null;
    }),
  );
});
