import type { SessionAnswer } from '../../api/session.ts';
import type { PublisherState } from '../../client/publisher.ts';
import type { LiveWords } from './live-words.ts';

/** `safe`: by the browser's recorder, nothing is lost; `instant`: by WebRTC, nothing waits. */
export type Way = 'safe' | 'instant';

/** Something to know that does not stop a recording; event `notice`. `code` as the server calls it. */
export class BroadcastNotice extends Event {
  readonly code: string;
  readonly words: string;

  constructor(code: string, words: string) {
    super('notice');
    this.code = code;
    this.words = words;
  }
}

/**
 * A stream on its way to the server. Events: `change` whenever something shown may have changed; `notice`
 * (`BroadcastNotice`); `stopped` when nothing more will come although nobody asked for that.
 */
export interface Broadcast extends EventTarget {
  readonly session: SessionAnswer;
  readonly state: PublisherState;
  /** Whether the camera can be changed now. */
  readonly canSwitch: boolean;
  /** Whether the server has something to show to viewers. */
  readonly isWatchable: boolean;
  /** What exists only on this device. */
  readonly keptBytes: number;
  /** The truth about it, as it is now. */
  words(): LiveWords;
  /** Goes on with another camera or a screen. */
  switchTo(track: MediaStreamTrack): void;
  /** Stops; resolves when the server has everything. @throws PublishError when it will not have it. */
  stop(): Promise<void>;
  /** Lets go of everything. Safe to call twice. */
  close(): void;
}
