import type { Caption } from './caption.ts';
import type { VideoState } from './session.ts';

/**
 * How well a live stream is captioned; `language` is what is spoken (BCP-47), null while nobody knows. `reason`: why it is
 * `off`, part of a sentence for people.
 */
export type Captioning = {
  readonly id: string;
  readonly state: 'on' | 'delayed' | 'paused' | 'off';
  readonly lagSeconds: number;
  readonly language: string | null;
  readonly reason?: string;
};

/**
 * What viewers of a video are told while it happens (docs/protocol.md, section 5):
 * by Server-Sent Events at `/api/v1/videos/<id>/events`, the name in `event:`, the payload as JSON in `data:`.
 */
export type VideoEvent =
  | { readonly event: 'state'; readonly data: { id: string; state: VideoState; at: string } }
  /** The last one: the video is gone for good. */
  | { readonly event: 'deleted'; readonly data: { id: string; at: string } }
  | { readonly event: 'caption'; readonly data: Caption & { id: string } }
  | { readonly event: 'captioning'; readonly data: Captioning }
  /** What was taken in at `atEpochMillis` (the server's clock) stands at `mediaSeconds` of the media timeline. */
  | {
      readonly event: 'live-clock';
      readonly data: { id: string; mediaSeconds: number; atEpochMillis: number };
    }
  | { readonly event: 'viewers'; readonly data: { id: string; count: number } }
  | { readonly event: 'progress'; readonly data: { id: string; task: string; percent: number } };
