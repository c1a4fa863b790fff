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

  constructor(live: (id: string) => LiveCaptions | undefined, transcripts: Pick<TranscriptStore, 'find'>) {
    this.#live = live;
    this.#transcripts = transcripts;
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
