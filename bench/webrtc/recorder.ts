import { setTimeout as delay } from 'node:timers/promises';
import { launchChromium } from '../../test/support/chromium.ts';
import { makeClip } from '../../test/support/clips.ts';
import { eventually } from '../../test/support/eventually.ts';
import { IngestClient } from '../../test/support/ingest-client.ts';
import { TestServer } from '../../test/support/server.ts';
import { blankPage, viewIn } from '../../test/support/webrtc-page.ts';
import { postOffer } from '../../test/support/whip-request.ts';
import type { Figures } from '../measure.ts';
import { percentile } from '../measure.ts';

const viewers = 12;
const walledViewers = 8;
// For documentation only (RFC 5737): no packet to it comes back.
const nowhere = '203.0.113.1';

/** A server with a recorder's live stream (H.264 and Opus in chunks of a quarter of a second) while `work` runs. */
async function withRecorder<Result>(
  env: NodeJS.ProcessEnv,
  work: (server: TestServer, id: string) => Promise<Result>,
): Promise<Result> {
  const clip = await makeClip({ kind: 'webm-h264', durationSeconds: 60 });
  const server = await TestServer.start({ env: { LOG_LEVEL: 'warn', ...env } });
  try {
    const { id, ingestUrl } = await server.createSession({ title: 'bench' });
    const client = new IngestClient({ url: ingestUrl, input: 'chunks', items: clip.chunks, pace: 'real' });
    void client.run().catch(() => undefined);
    await eventually(() => client.acknowledged > clip.bytes.length * 0.08, { timeoutSeconds: 30 });
    return await work(server, id);
  } finally {
    await server.stop();
  }
}

/** From a viewer's offer to its first picture of a recorder's stream, connecting included; each in a page of its own. */
export async function measureRecorderFirstPicture(): Promise<Figures> {
  const millis = await withRecorder({}, async (server, id) => {
    const browser = await launchChromium();
    try {
      const all: number[] = [];
      // The first one has a browser begin with WebRTC at all.
      for (let count = 0; count <= viewers; count += 1) {
        const page = await blankPage(browser);
        await page.evaluate(`(() => {
          const video = document.querySelector('video');
          window.first = new Promise(resolve =>
            video.requestVideoFrameCallback(() => resolve(performance.timeOrigin + performance.now())));
        })()`);
        let askedAtMillis = 0;
        await viewIn(page, async offer => {
          askedAtMillis = Date.now();
          return (await postOffer(`${server.baseUrl}/whep/${id}`, offer)).sdp;
        });
        const shownAtMillis = await page.evaluate<number>('window.first');
        if (count > 0) all.push(shownAtMillis - askedAtMillis);
        await page.close();
        await delay(200 + 90 * count);
      }
      return all;
    } finally {
      await browser.close();
    }
  });
  return {
    recorderFirstPictureMillisP50: percentile(millis, 0.5),
    recorderFirstPictureMillisP95: percentile(millis, 0.95),
  };
}

/** From opening the watch page to its first picture, where no packet of WebRTC gets through: then it comes by HLS. */
export async function measureFallBack(): Promise<Figures> {
  const seconds = await withRecorder({ WEBRTC_ANNOUNCED_ADDRESS: nowhere }, async (server, id) => {
    const browser = await launchChromium();
    try {
      const all: number[] = [];
      for (let count = 0; count < walledViewers; count += 1) {
        const page = await browser.page();
        await page.goto(`${server.baseUrl}/watch/${id}`);
        const shownMillis = await page.evaluate<number>(`new Promise(resolve => {
          const look = () => {
            const video = document.querySelector('video.shown');
            const isShown = window.livereel?.way === 'hls' && video?.readyState >= 2;
            if (isShown) resolve(performance.now());
            else requestAnimationFrame(look);
          };
          look();
        })`);
        all.push(shownMillis / 1_000);
        await page.close();
      }
      return all;
    } finally {
      await browser.close();
    }
  });
  return { fallBackSecondsP50: percentile(seconds, 0.5), fallBackSecondsMax: Math.max(...seconds) };
}
