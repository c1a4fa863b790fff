import { createHmac, timingSafeEqual } from 'node:crypto';

/** What a token is bound to. A new epoch of the video ends all tokens that were given out before. */
export type PlayableVideo = { readonly id: string; readonly playbackEpoch: number };

/** A token as it is told to people. */
export type PlaybackToken = { readonly token: string; readonly expiresAt: Date };

/** Seconds. What answers of the API carry: long enough for a day's work in one page. */
export const usualLifeSeconds = 43_200;
export const shortestLifeSeconds = 60;
export const longestLifeSeconds = 30 * 86_400;

// Tokens of one moment are the same token: caches hold one copy, and nginx one link.
const gridSeconds = 300;
const macBytes = 24;
const tokenPattern = /^([0-9]{10})-([0-9A-Za-z_-]{32})$/;

/**
 * Makes and checks what lets somebody watch one private video for a while: `<expires>-<mac>`, seconds since 1970 and
 * HMAC-SHA256 cut to 192 bits (RFC 2104, section 5). 43 characters that stand in a path and a query as they are.
 */
export class PlaybackTokens {
  readonly #key: Uint8Array;

  /** `key`: 32 bytes that sign nothing else. */
  constructor(key: Uint8Array) {
    this.#key = key;
  }

  /** A token that holds for `lifeSeconds` at least, and less than ten minutes longer. */
  make(video: PlayableVideo, lifeSeconds = usualLifeSeconds, nowMillis = Date.now()): PlaybackToken {
    // A life shorter than the grid is kept exactly enough by a finer one.
    const grid = Math.min(gridSeconds, lifeSeconds);
    const expires = Math.ceil((nowMillis / 1_000 + lifeSeconds) / grid) * grid;
    const token = `${String(expires).padStart(10, '0')}-${this.#mac(video, expires).toString('base64url')}`;
    return { token, expiresAt: new Date(expires * 1_000) };
  }

  /** Until when `token` lets one watch the video; null when it does not, or not any more. Compares in constant time. */
  expiryOf(video: PlayableVideo, token: string, nowMillis = Date.now()): Date | null {
    const [, expiresText, mac] = tokenPattern.exec(token) ?? [];
    if (expiresText === undefined || mac === undefined) return null;
    const expires = Number(expiresText);
    const isGenuine = timingSafeEqual(Buffer.from(mac, 'base64url'), this.#mac(video, expires));
    return isGenuine && expires * 1_000 > nowMillis ? new Date(expires * 1_000) : null;
  }

  #mac({ id, playbackEpoch }: PlayableVideo, expires: number): Buffer {
    const said = `livereel playback 1\n${id}\n${playbackEpoch}\n${expires}`;
    return createHmac('sha256', this.#key).update(said).digest().subarray(0, macBytes);
  }
}

/** Whether it has the shape of a playback token; others are not worth a question. */
export function isPlaybackToken(text: string): boolean {
  return tokenPattern.test(text);
}
