import type { LivereelError } from '../errors.ts';
import { LivePlaylist } from '../hls/live-playlist.ts';
import type { Rendition } from '../hls/rendition.ts';
import type { SubtitleGroup } from '../hls/subtitle-group.ts';
import { type SubtitleSource, SubtitleWriter } from '../hls/subtitle-writer.ts';
import type { Log } from '../log.ts';
import { writeFinalPlaylists } from './final-playlists.ts';
import type { SessionPlaces } from './session-parts.ts';

/** The playlists of one session: sound and pictures, and subtitles where it is captioned. Owned by the session. */
export class SessionPlaylists {
  readonly main: LivePlaylist;
  readonly #rendition: Rendition;
  readonly #onRender: () => void;
  #source: SubtitleSource | null = null;
  #subtitles: { readonly writer: SubtitleWriter; readonly playlist: LivePlaylist } | null = null;

  constructor(rendition: Rendition, onRender: () => void) {
    this.#rendition = rendition;
    this.#onRender = onRender;
    this.main = new LivePlaylist(rendition, onRender, () => this.#group);
  }

  /** From now on there are subtitles, also of what is published already. */
  async addSubtitles(directory: string, source: SubtitleSource, log: Log): Promise<void> {
    const writer = await SubtitleWriter.open(directory, this.#rendition, source, log);
    this.#source = source;
    this.#subtitles = { writer, playlist: new LivePlaylist(writer.rendition, this.#onRender) };
  }

  /** The media playlist of a rendition, by its name. */
  of(rendition: string | undefined): LivePlaylist | undefined {
    if (rendition === this.#rendition.name) return this.main;
    return rendition === this.#subtitles?.writer.rendition.name ? this.#subtitles?.playlist : undefined;
  }

  /** The rendition of sound and pictures grew or ended. */
  published(): void {
    // Text first: no playlist reports a segment that its text does not have.
    this.#subtitles?.writer.published();
    this.#subtitles?.playlist.published();
    this.main.published();
  }

  /** Writes the playlists of a stream that has ended: from then on the files tell what the memory told. */
  async write(places: SessionPlaces): Promise<void> {
    const text = this.#subtitles?.writer.rendition ?? null;
    await writeFinalPlaylists(this.#rendition, places, text, this.#group);
  }

  /** Refuses all that wait and will wait. */
  close(error: LivereelError): void {
    this.main.close(error);
    this.#subtitles?.playlist.close(error);
  }

  get #group(): SubtitleGroup | null {
    return this.#source === null ? null : { language: this.#source.spokenLanguage };
  }
}
