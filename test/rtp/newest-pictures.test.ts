import t from 'tap';
import { NewestPictures } from '../../src/rtp/newest-pictures.ts';
import { picture, sound } from '../support/outgoing-viewer.ts';

t.test('pictures are kept from the newest key frame on', async t => {
  const newest = new NewestPictures();
  newest.packet(picture(0));
  t.same(newest.packets, [], 'nothing can be begun with');
  newest.packet(picture(33, { beginsKeyFrame: true }));
  newest.packet(sound(40));
  newest.packet(picture(66));
  t.same(
    newest.packets.map(({ timeMicros }) => timeMicros),
    [33_000, 66_000],
  );
  newest.packet(picture(99, { beginsKeyFrame: true }));
  t.equal(newest.packets.length, 1);
  newest.packet(picture(132, { isAfterLoss: true }));
  newest.packet(picture(165));
  t.same(newest.packets, [], 'after a loss nothing can be decoded');
});

t.test('a group of pictures that grows too large is let go of', async t => {
  const newest = new NewestPictures();
  const payload = Buffer.alloc(60_000);
  newest.packet(picture(0, { beginsKeyFrame: true }));
  for (let index = 0; index < 100; index += 1) newest.packet(picture(index, { payload }));
  t.equal(newest.packets.length, 101);
  for (let index = 0; index < 50; index += 1) newest.packet(picture(index, { payload }));
  t.same(newest.packets, []);
  newest.packet(picture(0, { beginsKeyFrame: true }));
  t.equal(newest.packets.length, 1, 'and begins anew');
});
