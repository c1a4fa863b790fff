import { rm } from 'node:fs/promises';
import type { Asker } from '../accounts/asker.ts';
import type { Quotas } from '../accounts/quotas.ts';
import type { CreateImportRequest, ImportAnswer } from '../api/import.ts';
import { defaultTitle } from '../api/session.ts';
import { LivereelError } from '../errors.ts';
import { withoutCredentials } from '../fetch/guarded-client.ts';
import type { TaskQueue } from '../jobs/task-queue.ts';
import type { ContentDirectory } from '../store/content-directory.ts';
import { randomId } from '../store/random-id.ts';
import { enterState, type StateKeepers } from './import-state.ts';
import { type ImportRow, type ImportStore, importTask } from './import-store.ts';
import { mayChange } from './video-access.ts';
import type { VideoRow, VideoStore } from './video-store.ts';

/** Who imports. `address`: the client's IP address. */
export type Importer = { readonly asker: Asker; readonly address: string };

/** What imports are made of. */
export type ImportParts = StateKeepers & {
  readonly imports: ImportStore;
  readonly videos: Pick<VideoStore, 'insert' | 'find'>;
  readonly queue: Pick<TaskQueue, 'enqueue' | 'again' | 'cancel'>;
  /** Refuses what no address of the web can be. */
  readonly guard: { checkUrl(url: URL): void };
  readonly quotas: Pick<Quotas, 'admit'>;
  readonly content: ContentDirectory;
  readonly maxImportsPerAccount: number;
};

const cancelledMessage = 'The import was cancelled.';
const retryAfterSeconds = 60;

/** Imports as people ask for them: begin, look, cancel, try again. What fetches is the task `import`. */
export class Imports {
  readonly #parts: ImportParts;

  constructor(parts: ImportParts) {
    this.#parts = parts;
  }

  /** Queues what a server that died between two statements left without its task. */
  async recover(): Promise<void> {
    const { imports, queue } = this.#parts;
    for (const id of await imports.unqueued()) await queue.enqueue(id, importTask);
  }

  /**
   * Makes the video, and queues what it is fetched from.
   * @throws LivereelError `source-address-refused` as far as the address alone tells, `too-many-imports`;
   * what `Quotas.admit` throws.
   */
  async create(
    request: CreateImportRequest,
    importer: Importer,
  ): Promise<{ video: VideoRow; queuePosition: number }> {
    const { imports, videos, queue, guard, quotas, maxImportsPerAccount } = this.#parts;
    const url = new URL(request.url);
    guard.checkUrl(url);
    const subject = subjectOf(importer);
    const video = await quotas.admit(importer.asker, { kind: 'import' }, async ownerId => {
      if ((await imports.countOpen(subject)) >= maxImportsPerAccount) {
        const message = `You have ${maxImportsPerAccount} imports under way already. Wait until one is over, or cancel one.`;
        throw new LivereelError('too-many-imports', message, { retryAfterSeconds });
      }
      const made = await videos.insert({
        id: randomId(),
        state: 'uploading',
        title: request.title ?? defaultTitle,
        visibility: request.visibility,
        input: 'import',
        language: 'auto',
        captions: true,
        ownerId,
        clientAddress: importer.address,
      });
      const hasTitle = request.title !== undefined;
      await imports.insert({ videoId: made.id, url: url.href, importer: subject, hasTitle });
      return made;
    });
    await queue.enqueue(video.id, importTask);
    const queued = await imports.find(video.id);
    return { video, queuePosition: queued?.queuePosition ?? 0 };
  }

  /** How far an import is. @throws LivereelError `not-found`, also when it is another's. */
  async find(id: string, importer: Importer): Promise<ImportAnswer> {
    return present(await this.#mine(id, importer));
  }

  /**
   * Nobody wants it any more: what waits never begins, what is being fetched stops within a second or two. Cancelling
   * what failed or was cancelled is no error.
   * @throws LivereelError `not-found`, `import-over`.
   */
  async cancel(id: string, importer: Importer): Promise<void> {
    const { imports, content, queue } = this.#parts;
    const row = await this.#mine(id, importer);
    if (row.state === 'done') {
      throw new LivereelError('import-over', 'Everything was fetched already. Delete the video instead.');
    }
    if (!['waiting', 'running'].includes(row.state) || !(await imports.cancel(id))) return;
    await enterState(this.#parts, id, 'failed', { code: 'import-cancelled', message: cancelledMessage });
    await queue.cancel(id, cancelledMessage, importTask);
    // Who fetches removes what it holds itself, once it has noticed.
    if (!row.isWorkedOn) await rm(content.importDir(id), { recursive: true, force: true });
  }

  /**
   * Begins an import again that failed or was cancelled.
   * @throws LivereelError `not-found`, `import-not-failed`.
   */
  async retry(id: string, importer: Importer): Promise<ImportAnswer> {
    const { imports, queue, videos } = this.#parts;
    const row = await this.#mine(id, importer);
    const video = await videos.find(id);
    if (row.isWorkedOn || video?.state !== 'failed') {
      const message = 'Only an import that failed or was cancelled can be tried again; this one is not over.';
      throw new LivereelError('import-not-failed', message);
    }
    await imports.requeue(id);
    await enterState(this.#parts, id, 'uploading', null);
    // One that was cancelled before its task was made has none.
    if (!(await queue.again(id, importTask))) await queue.enqueue(id, importTask);
    return await this.find(id, importer);
  }

  async #mine(id: string, importer: Importer): Promise<ImportRow> {
    const { imports, videos } = this.#parts;
    const [row, video] = await Promise.all([imports.find(id), videos.find(id)]);
    // Without accounts it belongs to the address that it came from.
    const isSame = importer.asker.kind === 'anyone' && row?.importer === subjectOf(importer);
    if (row !== undefined && video !== undefined && (isSame || mayChange(video, importer.asker))) return row;
    throw new LivereelError('not-found', 'There is no such import. Check the id.');
  }
}

function subjectOf({ asker, address }: Importer): string {
  return asker.kind === 'person' ? `account ${asker.accountId}` : `address ${address}`;
}

function present(row: ImportRow): ImportAnswer {
  const { videoId: id, state, queuePosition, bytes, totalBytes, attempts, error } = row;
  const percent = state === 'done' ? 100 : row.percent;
  const url = withoutCredentials(new URL(row.url)).href;
  return { id, url, state, queuePosition, percent, bytes, totalBytes, attempts, error };
}
