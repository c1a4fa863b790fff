import t from 'tap';
import { recordedFormat } from '../../src/hls/recorded-format.ts';

const picture = (width: number, height: number, codecs = 'avc1.42e01f,mp4a.40.2') => ({
  codecs,
  width,
  height,
});

t.test('one header is the whole recording', async t => {
  const whole = { width: 640, height: 360, header: 0, isOne: true };
  t.same(recordedFormat([picture(640, 360)]), whole);
  t.same(recordedFormat([picture(640, 360), picture(640, 360)]), whole);
  t.same(recordedFormat([picture(0, 0, 'mp4a.40.2')]), { width: 0, height: 0, header: 0, isOne: true });
  t.same(recordedFormat([]), { width: 0, height: 0, header: 0, isOne: true });
});

t.test('a picture that grows and shrinks is as large as it ever was', async t => {
  const formats = [picture(320, 180), picture(1280, 720), picture(640, 360)];
  t.same(recordedFormat(formats), { width: 1280, height: 720, header: 0, isOne: false });
});

t.test('what comes later is read under the first header that has it', async t => {
  const alone = picture(640, 360, 'avc1.42e01f');
  t.match(recordedFormat([alone, picture(320, 180), alone, picture(640, 360)]), { header: 1, isOne: false });
  t.match(recordedFormat([picture(0, 0, 'mp4a.40.2'), picture(640, 360)]), { header: 1, width: 640 });
});
