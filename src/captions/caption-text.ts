import type { CaptionSink } from './caption-sink.ts';
import { trimmedStart } from './policy/buffer-trimming.ts';
import { CaptionRoll } from './policy/caption-roll.ts';
import type { CommitmentPolicy } from './policy/commitment-policy.ts';
import { credibleWords, type HeardSound } from './policy/credible-words.ts';
import { LocalAgreement } from './policy/local-agreement.ts';
import { promptBefore } from './policy/prompt.ts';
import type { HeardSegment } from './recogniser.ts';

/** What is said in a session: hypotheses in, captions out. One per session; utterances come one after the other. */
export class CaptionText {
  readonly #sink: CaptionSink;
  readonly #roll: CaptionRoll;
  readonly #policy: CommitmentPolicy;

  constructor(sink: CaptionSink, firstIndex: number, policy: CommitmentPolicy = new LocalAgreement()) {
    this.#sink = sink;
    this.#roll = new CaptionRoll(firstIndex);
    this.#policy = policy;
  }

  /** Everything said before this is final, seconds on the media timeline. */
  get finalSeconds(): number {
    return this.#roll.finalSeconds;
  }

  /** Context for a request whose sound begins there. */
  promptBefore(startSeconds: number): string {
    return promptBefore(this.#policy.recent, startSeconds);
  }

  /** The speaker goes on. Returns from where on the sound is still needed; null: all of it. */
  heard(segments: readonly HeardSegment[], sound: HeardSound): number | null {
    const { startSeconds, endSeconds } = sound;
    const commitment = this.#policy.heard({
      startSeconds,
      endSeconds,
      words: credibleWords(segments, sound),
    });
    for (const caption of this.#roll.update(commitment)) this.#sink.caption(caption);
    return trimmedStart({ startSeconds, endSeconds, committed: this.#policy.recent });
  }

  /** The utterance is over, and this is the last word on it. */
  finish(segments: readonly HeardSegment[], sound: HeardSound): void {
    const { startSeconds, endSeconds } = sound;
    this.#finish({ startSeconds, endSeconds, words: credibleWords(segments, sound) });
  }

  /** The rest of the utterance cannot be heard: what was heard of it has to do. */
  giveUp(): void {
    this.#finish(null);
  }

  #finish(hypothesis: Parameters<CommitmentPolicy['finish']>[0]): void {
    const told = new Map<number, Parameters<CaptionSink['caption']>[0]>();
    const changed = [...this.#roll.update(this.#policy.finish(hypothesis)), ...this.#roll.finish()];
    // Of a caption that changed twice in this moment the newest revision is enough.
    for (const caption of changed) told.set(caption.index, caption);
    for (const caption of told.values()) this.#sink.caption(caption);
  }
}
