import type { Caption, CaptionWord } from '../../api/caption.ts';
import type { Commitment } from './commitment-policy.ts';
import { captionsOf } from './line-breaking.ts';
import { withRisingTimes } from './rising-times.ts';

/**
 * Makes captions of a session's words: told is what is new or changed, with a higher revision each time. A caption is final
 * when all its words are committed and the next one began, or the utterance is over; then its index is never told again.
 *
 * When partial words vanish and nothing comes in their place, their caption is told once more without words (not final,
 * `start` and `end` alike: to be hidden); the next words take its index.
 */
export class CaptionRoll {
  #nextIndex: number;
  // Committed words that are in no final caption yet.
  #committed: CaptionWord[] = [];
  // The captions from #nextIndex on, as they were told.
  #told: Caption[] = [];
  #reachedSeconds = 0;

  /** `firstIndex`: of the first caption; more than 0 when a session goes on after a restart. */
  constructor(firstIndex = 0) {
    this.#nextIndex = firstIndex;
  }

  /** Everything said before this is final, seconds on the media timeline; rises. */
  get finalSeconds(): number {
    return this.#reachedSeconds;
  }

  /** Takes what one more hypothesis settled; returns the captions that it made or changed, in order. */
  update({ committed, partial }: Commitment): Caption[] {
    this.#committed = withRisingTimes([...this.#committed, ...committed], this.#reachedSeconds);
    const words = withRisingTimes([...this.#committed, ...partial], this.#reachedSeconds);
    return this.#tell(captionsOf(words), false);
  }

  /** The utterance is over: what is committed is final, partial words vanish. */
  finish(): Caption[] {
    return this.#tell(captionsOf(this.#committed), true);
  }

  #tell(captions: readonly (readonly CaptionWord[])[], isOver: boolean): Caption[] {
    const changed: Caption[] = [];
    const open: Caption[] = [];
    let committedLeft = this.#committed.length;
    for (const [at, words] of captions.entries()) {
      const isCommitted = words.length <= committedLeft;
      committedLeft -= words.length;
      const caption = this.#caption(at, words, isCommitted && (isOver || at + 1 < captions.length));
      if (caption !== this.#told[at]) changed.push(caption);
      open.push(caption);
    }
    for (const [at, told] of this.#told.slice(captions.length).entries()) {
      const hidden = told.words.length === 0 ? told : this.#caption(captions.length + at, [], false);
      if (hidden !== told) changed.push(hidden);
      open.push(hidden);
    }
    this.#settle(open);
    return changed;
  }

  /** The caption as it is now; the very object that was told before when nothing has changed. */
  #caption(at: number, words: readonly CaptionWord[], final: boolean): Caption {
    const before = this.#told[at];
    if (before !== undefined && before.final === final && isEqual(before.words, words)) return before;
    const start = words[0]?.start ?? before?.start ?? this.#reachedSeconds;
    return {
      index: this.#nextIndex + at,
      revision: before === undefined ? 0 : before.revision + 1,
      final,
      start,
      end: words.at(-1)?.end ?? start,
      text: words.map(word => word.text).join(' '),
      words: [...words],
    };
  }

  /** Lets go of the captions that are final now. */
  #settle(open: readonly Caption[]): void {
    const finals = open.filter(caption => caption.final);
    this.#nextIndex += finals.length;
    this.#committed = this.#committed.slice(finals.reduce((sum, { words }) => sum + words.length, 0));
    this.#told = open.slice(finals.length);
    this.#reachedSeconds = finals.at(-1)?.end ?? this.#reachedSeconds;
  }
}

function isEqual(one: readonly CaptionWord[], other: readonly CaptionWord[]): boolean {
  return (
    one.length === other.length &&
    one.every((word, at) => {
      const { text, start, end, probability } = other[at]!;
      return (
        word.text === text && word.start === start && word.end === end && word.probability === probability
      );
    })
  );
}
