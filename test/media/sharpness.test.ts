import sharp from 'sharp';
import t from 'tap';
import { sharpnessOf } from '../../src/media/sharpness.ts';

const [width, height] = [320, 180];

t.test('the sharper of two pictures wins, and a flat one never', async t => {
  const picture = sharp({
    create: {
      width,
      height,
      channels: 3,
      background: '#888',
      noise: { type: 'gaussian', mean: 128, sigma: 40 },
    },
  }).png();
  const of = async (blur: number) =>
    sharpnessOf(
      await sharp(await picture.toBuffer())
        .blur(blur)
        .grayscale()
        .raw()
        .toBuffer(),
      width,
      height,
    );
  const [sharpest, soft, softer] = [await of(0.5), await of(1.5), await of(4)];
  t.ok(sharpest > soft && soft > softer, `${sharpest} > ${soft} > ${softer}`);
  t.equal(sharpnessOf(new Uint8Array(width * height).fill(16), width, height), 0, 'black');
  const grain = Uint8Array.from({ length: width * height }, (_, index) => 16 + ((index * 7919) % 5));
  // The picture of noise, blurred by four pixels, is next to flat itself.
  t.ok(sharpnessOf(grain, width, height) < soft, 'a dark picture with some grain');
});
