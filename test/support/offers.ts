import { readFileSync } from 'node:fs';

/** The offers in test/fixtures/sdp, by name: see test/fixtures/README.md. */
export type OfferName =
  | 'aiortc-publish'
  | 'aiortc-view'
  | 'chromium-data-only'
  | 'chromium-publish'
  | 'chromium-publish-h264'
  | 'chromium-publish-simulcast'
  | 'chromium-publish-vp8'
  | 'chromium-sendrecv-data'
  | 'chromium-view'
  | 'gstreamer-publish'
  | 'obs-publish';

/** What a WebRTC client offers, as it came from it. */
export function offerOf(name: OfferName): string {
  return readFileSync(new URL(`../fixtures/sdp/${name}.sdp`, import.meta.url), 'utf8');
}
