import fc from 'fast-check';
import t from 'tap';
import { sniffFile } from '../../src/media/file-container.ts';

const bytes = (...parts: (string | number[])[]) =>
  Buffer.concat(
    parts.map(part => (typeof part === 'string' ? Buffer.from(part, 'latin1') : Buffer.from(part))),
  );
const packets = (length: number, before = 0, garbage = 0) => {
  const made = Buffer.alloc(garbage + 12 * length, 0x11);
  for (let at = garbage + before; at < made.length; at += length) made[at] = 0x47;
  return made;
};

t.test('files are known by their first bytes', async t => {
  t.equal(sniffFile(bytes([0, 0, 0, 24], 'ftypisom', Array(12).fill(0))), 'mp4');
  t.equal(sniffFile(bytes([0, 0, 0, 8], 'wide', [0, 0, 1, 0], 'mdat')), 'mp4', 'QuickTime');
  t.equal(sniffFile(bytes([0, 0, 0, 1], 'mdat', [0, 0, 0, 1, 0, 0, 0, 0])), 'mp4', 'over 4 GiB');
  t.equal(sniffFile(bytes([0x1a, 0x45, 0xdf, 0xa3], Array(20).fill(0))), 'matroska');
  t.equal(sniffFile(bytes('RIFF', [0, 1, 2, 3], 'AVI LIST')), 'avi');
  t.equal(sniffFile(Buffer.from('3026b2758e66cf11a6d900aa0062ce6c0000', 'hex')), 'asf');
  t.equal(sniffFile(bytes('FLV', [1, 5, 0, 0, 0, 9, 0, 0, 0, 0])), 'flv');
  t.equal(sniffFile(packets(188)), 'mpegts');
  t.equal(sniffFile(packets(192, 4)), 'mpegts', 'with time codes');
  t.equal(sniffFile(packets(188, 0, 101)), 'mpegts', 'begun in the middle of a packet');
});

t.test('what is none of them is refused, whatever it is called', async t => {
  t.equal(sniffFile(Buffer.alloc(0)), null);
  t.equal(sniffFile(bytes('#EXTM3U\n#EXT-X-VERSION:3\nfile:///etc/passwd\n')), null, 'a playlist');
  t.equal(sniffFile(bytes("ffconcat version 1.0\nfile '/etc/passwd'\n")), null, 'a list for ffmpeg');
  t.equal(sniffFile(bytes('RIFF', [0, 1, 2, 3], 'WAVEfmt ')), null, 'sound of another container');
  t.equal(sniffFile(bytes([0x89], 'PNG\r\n', [0x1a, 0x0a, 0, 0, 0, 13], 'IHDR')), null, 'a picture');
  t.equal(sniffFile(bytes('<?xml version="1.0"?><MPD></MPD>')), null, 'a manifest');
  t.equal(
    sniffFile(bytes([0, 0, 0, 3], 'ftyp', Array(12).fill(0))),
    null,
    'a box that is shorter than its head',
  );
  t.equal(sniffFile(Buffer.alloc(4_096, 0)), null);
});

t.test('any bytes have an answer', async () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 800 }), some => void sniffFile(Buffer.from(some))));
});
