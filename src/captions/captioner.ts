import type { Log } from '../log.ts';
import { CaptionScheduler } from './caption-scheduler.ts';
import type { CaptionSink } from './caption-sink.ts';
import { CaptionTrack } from './caption-track.ts';
import type { CommitmentPolicy } from './policy/commitment-policy.ts';
import type { Recogniser } from './recogniser.ts';

/** What the captioner is built from. */
export type CaptionerOptions = {
  readonly recogniser: Recogniser;
  readonly log: Log;
  /** How many requests the recogniser works on at once; 1 unless told. */
  readonly slots?: number;
  /** After this long without an answer a request has failed; longer than the recogniser's own limit. */
  readonly timeLimitSeconds?: number;
};

// The recogniser has limits of its own, learned from what it is asked: this is for one that forgot about us.
const presetTimeLimitSeconds = 150;

/** A session that is to be captioned. */
export type CaptionTrackOptions = {
  /** The session's id, for the log. */
  readonly id: string;
  /** BCP-47 primary language of the speech; null: found out in the first 10 s of speech and then kept. */
  readonly language: string | null;
  /** Index of the first caption: one more than the newest that was kept before a restart. */
  readonly firstIndex: number;
  readonly sink: CaptionSink;
  /** How words are settled; LocalAgreement unless told. */
  readonly policy?: CommitmentPolicy;
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
  /**
   * The recogniser for work that nobody waits for, as the transcript after the end: a request gets its turn
   * when no live session wants one.
   */
  readonly inBackground: Recogniser;
  readonly #log: Log;
  readonly #scheduler: CaptionScheduler;
  readonly #tracks = new Set<CaptionTrack>();

  constructor({ recogniser, log, slots = 1, timeLimitSeconds = presetTimeLimitSeconds }: CaptionerOptions) {
    this.#log = log;
    const scheduler = new CaptionScheduler({ recogniser, log, slots, timeLimitSeconds });
    this.#scheduler = scheduler;
    this.inBackground = {
      get longestRequestSeconds() {
        return recogniser.longestRequestSeconds;
      },
      transcribe: (request, signal) => scheduler.transcribeInBackground(request, signal),
    };
  }

  /** Begins to caption a session. The caller owns the track: it ends or closes it. */
  open({ id, language, firstIndex, sink, policy }: CaptionTrackOptions): CaptionTrack {
    const track: CaptionTrack = new CaptionTrack({
      language,
      firstIndex,
      sink,
      policy,
      log: this.#log.child({ sessionId: id }),
      onSpeech: () => this.#scheduler.poke(),
      onOver: () => {
        this.#tracks.delete(track);
        this.#scheduler.remove(track);
      },
    });
    this.#tracks.add(track);
    this.#scheduler.add(track);
    return track;
  }

  /** How it goes now. */
  get counts(): CaptionerCounts {
    const states = { on: 0, delayed: 0, paused: 0 };
    let lagSeconds = 0;
    for (const track of this.#tracks) {
      states[track.state] += 1;
      lagSeconds = Math.max(lagSeconds, track.lagSeconds);
    }
    const { realTimeFactor, requests, failures } = this.#scheduler.load;
    return { ...states, lagSeconds, realTimeFactor, requests, failures };
  }

  /** Lets go at once. Safe to call twice, never throws. */
  async close(): Promise<void> {
    for (const track of [...this.#tracks]) await track.close();
    await this.#scheduler.close();
  }
}
