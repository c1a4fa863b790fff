import { type Asker, anyone } from '../accounts/asker.ts';
import type { PlaybackTokens } from './playback-tokens.ts';
import { maySee } from './video-access.ts';
import type { VideoRow } from './video-store.ts';

/** What a request brings along: the token it names, of whatever kind, and who asks; found out only when it matters. */
export type Credentials = {
  readonly token: string | undefined;
  readonly asker: () => Promise<Asker>;
};

/** A video as it exists for somebody. `ticket`: what its URLs carry for them; null: they need nothing. */
export type SeenVideo<Video> = { readonly video: Video; readonly ticket: string | null };

type ViewedVideo = Pick<VideoRow, 'id' | 'visibility' | 'ownerId' | 'playbackEpoch'>;

export type VideoViewingParts<Video extends ViewedVideo> = {
  readonly videos: { find(id: string): Promise<Video | undefined> };
  /** Whether a token is the ingest token of a video. */
  readonly ingest: { authorizes(id: string, token: string): Promise<boolean> };
  readonly tokens: PlaybackTokens;
};

/** For whom a video exists: everyone unless it is private, then its owner, its publisher, and who has a playback token. */
export class VideoViewing<Video extends ViewedVideo = VideoRow> {
  readonly #parts: VideoViewingParts<Video>;

  constructor(parts: VideoViewingParts<Video>) {
    this.#parts = parts;
  }

  /** Undefined: for this asker there is no such video. @throws LivereelError as `asker`. */
  async find(id: string, by: Credentials): Promise<SeenVideo<Video> | undefined> {
    const video = /^[0-9A-Za-z]{12}$/.test(id) ? await this.#parts.videos.find(id) : undefined;
    return video && (await this.of(video, by));
  }

  /** The same of a video that was found already. */
  async of(video: Video, { token, asker }: Credentials): Promise<SeenVideo<Video> | undefined> {
    if (video.visibility !== 'private') return { video, ticket: null };
    const { tokens, ingest } = this.#parts;
    // Who has a token of somebody else's gets the same one back: it never becomes a longer one.
    if (token && tokens.expiryOf(video, token)) return { video, ticket: token };
    if (token && (await ingest.authorizes(video.id, token))) return { video, ticket: this.ticketFor(video) };
    const asks = await asker();
    // Who shows a token wants to be let in by it, and is told when it is wrong.
    const isAllowed = maySee(video, token !== undefined && asks.kind === 'owner-of-all' ? anyone : asks);
    return isAllowed ? { video, ticket: this.ticketFor(video) } : undefined;
  }

  /** What the URLs of a video carry for one who may see it. */
  ticketFor(video: ViewedVideo): string | null {
    return video.visibility === 'private' ? this.#parts.tokens.make(video).token : null;
  }
}
