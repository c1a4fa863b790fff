import type { Log } from '../log.ts';
import type { CaptionSink } from './caption-sink.ts';
import { CaptionTrack } from './caption-track.ts';
import type { Recogniser } from './recogniser.ts';

/** What the captioner is built from. */
export type CaptionerOptions = {
  readonly recogniser: Recogniser;
  readonly log: Log;
  /** How many requests the recogniser works on at once; 1 unless told. */
  readonly slots?: number;
};

/** A session that is to be captioned. */
export type CaptionTrackOptions = {
  /** The session's id, for the log. */
  readonly id: string;
  /** BCP-47 primary language of the speech; null: found out in the first 10 s of speech and then kept. */
  readonly language: string | null;
  /** Index of the first caption: one more than the newest that was kept before a restart. */
  readonly firstIndex: number;
  readonly sink: CaptionSink;
};

/** The captioner's numbers, for metrics. */
export type CaptionerCounts = {
  /** Sessions by how well they are captioned. */
  readonly on: number;
  readonly delayed: number;
  readonly paused: number;
  /** The most that captions of a session are behind what is said now, seconds. */
  readonly lagSeconds: number;
  /** Seconds of work for a second of sound given to the recogniser; 0 before the first request. */
  readonly realTimeFactor: number;
  /** Requests to the recogniser so far, and those that failed. */
  readonly requests: number;
  readonly failures: number;
};

/** Captions all sessions of the server with one recogniser. One per server; `close()` ends all tracks. */
export class Captioner {
  readonly #options: CaptionerOptions;
  readonly #tracks = new Set<CaptionTrack>();

  constructor(options: CaptionerOptions) {
    this.#options = options;
  }

  /** Begins to caption a session. The caller owns the track: it ends or closes it. */
  open(options: CaptionTrackOptions): CaptionTrack {
    const track = new CaptionTrack({ ...options, log: this.#options.log.child({ sessionId: options.id }) });
    this.#tracks.add(track);
    return track;
  }

  /**
   * The recogniser for work that nobody waits for, as the transcript after the end: a request gets its turn
   * when no live session wants one.
   */
  get inBackground(): Recogniser {
    return this.#options.recogniser;
  }

  get counts(): CaptionerCounts {
    return {
      on: this.#tracks.size,
      delayed: 0,
      paused: 0,
      lagSeconds: 0,
      realTimeFactor: 0,
      requests: 0,
      failures: 0,
    };
  }

  /** Lets go at once. Safe to call twice, never throws. */
  async close(): Promise<void> {
    for (const track of this.#tracks) await track.close();
    this.#tracks.clear();
  }
}
