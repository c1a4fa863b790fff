import { createHash, timingSafeEqual } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Asker } from '../accounts/asker.ts';
import { LivereelError } from '../errors.ts';
import type { VideoEvents } from '../events/video-events.ts';
import type { Log } from '../log.ts';
import type { ContentDirectory } from '../store/content-directory.ts';
import type { DeletionStore } from './deletion-store.ts';
import { mayChange } from './video-access.ts';

/** Something in this process that may be at work on a video. */
export interface StoppableWork {
  /** Breaks off what is under way or waits for this video, and does not wait for that. Never throws. */
  stop(videoId: string, why: LivereelError): void;
}

/** What a deletion reaches. */
export type VideoDeletionParts = {
  readonly deletions: DeletionStore;
  readonly content: ContentDirectory;
  /** Where a session may be live; null in a process that has none. */
  readonly sessions: { discard(id: string, why: LivereelError): Promise<void> } | null;
  readonly work: readonly StoppableWork[];
  readonly events: Pick<VideoEvents, 'report'>;
  readonly log: Log;
};

// A session that hangs keeps no folder: what it still writes goes to a place that has no name any more.
const longestGoodbyeMillis = 3_000;
// Another process may be at work on a video and notice late that it is gone; what it leaves is removed then.
const lookAgainAfterMillis = 600_000;
const rememberedMillis = 86_400_000;
const forgottenAtOnce = 500;

/**
 * Deletes videos for good: row, transcript and tasks in one transaction, which also notes that the files are to go;
 * then what is live or at work on it is stopped, its folder renamed away from viewers, and removed. A process that
 * dies anywhere in between goes on at its next start. One per process.
 */
export class VideoDeletion {
  readonly #parts: VideoDeletionParts;
  readonly #removing = new Map<string, Promise<void>>();

  constructor(parts: VideoDeletionParts) {
    this.#parts = parts;
  }

  /**
   * Deletes a video; resolves when its files are gone. False: there is no such video, or somebody else is deleting it
   * (in this process that is waited for), or it was changed after `unchangedSince`. Safe to repeat, safe from two sides.
   * @throws LivereelError `database-unavailable`; what the file system throws, and then the next start tries again.
   */
  async deleteVideo(id: string, unchangedSince?: Date): Promise<boolean> {
    const isMine = await this.#parts.deletions.mark(id, unchangedSince);
    if (isMine) await this.#remove(id);
    else await this.#removing.get(id);
    return isMine;
  }

  /** Deletes all videos of an account; gives how many. All of them are gone for viewers before the first is removed. */
  async deleteVideosOf(accountId: string): Promise<number> {
    const ids = await this.#parts.deletions.markOwned(accountId);
    for (const id of ids) await this.#parts.content.setAside(id);
    for (const id of ids) await this.#remove(id);
    return ids.length;
  }

  /** Whether this video was deleted within the last day, and was the asker's, or `ingestToken` its own. */
  async wasDeleted(
    id: string,
    { ingestToken, asker }: { ingestToken: string | undefined; asker: Asker },
  ): Promise<boolean> {
    const deletion = await this.#parts.deletions.find(id);
    if (deletion === undefined) return false;
    if (mayChange(deletion, asker)) return true;
    const hash = deletion.ingestTokenHash;
    if (hash === null || ingestToken === undefined) return false;
    return timingSafeEqual(createHash('sha256').update(ingestToken).digest(), hash);
  }

  /**
   * For the start, before anyone can watch: what an earlier life was deleting has no address any more. Its bytes are
   * removed beside the rest. @throws LivereelError `database-unavailable`.
   */
  async resume(): Promise<void> {
    const { deletions, content, log } = this.#parts;
    const left = await deletions.unfinished();
    for (const id of left) await content.setAside(id).catch(error => this.#complain(id, error));
    if (left.length > 0) log.info({ videos: left.length }, 'deletions go on');
    void this.#removeLeft(left);
  }

  /** Looks once more for what came back after a deletion, and for what could not be removed. Never throws. */
  async sweep(): Promise<void> {
    const { deletions, content, log } = this.#parts;
    try {
      await this.#removeLeft(await deletions.unfinished());
      const settled = new Date(Date.now() - lookAgainAfterMillis);
      for (const id of await deletions.finishedBefore(settled, forgottenAtOnce)) {
        if (await content.setAside(id)) await content.removeVideo(id);
      }
      const old = await deletions.finishedBefore(new Date(Date.now() - rememberedMillis), forgottenAtOnce);
      await deletions.forget(old);
    } catch (error) {
      log.warn({ err: error }, 'deletions not looked through');
    }
  }

  /** Resolves when no removal is under way. Safe to call twice, never throws. */
  async close(): Promise<void> {
    await Promise.allSettled([...this.#removing.values()]);
  }

  async #removeLeft(ids: readonly string[]): Promise<void> {
    for (const id of ids) await this.#remove(id).catch(error => this.#complain(id, error));
    // What has no row at all any more, of a database that was put back perhaps.
    if (this.#removing.size === 0)
      await this.#parts.content.removeAllSetAside().catch(error => this.#complain(null, error));
  }

  async #remove(id: string): Promise<void> {
    const removing = this.#removing.get(id) ?? this.#removeNow(id);
    this.#removing.set(id, removing);
    try {
      await removing;
    } finally {
      this.#removing.delete(id);
    }
  }

  async #removeNow(id: string): Promise<void> {
    const { deletions, content, sessions, work, events, log } = this.#parts;
    const why = new LivereelError('session-not-found', 'this video was deleted');
    for (const each of work) each.stop(id, why);
    // The publisher is told before its session notices that its folder is gone; what a session still writes on its
    // way out is thrown away with the rest.
    const goodbye = sessions?.discard(id, why);
    await content.setAside(id);
    await Promise.race([goodbye, delay(longestGoodbyeMillis, undefined, { ref: false })]);
    events.report({ event: 'deleted', data: { id, at: new Date().toISOString() } });
    await content.removeVideo(id);
    await deletions.filesRemoved(id);
    log.info({ videoId: id }, 'video deleted');
  }

  #complain(videoId: string | null, error: unknown): void {
    this.#parts.log.error({ err: error, videoId }, 'files of a deleted video not removed: tried again later');
  }
}
