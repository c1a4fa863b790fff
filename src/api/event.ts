import type { Caption } from './caption.ts';
import type { VideoState } from './session.ts';

/**
 * What viewers of a video are told while it happens (docs/protocol.md, section 5):
 * by Server-Sent Events at `/api/v1/videos/<id>/events`, the name in `event:`, the payload as JSON in `data:`.
 */
export type VideoEvent =
  | { readonly event: 'state'; readonly data: { id: string; state: VideoState; at: string } }
  | { readonly event: 'caption'; readonly data: Caption & { id: string } }
  | { readonly event: 'viewers'; readonly data: { id: string; count: number } }
  | { readonly event: 'progress'; readonly data: { id: string; task: string; percent: number } };
