import type { Log } from '../log.ts';
import type { ContentDirectory } from '../store/content-directory.ts';
import type { StorageStore } from './storage-store.ts';

// What is live grows by some MiB a minute, and its account may fill up meanwhile.
const growingMillis = 60_000;
const countedAtOnce = 20;

/**
 * Counts what videos take of the disk: every byte in their folders, segments, MP4, stills, captions and journal. Few at a
 * time: nobody waits for it.
 */
export class StorageUse {
  readonly #content: Pick<ContentDirectory, 'storedBytes'>;
  readonly #store: StorageStore;
  readonly #log: Log;

  constructor(content: Pick<ContentDirectory, 'storedBytes'>, store: StorageStore, log: Log) {
    this.#content = content;
    this.#store = store;
    this.#log = log;
  }

  /** Counts one video now; gives its bytes. */
  async count(videoId: string): Promise<number> {
    const bytes = await this.#content.storedBytes(videoId);
    await this.#store.counted(videoId, bytes);
    return bytes;
  }

  /** Counts some of those that have changed. Never throws. */
  async sweep(): Promise<void> {
    try {
      const changed = await this.#store.uncounted(new Date(Date.now() - growingMillis), countedAtOnce);
      for (const { id } of changed) await this.count(id);
    } catch (error) {
      this.#log.warn({ err: error }, 'storage not counted');
    }
  }
}
