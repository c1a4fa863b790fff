import t from 'tap';
import { renewedAddress } from '../../src/web/watch/renewed-address.ts';

t.test('whatever belongs to a private video is asked for with the newer token', async t => {
  const newer = 'http://host/hls/f3Kq9ZtA1bXy/index.m3u8?token=2-b_b';
  t.equal(renewedAddress('http://host/hls/f3Kq9ZtA1bXy/index.m3u8?token=1-aa', newer), newer);
  const part = 'http://host/hls/f3Kq9ZtA1bXy/~1-aa/main/stream.m3u8?_HLS_msn=7&_HLS_part=2';
  t.equal(renewedAddress(part, newer), part.replace('~1-aa', '~2-b_b'));
  const free = 'http://host/hls/f3Kq9ZtA1bXy/main/000001.m4s';
  t.equal(renewedAddress(free, newer), free.replace('/main/', '/~2-b_b/main/'), 'it was public');
  t.equal(renewedAddress(part, 'http://host/hls/f3Kq9ZtA1bXy/index.m3u8'), part, 'it is public now');
});
