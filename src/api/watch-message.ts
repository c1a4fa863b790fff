import { z } from 'zod';
import type { Caption } from './caption.ts';
import type { Captioning } from './event.ts';
import { type VideoState, videoId } from './session.ts';

/** What `watch` and `unwatch` carry on Socket.IO (docs/protocol.md, section 5). */
export const watchRequest = z.object({
  id: videoId,
  /** A private video's playback token, for who has no log-in. */
  token: z.string().max(4_096).optional(),
});

/** How `watch` is acknowledged; a refusal is a problem (RFC 9457). */
export type WatchAnswer = {
  readonly id: string;
  readonly state: VideoState;
  /** The newest revision of each of the newest 2,000. */
  readonly captions: readonly Caption[];
  readonly viewers: number;
  /** As the event `captioning`; null for a video that is over. */
  readonly captioning: Captioning | null;
  /** As the event `live-clock`; null where none was told. */
  readonly liveClock: { readonly mediaSeconds: number; readonly atEpochMillis: number } | null;
};
