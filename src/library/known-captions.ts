import type { Caption } from '../api/caption.ts';
import type { Transcript } from '../api/transcript.ts';
import type { Captioning, LiveCaptions } from '../captions/live-captions.ts';
import type { TranscriptStore } from './transcript-store.ts';

/** What is known at this moment of what is said in a video. */
export type KnownCaptions = {
  /** BCP-47; null while nobody knows. */
  readonly language: string | null;
  /** Whether these are the corrected words, or what was heard live. */
  readonly isCorrected: boolean;
  /** The newest revision of each, in their order. */
  readonly captions: readonly Caption[];
  /** How well it is captioned; null when nobody speaks any more. */
  readonly captioning: Captioning | null;
};

/** Finds what is said in a video: in the session while that is captioned, in the database from then on. */
export class CaptionShelf {
  readonly #live: (id: string) => LiveCaptions | undefined;
  readonly #transcripts: Pick<TranscriptStore, 'find'>;
  readonly #absence: () => string | null;

  /** `absence`: why nobody hears what is live, for people; null: somebody does. */
  constructor(
    live: (id: string) => LiveCaptions | undefined,
    transcripts: Pick<TranscriptStore, 'find'>,
    absence: () => string | null,
  ) {
    this.#live = live;
    this.#transcripts = transcripts;
    this.#absence = absence;
  }

  /** Why a live video of which nothing is known has no captions, part of a sentence for people. */
  whyNone(video: { readonly captions: boolean }): string {
    if (!video.captions) return 'this stream was begun without them';
    return this.#absence() ?? 'the recogniser was not there when this stream began; they come after its end';
  }

  /** Undefined when nothing is known: the video is not captioned, not yet, or does not exist. */
  async known(id: string): Promise<KnownCaptions | undefined> {
    const live = this.#live(id);
    if (live !== undefined) {
      const { spokenLanguage: language, captioning } = live;
      return { language, isCorrected: false, captions: [...live.all], captioning };
    }
    const kept = await this.#transcripts.find(id);
    if (kept === undefined) return undefined;
    const captions = kept.segments.map(segment => ({ ...segment, revision: 0, final: true }));
    return { language: kept.language, isCorrected: kept.final, captions, captioning: null };
  }
}

/** What is known as a transcript: of live captions those that may still change too. */
export function transcriptOf(known: KnownCaptions | undefined): Transcript {
  if (known === undefined) return { language: null, final: false, segments: [] };
  const segments = known.captions.map(({ index, start, end, text, words }) => ({
    index,
    start,
    end,
    text,
    words,
  }));
  return { language: known.language, final: known.isCorrected, segments };
}
