import type { CaptionWord } from '../../src/api/caption.ts';
import type { Commitment } from '../../src/captions/policy/commitment-policy.ts';
import { plainWords, type ReferenceWord } from '../../test/support/speech.ts';
import { aligned } from './edit-distance.ts';

/** What a viewer of one stream saw. */
export type Watched = {
  /** Words of the reference, and errors of the committed text against it. */
  readonly words: number;
  readonly errors: number;
  /** From the end of each word that was got right to when it was first shown, and to its commitment. */
  readonly shownSeconds: readonly number[];
  readonly committedSeconds: readonly number[];
  /** Words that were shown before they were committed, and how many of them changed or vanished. */
  readonly partials: number;
  readonly changedPartials: number;
};

type Dated = { readonly text: string; readonly shownAt: number; readonly committedAt: number };

/** Follows what a policy settles in a stream, to be compared with what was said in it. */
export class CommitmentWatcher {
  readonly #committed: Dated[] = [];
  #partial: { text: string; shownAt: number }[] = [];
  #partials = 0;
  #changedPartials = 0;

  /** `atSeconds`: on the clip's own timeline, when this was shown. */
  told({ committed, partial }: Commitment, atSeconds: number): void {
    const settled = textsOf(committed);
    const now = [...settled, ...textsOf(partial)];
    const before = this.#partial;
    const { places } = aligned(
      before.map(word => word.text),
      now,
    );
    const dated = now.map(text => ({ text, shownAt: atSeconds }));
    for (const [at, place] of places.entries()) {
      if (place === null) this.#changedPartials += 1;
      else dated[place]!.shownAt = before[at]!.shownAt;
    }
    this.#committed.push(
      ...dated.slice(0, settled.length).map(word => ({ ...word, committedAt: atSeconds })),
    );
    this.#partial = dated.slice(settled.length);
    this.#partials += this.#partial.filter(word => word.shownAt === atSeconds).length;
  }

  /** Compares with the reference, whose times are on the same timeline. */
  result(reference: readonly ReferenceWord[]): Watched {
    const said = reference.flatMap(word => plainWords(word.text));
    const { errors, places } = aligned(
      said,
      this.#committed.map(word => word.text),
    );
    const right = places.flatMap((place, at) =>
      place === null ? [] : [{ ...this.#committed[place]!, saidAt: reference[at]!.end }],
    );
    return {
      words: said.length,
      errors,
      shownSeconds: right.map(word => word.shownAt - word.saidAt),
      committedSeconds: right.map(word => word.committedAt - word.saidAt),
      partials: this.#partials,
      changedPartials: this.#changedPartials,
    };
  }
}

function textsOf(words: readonly CaptionWord[]): string[] {
  return words.flatMap(word => plainWords(word.text));
}
