import { rmSync, symlinkSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { dirname, relative } from 'node:path';
import type { Visibility } from '../api/session.ts';
import type { Log } from '../log.ts';
import type { ContentDirectory } from '../store/content-directory.ts';
import { isPlaybackToken, type PlayableVideo, type PlaybackTokens } from './playback-tokens.ts';

/** What decides who may watch a video. */
export type GatedVideo = PlayableVideo & { readonly visibility: Visibility };

/** Where that is kept. */
export interface GatedVideos {
  find(id: string): Promise<GatedVideo | undefined>;
  /** Those of `ids` that exist. */
  findAll(ids: readonly string[]): Promise<GatedVideo[]>;
}

type Lookup = { readonly video: Promise<GatedVideo | undefined>; isStale: boolean };

type Admitted = {
  readonly isPrivate: boolean;
  readonly epoch: number;
  /** When each way in ends, milliseconds since 1970. `null`: without a token. */
  readonly ways: Map<string | null, number>;
};

export type PlaybackGateParts = {
  readonly content: Pick<ContentDirectory, 'admittedDir' | 'admittedLink' | 'videoDir'>;
  readonly videos: GatedVideos;
  readonly tokens: PlaybackTokens;
  readonly log: Log;
};

const tickMillis = 1_000;
// What another process changed, a command or another server, is noticed after this.
const reviewMillis = 5_000;
// Nobody tells us when the last viewer has left: who still watches then is admitted anew.
const longestMillis = 3_600_000;
// So many at a time: where more videos are watched, the round takes longer.
const mostReviewed = 2_000;

/**
 * Who may watch what. Who was admitted once is admitted by a link in `run/admitted/`, through which nginx finds the
 * video's files: no link, no file. Links are made when somebody first asks, are removed when the video's visibility
 * changes or the token ends, and are all gone at a start, so that none outlives what it was made for
 * (docs/decisions/0016-who-may-watch.md). Opened and closed by livereel.
 */
export class PlaybackGate {
  readonly #parts: PlaybackGateParts;
  readonly #admitted = new Map<string, Admitted>();
  readonly #lookups = new Map<string, Lookup>();
  readonly #listeners = new Set<(id: string) => void>();
  readonly #timer: NodeJS.Timeout;
  #reviewedAt = Date.now();
  #round: Iterator<[string, Admitted]> | null = null;
  #nextEnd = Number.POSITIVE_INFINITY;
  #isReviewing = false;

  private constructor(parts: PlaybackGateParts) {
    this.#parts = parts;
    this.#timer = setInterval(() => this.#tick(), tickMillis);
    this.#timer.unref();
  }

  /** Nobody is admitted yet. */
  static async open(parts: PlaybackGateParts): Promise<PlaybackGate> {
    await rm(parts.content.admittedDir, { recursive: true, force: true });
    await mkdir(parts.content.admittedDir, { recursive: true, mode: 0o700 });
    return new PlaybackGate(parts);
  }

  /** Whether somebody was let in this way already, and still is: no question to the database. */
  isAdmitted(id: string, token: string | null): boolean {
    const until = this.#admitted.get(id)?.ways.get(token);
    return until !== undefined && until > Date.now();
  }

  /**
   * Lets in who may watch the video: everyone unless it is private, then who has a token of it. False: for this
   * asker there is no such video. A token that a video needs no more is not looked at.
   * @throws LivereelError `database-unavailable`.
   */
  async admit(id: string, token: string | null): Promise<boolean> {
    if (this.isAdmitted(id, token) || this.isAdmitted(id, null)) return true;
    for (;;) {
      const lookup = this.#lookUp(id);
      const video = await lookup.video;
      // From here on nothing is waited for: what is changed meanwhile either made this stale or finds the link.
      if (lookup.isStale) continue;
      return video !== undefined && this.#letIn(video, token);
    }
  }

  /**
   * Everybody is looked at anew: the video's visibility changed, its tokens were ended, or it is gone. Call it once
   * that is stored. Never throws.
   */
  shut(id: string): void {
    this.gone(id);
    for (const tell of this.#listeners) tell(id);
  }

  /** The video was deleted: nobody is let in any more. Who listens is told that by its event. Never throws. */
  gone(id: string): void {
    const lookup = this.#lookups.get(id);
    if (lookup !== undefined) lookup.isStale = true;
    this.#lookups.delete(id);
    this.#forget(id);
  }

  /** Tells whenever a video is shut: who watches it otherwise is to be looked at anew. Returns how to stop that. */
  onShut(listener: (id: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Admits nobody any more. Safe to call twice, never throws. */
  close(): void {
    clearInterval(this.#timer);
    this.#listeners.clear();
    for (const id of [...this.#admitted.keys()]) this.#forget(id);
  }

  /** One query for all who ask at the same time. */
  #lookUp(id: string): Lookup {
    const running = this.#lookups.get(id);
    if (running !== undefined) return running;
    const lookup: Lookup = { video: this.#parts.videos.find(id), isStale: false };
    this.#lookups.set(id, lookup);
    const done = () => {
      if (this.#lookups.get(id) === lookup) this.#lookups.delete(id);
    };
    lookup.video.then(done, done);
    return lookup;
  }

  #letIn(video: GatedVideo, token: string | null): boolean {
    const now = Date.now();
    if (video.visibility !== 'private') {
      this.#open(video, null, now + longestMillis);
      return true;
    }
    if (token === null || !isPlaybackToken(token)) return false;
    const expiresAt = this.#parts.tokens.expiryOf(video, token, now);
    if (expiresAt === null) return false;
    this.#open(video, token, Math.min(expiresAt.getTime(), now + longestMillis));
    return true;
  }

  #open({ id, visibility, playbackEpoch }: GatedVideo, token: string | null, until: number): void {
    const isPrivate = visibility === 'private';
    const known = this.#admitted.get(id);
    // Changed behind our back, by another process: what was admitted before is over.
    if (known && (known.isPrivate !== isPrivate || known.epoch !== playbackEpoch)) this.#forget(id);
    const { content } = this.#parts;
    const link = content.admittedLink(id, token);
    const entry = this.#admitted.get(id) ?? { isPrivate, epoch: playbackEpoch, ways: new Map() };
    try {
      symlinkSync(relative(dirname(link), content.videoDir(id)), link);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    entry.ways.set(token, until);
    this.#nextEnd = Math.min(this.#nextEnd, until);
    this.#admitted.set(id, entry);
  }

  #forget(id: string): void {
    const entry = this.#admitted.get(id);
    if (entry === undefined) return;
    for (const token of entry.ways.keys()) this.#close(id, entry, token);
    this.#admitted.delete(id);
  }

  #close(id: string, entry: Admitted, token: string | null): void {
    entry.ways.delete(token);
    try {
      rmSync(this.#parts.content.admittedLink(id, token), { force: true });
    } catch (error) {
      this.#parts.log.error({ err: error, id }, 'a viewer may watch longer than allowed');
    }
  }

  #tick(): void {
    const now = Date.now();
    if (now >= this.#nextEnd) this.#closeEnded(now);
    if (now - this.#reviewedAt < reviewMillis || this.#isReviewing || this.#admitted.size === 0) return;
    this.#reviewedAt = now;
    this.#isReviewing = true;
    void this.#review()
      // Who watches goes on watching while the database is away.
      .catch(error => this.#parts.log.warn({ err: error }, 'who may watch was not looked at anew'))
      .finally(() => {
        this.#isReviewing = false;
      });
  }

  #closeEnded(now: number): void {
    this.#nextEnd = Number.POSITIVE_INFINITY;
    for (const [id, entry] of this.#admitted) {
      for (const [token, until] of entry.ways) {
        if (until <= now) this.#close(id, entry, token);
        else this.#nextEnd = Math.min(this.#nextEnd, until);
      }
      if (entry.ways.size === 0) this.#admitted.delete(id);
    }
  }

  /** Shuts what was changed by others, of the next few. */
  async #review(): Promise<void> {
    const some = this.#nextReviewed();
    const found = await this.#parts.videos.findAll(some.map(([id]) => id));
    const videos = new Map(found.map(video => [video.id, video]));
    for (const [id, entry] of some) {
      if (this.#admitted.get(id) !== entry) continue;
      const video = videos.get(id);
      const isSame =
        video?.playbackEpoch === entry.epoch && (video.visibility === 'private') === entry.isPrivate;
      if (!isSame) this.shut(id);
    }
  }

  #nextReviewed(): [string, Admitted][] {
    const some: [string, Admitted][] = [];
    this.#round ??= this.#admitted.entries();
    while (some.length < mostReviewed) {
      const { value, done } = this.#round.next();
      if (done) {
        this.#round = null;
        break;
      }
      some.push(value);
    }
    return some;
  }
}
