/** One way of playing a video, as the controls and the page see it. Event `change` when its getters may differ. */
export interface Playback extends EventTarget {
  /** Where it plays. */
  readonly video: HTMLVideoElement;
  /** Whether more will come. */
  readonly isLive: boolean;
  /** Whether playback is at the live edge, or on its way there. */
  readonly isAtLive: boolean;
  /** Whether nothing came lately, and it is being tried again. */
  readonly isWaiting: boolean;
  /** Behind what is newest; 0 when it is over. */
  readonly latencySeconds: number;
  /** Where the picture stands on the media timeline; undefined while nobody knows. */
  readonly positionSeconds: number | undefined;
  /** The end of what can be sought to: the duration, or the live edge. */
  readonly endSeconds: number;
  /** The speed that the person wants. */
  rate: number;
  /** Goes to `seconds`; near the live edge it stays live. */
  seek(seconds: number): void;
  /** Goes to the newest picture and stays with it. */
  seekToLive(): void;
  /** Lets go of the video element and the network. Safe to call twice. */
  close(): void;
}
