/** A word that was said; seconds on the media timeline, the one of `playbackUrl`. */
export type CaptionWord = {
  /** Without blanks around it, punctuation at its end included. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
  /** 0 to 1. */
  readonly probability: number;
};

/**
 * A line or two of what was said (docs/protocol.md, section 5). A higher `revision` of the same `index` replaces the
 * lower; after `final: true` that index never changes. `index` counts from 0 and rises with `start`.
 */
export type Caption = {
  readonly index: number;
  readonly revision: number;
  readonly final: boolean;
  readonly start: number;
  readonly end: number;
  /** The words joined by blanks. */
  readonly text: string;
  readonly words: readonly CaptionWord[];
};
