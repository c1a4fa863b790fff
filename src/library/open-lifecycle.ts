import type { VideoEvents } from '../events/video-events.ts';
import type { Log } from '../log.ts';
import type { ContentDirectory } from '../store/content-directory.ts';
import type { Database } from '../store/database.ts';
import { DeletionStore } from './deletion-store.ts';
import { type Chore, Housekeeping } from './housekeeping.ts';
import { Retention } from './retention.ts';
import { StorageStore } from './storage-store.ts';
import { StorageUse } from './storage-use.ts';
import { VideoDeletion, type VideoDeletionParts } from './video-deletion.ts';

/** What looks after videos until they are gone is opened with. */
export type LifecycleParts = {
  readonly database: Database;
  readonly content: ContentDirectory;
  readonly sessions: NonNullable<VideoDeletionParts['sessions']>;
  readonly work: VideoDeletionParts['work'];
  readonly events: VideoEvents;
  /** undefined: videos stay. */
  readonly retentionDays: number | undefined;
  /** What others want looked after. */
  readonly chores: readonly Chore[];
  readonly log: Log;
};

/** What deletes videos; what counts their bytes and deletes old ones runs beside it. Its owner closes it. */
export type Lifecycle = { readonly deletion: VideoDeletion; close(): Promise<void> };

const countSeconds = 5;
const retentionSeconds = 10;
const deletionSeconds = 600;

/** Goes on with what a stopped server was deleting. @throws LivereelError `database-unavailable`. */
export async function openLifecycle(parts: LifecycleParts): Promise<Lifecycle> {
  const { database, content, retentionDays, log } = parts;
  const deletion = new VideoDeletion({ ...parts, deletions: new DeletionStore(database) });
  await deletion.resume();
  const storage = new StorageStore(database);
  const use = new StorageUse(content, storage, log);
  const chores: Chore[] = [
    ...parts.chores,
    { everySeconds: countSeconds, work: () => use.sweep() },
    { everySeconds: deletionSeconds, work: () => deletion.sweep() },
  ];
  if (retentionDays !== undefined) {
    const retention = new Retention(retentionDays, storage, deletion, log);
    chores.push({ everySeconds: retentionSeconds, work: () => retention.sweep() });
  }
  const housekeeping = new Housekeeping(chores, error => log.warn({ err: error }, 'a chore failed'));
  const close = async () => {
    await housekeeping.close();
    await deletion.close();
  };
  return { deletion, close };
}
