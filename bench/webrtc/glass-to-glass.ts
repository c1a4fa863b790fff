import { setTimeout as delay } from 'node:timers/promises';
import { launchChromium, type TestPage } from '../../test/support/chromium.ts';
import { agesMillis, readNumbers, shownNumbers, useClockCamera } from '../../test/support/numbered-camera.ts';
import { blankPage, publishFrom, viewIn, viewOffered } from '../../test/support/webrtc-page.ts';
import { postOffer } from '../../test/support/whip-request.ts';
import { answerOffer, askForOffer, type Room } from './room.ts';

/** What one Chromium measured that published and watched at once. */
export type GlassToGlass = {
  /** From the canvas to the viewer's video, a picture each. */
  readonly agesMillis: readonly number[];
  readonly unreadable: number;
  readonly whipAnswerMillis: number;
  /** From the moment when a viewer asks to its first picture. */
  readonly firstPictureMillis: number;
};

/** How one measurement is done. */
export type GlassToGlassOptions = {
  readonly codec: 'H264' | 'VP8';
  readonly isSilent: boolean;
  readonly seconds: number;
};

/** In the first seconds Chromium looks for its bandwidth and its jitter buffer for its length. */
const settleSeconds = 6;

/**
 * Publishes a clock and watches it, in two pages of one Chromium, whose clock is then the same. With sound, Chromium
 * holds pictures back until they are in step with it.
 */
export async function measureGlassToGlass(
  room: Room,
  { codec, isSilent, seconds }: GlassToGlassOptions,
): Promise<GlassToGlass> {
  const browser = await launchChromium();
  try {
    const publisher = await blankPage(browser);
    await useClockCamera(publisher, { isSilent });
    let whipAnswerMillis = 0;
    let location = '';
    await publishFrom(publisher, { codec }, async offer => {
      const answer = await postOffer(room.publishUrl, offer, room.token);
      whipAnswerMillis = answer.tookMillis;
      location = answer.location;
      return answer.sdp;
    });
    await delay(2_000);
    const viewer = await blankPage(browser);
    await readNumbers(viewer);
    const askedAtMillis = Date.now();
    await watch(viewer, room);
    // As our own player does.
    await viewer.evaluate(
      'for (const { receiver } of peer.getTransceivers()) receiver.jitterBufferTarget = 0',
    );
    await delay(settleSeconds * 1_000);
    const [first] = await shownNumbers(viewer);
    await delay(seconds * 1_000);
    const shown = await shownNumbers(viewer);
    const url = new URL(location, room.publishUrl);
    await fetch(url, { method: 'DELETE', headers: { authorization: `Bearer ${room.token}` } });
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

async function watch(viewer: TestPage, room: Room): Promise<void> {
  if (!room.serverOffers) {
    await viewIn(viewer, async offer => (await postOffer(room.viewUrl, offer)).sdp);
    return;
  }
  const offer = await askForOffer(room.viewUrl);
  await viewOffered(viewer, offer.sdp, sdp => answerOffer(offer, sdp));
}
