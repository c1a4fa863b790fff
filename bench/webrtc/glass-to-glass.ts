import { setTimeout as delay } from 'node:timers/promises';
import { launchChromium } from '../../test/support/chromium.ts';
import {
  agesMillis,
  readNumbers,
  shownNumbers,
  useNumberedCamera,
} from '../../test/support/numbered-camera.ts';
import type { TestServer } from '../../test/support/server.ts';
import { blankPage, publishFrom, viewIn } from '../../test/support/webrtc-page.ts';
import { postOffer, whepUrlOf } from '../../test/support/whip-request.ts';

/** What one Chromium measured that published and watched at once. */
export type GlassToGlass = {
  /** From the canvas to the viewer's video, a picture each. */
  readonly agesMillis: readonly number[];
  readonly unreadable: number;
  readonly whipAnswerMillis: number;
  /** From the viewer's offer to its first picture. */
  readonly firstPictureMillis: number;
};

/** In the first seconds Chromium looks for its bandwidth and its jitter buffer for its length. */
const settleSeconds = 6;

/**
 * Publishes a clock by WHIP and watches it by WHEP, in two pages of one Chromium, whose clock is then the same. With sound,
 * Chromium holds pictures back until they are in step with it.
 */
export async function measureGlassToGlass(
  server: TestServer,
  { codec, isSilent, seconds }: { codec: 'H264' | 'VP8'; isSilent: boolean; seconds: number },
): Promise<GlassToGlass> {
  const { whipUrl, ingestToken } = await server.createSession({ input: 'webrtc', title: 'bench' });
  const browser = await launchChromium();
  try {
    const publisher = await blankPage(browser);
    await useNumberedCamera(publisher, 'clock', isSilent);
    let whipAnswerMillis = 0;
    let location = '';
    await publishFrom(publisher, { codec }, async offer => {
      const answer = await postOffer(whipUrl, offer, ingestToken);
      whipAnswerMillis = answer.tookMillis;
      location = answer.location;
      return answer.sdp;
    });
    await delay(2_000);
    const viewer = await blankPage(browser);
    await readNumbers(viewer);
    const askedAtMillis = Date.now();
    await viewIn(viewer, async offer => (await postOffer(whepUrlOf(whipUrl), offer)).sdp);
    // As our own player does.
    await viewer.evaluate(
      'for (const { receiver } of peer.getTransceivers()) receiver.jitterBufferTarget = 0',
    );
    await delay(settleSeconds * 1_000);
    const [first] = await shownNumbers(viewer);
    await delay(seconds * 1_000);
    const shown = await shownNumbers(viewer);
    await fetch(location, { method: 'DELETE', headers: { authorization: `Bearer ${ingestToken}` } });
    return {
      agesMillis: agesMillis(shown),
      unreadable: shown.filter(({ number }) => number === null).length,
      whipAnswerMillis,
      firstPictureMillis: (first?.atMillis ?? Number.NaN) - askedAtMillis,
    };
  } finally {
    await browser.close();
  }
}
