import t from 'tap';
import { box, fullBox, uint32s } from '../../src/media/mp4-box.ts';
import { plainMovieIn } from '../../src/media/plain-movie.ts';

/** As little of a track as its reader wants (ISO 14496-12, section 8). */
function trak(handler: string, format: string): Buffer {
  const header = fullBox('tkhd', 0, 0, uint32s(0, 0, 1, 0, 0));
  const media = fullBox('mdhd', 0, 0, uint32s(0, 0, 1_000, 60_000, 0));
  const kind = fullBox('hdlr', 0, 0, uint32s(0), Buffer.from(handler), Buffer.alloc(13));
  const entries = fullBox('stsd', 0, 0, uint32s(1), box(format, Buffer.alloc(78)));
  return box('trak', header, box('mdia', media, kind, box('minf', box('stbl', entries))));
}

const mvhd = (duration: number) => fullBox('mvhd', 0, 0, uint32s(0, 0, 1_000, duration), Buffer.alloc(80));
const picture = trak('vide', 'avc1');
const sound = trak('soun', 'mp4a');
const plain = (...boxes: Buffer[]) => plainMovieIn(Buffer.concat([mvhd(60_000), ...boxes]));

t.test('one picture of H.264 and one sound of AAC are told by their places', async t => {
  t.same(plain(picture, sound), { videoIndex: 0, audioIndex: 1, durationSeconds: 60 });
  t.same(plain(sound, trak('meta', 'mebx'), picture), { videoIndex: 2, audioIndex: 0, durationSeconds: 60 });
  t.same(plain(picture), { videoIndex: 0, audioIndex: null, durationSeconds: 60 });
  t.match(plainMovieIn(Buffer.concat([mvhd(0), picture])), { durationSeconds: null }, 'a fragmented file');
});

t.test('anything else is no plain movie', async t => {
  t.equal(plain(), null);
  t.equal(plain(sound), null);
  t.equal(plain(trak('vide', 'hvc1'), sound), null);
  t.equal(plain(picture, trak('soun', 'ac-3')), null);
  t.equal(plain(picture, picture), null);
  t.equal(plain(picture, sound, sound), null);
  t.equal(plain(box('trak', Buffer.alloc(4)), picture), null, 'a track that makes no sense');
  t.equal(plainMovieIn(Buffer.alloc(1_000, 1)), null);
});
