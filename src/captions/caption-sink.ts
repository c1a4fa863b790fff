import type { Caption } from '../api/caption.ts';

/** How well a session is captioned: as it is said, late, or not until it is over. */
export type CaptioningState = 'on' | 'delayed' | 'paused';

/** What becomes of a session's captions: shown, kept, put into the subtitle rendition. One per session. */
export interface CaptionSink {
  /** A caption is new, or a higher revision of one that was told before. */
  caption(caption: Caption): void;
  /** Everything that was said before `mediaSeconds` is final now. Rises. */
  settled(mediaSeconds: number): void;
  /** The language that was found out, BCP-47; told once, and again when it was corrected. */
  language(language: string): void;
  /** `lagSeconds`: how far captions are behind what is said. */
  state(state: CaptioningState, lagSeconds: number): void;
}
