import type { Log } from '../log.ts';
import type { StorageStore } from './storage-store.ts';

const dayMillis = 86_400_000;
const deletedAtOnce = 20;

/** Deletes videos that have grown old (`RETENTION_DAYS`): never what is live, processed or worked on. */
export class Retention {
  readonly #days: number;
  readonly #store: Pick<StorageStore, 'overBefore'>;
  readonly #deletion: { deleteVideo(id: string): Promise<boolean> };
  readonly #log: Log;

  /** `days`: counted from the end of the recording, or from when a file came. */
  constructor(
    days: number,
    store: Pick<StorageStore, 'overBefore'>,
    deletion: { deleteVideo(id: string): Promise<boolean> },
    log: Log,
  ) {
    this.#days = days;
    this.#store = store;
    this.#deletion = deletion;
    this.#log = log;
  }

  /** Deletes some of those that are too old; gives how many. Never throws. */
  async sweep(): Promise<number> {
    const before = new Date(Date.now() - this.#days * dayMillis);
    try {
      const old = await this.#store.overBefore(before, deletedAtOnce);
      for (const id of old) {
        await this.#deletion.deleteVideo(id);
        this.#log.info({ videoId: id, retentionDays: this.#days }, 'video deleted: it is too old');
      }
      return old.length;
    } catch (error) {
      this.#log.warn({ err: error }, 'old videos not looked through');
      return 0;
    }
  }
}
