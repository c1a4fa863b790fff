import { rm } from 'node:fs/promises';
import type { Transcript } from '../api/transcript.ts';
import type { LiveCaptions } from '../captions/live-captions.ts';
import { writeFinalSubtitles } from '../hls/final-subtitles.ts';
import type { Log } from '../log.ts';
import type { ContentDirectory } from '../store/content-directory.ts';
import type { Database } from '../store/database.ts';
import { writeCaptionFiles } from './caption-files.ts';
import { playlistLock } from './playlist-lock.ts';
import type { KeptTranscript, TranscriptStore } from './transcript-store.ts';
import type { VideoStore } from './video-store.ts';

/** What transcripts are kept in, beside the database. */
export type KeptTranscriptsParts = {
  readonly store: Pick<TranscriptStore, 'keep'>;
  readonly videos: Pick<VideoStore, 'update'>;
  readonly content: Pick<
    ContentDirectory,
    'videoDir' | 'liveCaptionsFile' | 'multivariantPlaylistFile' | 'mediaPlaylistFile' | 'renditionDir'
  >;
  /** Two that write a video's playlists must not meet, in this process or another. */
  readonly exclusively: Database['exclusively'];
  readonly log: Log;
};

/**
 * Keeps the transcripts of videos that are over: in the database, as files to fetch, and as subtitles in the
 * playlists. What was heard live comes first, the corrected words take its place.
 */
export class KeptTranscripts {
  readonly #parts: KeptTranscriptsParts;
  readonly #keeping = new Map<string, Promise<unknown>>();

  constructor(parts: KeptTranscriptsParts) {
    this.#parts = parts;
  }

  /** Keeps the final transcript of a video in place of what was known of it; safe to repeat. */
  async keep(
    videoId: string,
    { language, segments, model }: Omit<Transcript, 'final'> & { readonly model: string },
  ): Promise<void> {
    await this.#oneByOne(videoId, { language, segments, model, final: true });
  }

  /** Keeps what was heard while a session was live, unless the corrected words are there already. */
  async keepLive({ id, spokenLanguage, all }: LiveCaptions): Promise<void> {
    const segments = all.map(({ index, start, end, text, words }) => ({ index, start, end, text, words }));
    await this.#oneByOne(id, { language: spokenLanguage, segments, model: null, final: false });
  }

  /** Two that write the same files must not meet. */
  async #oneByOne(videoId: string, transcript: KeptTranscript): Promise<void> {
    const before = this.#keeping.get(videoId) ?? Promise.resolve();
    const keeping = before.catch(() => undefined).then(() => this.#keep(videoId, transcript));
    this.#keeping.set(videoId, keeping);
    try {
      await keeping;
    } finally {
      if (this.#keeping.get(videoId) === keeping) this.#keeping.delete(videoId);
    }
  }

  async #keep(videoId: string, transcript: KeptTranscript): Promise<void> {
    const { store, videos, content, exclusively, log } = this.#parts;
    if (!(await store.keep(videoId, transcript))) return;
    await writeCaptionFiles(content.videoDir(videoId), transcript);
    const places = {
      multivariantFile: content.multivariantPlaylistFile(videoId),
      mediaFile: content.mediaPlaylistFile(videoId, 'main'),
      captionsDirectory: content.renditionDir(videoId, 'captions'),
    };
    await exclusively(playlistLock(videoId), () =>
      writeFinalSubtitles(places, transcript.language, transcript.segments),
    );
    await videos.update(videoId, { hasCaptions: transcript.segments.length > 0 });
    // From here on the database tells it.
    await rm(content.liveCaptionsFile(videoId), { force: true });
    const { final, language, segments } = transcript;
    log.info({ sessionId: videoId, final, language, captions: segments.length }, 'transcript kept');
  }
}
