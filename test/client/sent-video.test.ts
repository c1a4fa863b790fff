import t from 'tap';
import { preferredCodecs, videoEncodings } from '../../src/client/sent-video.ts';

t.test('from 720 lines on a picture has layers, the smallest first', async t => {
  t.same(videoEncodings({ width: 640, height: 360, frameRate: 30 }), [{ maxBitrate: 622_080 }]);
  t.same(
    videoEncodings({ width: 1_280, height: 720, frameRate: 30 }).map(layer => layer.scaleResolutionDownBy),
    [2, 1],
  );
  const layers = videoEncodings({ width: 1_080, height: 1_920, frameRate: 30 });
  t.same(
    layers.map(({ rid, scaleResolutionDownBy, maxBitrate }) => [rid, scaleResolutionDownBy, maxBitrate]),
    [
      ['0', 4, 600_000],
      ['1', 2, 1_399_680],
      ['2', 1, 5_598_720],
    ],
  );
});

t.test(
  'H.264 that every decoder knows comes first, then VP8; what the server refuses is left out',
  async t => {
    const h264 = (profile: string, mode: number) => ({
      mimeType: 'video/H264',
      sdpFmtpLine: `level-asymmetry-allowed=1;packetization-mode=${mode};profile-level-id=${profile}`,
    });
    const rtx = { mimeType: 'video/rtx' };
    const vp8 = { mimeType: 'video/VP8' };
    const known = [
      vp8,
      rtx,
      { mimeType: 'video/VP9' },
      h264('640032', 1),
      h264('42e01f', 0),
      h264('42e01f', 1),
    ];
    t.same(preferredCodecs(known), [h264('42e01f', 1), h264('640032', 1), h264('42e01f', 0), vp8, rtx]);
  },
);
