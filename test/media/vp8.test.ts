import fc from 'fast-check';
import t from 'tap';
import { readVp8Head } from '../../src/media/vp8.ts';
import { makeClip } from '../support/clips.ts';
import { mediaFrames } from '../support/media-frames.ts';

t.test('the head of a VP8 frame tells key and size', async t => {
  const clip = await makeClip({ kind: 'webm-vp8', durationSeconds: 2, width: 320, height: 180 });
  const heads = mediaFrames(clip.bytes)
    .filter(({ kind }) => kind === 'video')
    .map(({ bytes }) => readVp8Head(bytes));
  t.same(heads[0], { isKey: true, width: 320, height: 180 });
  t.ok(heads.slice(1).every(head => head?.isKey === false));
});

t.test('what is no VP8 frame is none, and nothing throws', async t => {
  t.equal(readVp8Head(Buffer.alloc(2)), null);
  t.equal(readVp8Head(Buffer.from('000000112233445566778899', 'hex')), null, 'no start code');
  t.equal(readVp8Head(Buffer.from('0000009d012a00000000', 'hex')), null, 'no size');
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 32 }), bytes => {
      const head = readVp8Head(bytes);
      return head === null || (head.isKey ? head.width > 0 && head.height > 0 : head.width === 0);
    }),
  );
});
