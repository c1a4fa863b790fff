import { mkdir, rm, stat } from 'node:fs/promises';
import { LivereelError } from '../errors.ts';
import type { AddressGuard } from '../fetch/address-guard.ts';
import { GuardedClient } from '../fetch/guarded-client.ts';
import type { RunSettings } from '../ffmpeg/background-run.ts';
import type { TaskQueue } from '../jobs/task-queue.ts';
import type { ContentDirectory } from '../store/content-directory.ts';
import { nameForGood } from './file-appender.ts';
import { fetchSource } from './import-source.ts';
import { enterProcessing, enterState, type StateKeepers } from './import-state.ts';
import { type ImportRow, type ImportStore, importTask } from './import-store.ts';
import { ImportWatch, type ImportWatchParts, importCancelled } from './import-watch.ts';
import type { VideoRow } from './video-store.ts';
import type { VideoTaskHandler } from './video-task.ts';

/** What fetching needs. */
export type ImportTaskParts = StateKeepers &
  ImportWatchParts & {
    readonly imports: ImportStore;
    readonly content: ContentDirectory;
    readonly guard: AddressGuard;
    readonly limits: { readonly importMaxBytes: number; readonly ytDlpPath: string };
    readonly run: Omit<RunSettings, 'signal'>;
    readonly queue: Pick<TaskQueue, 'enqueue'>;
  };

/** For joining what was fetched: a copy of it, at the speed of a slow disk. */
const joinSeconds = 1_200;

/**
 * The task `import`: fetches what an address leads to and hands it over as if it had been uploaded. It may be run any
 * number of times: what is there already is not fetched again.
 */
export class ImportTask implements VideoTaskHandler {
  readonly task = importTask;
  readonly #parts: ImportTaskParts;

  constructor(parts: ImportTaskParts) {
    this.#parts = parts;
  }

  /** Longer than the fetching may take, which ends itself and says why. */
  readonly limitSeconds = (): number => this.#parts.limits.importMaxSeconds + joinSeconds;

  /** @throws LivereelError `source-*`, `import-cancelled`, `disk-full`, `downloader-missing`; the signal's reason. */
  readonly run: VideoTaskHandler['run'] = async ({ id, ownerId, state }, { signal, progress }) => {
    const { imports, videos, content, queue } = this.#parts;
    const row = await imports.find(id);
    if (row === undefined || row.state === 'cancelled') throw importCancelled();
    const original = content.originalFile(id);
    // It may be that a server died behind the last step: then the video may be made by now, and the file gone.
    if (state === 'uploading' && !(await exists(original))) {
      const folder = content.importDir(id);
      await mkdir(folder, { recursive: true });
      const { file, title } = await this.#fetch({ ...row, ownerId }, folder, signal, progress);
      if (title !== null && !row.hasTitle) await videos.update(id, { title });
      await nameForGood(file, original);
      await rm(folder, { recursive: true, force: true });
    }
    // Cancelled in the last moment, it is `failed`.
    if ((await enterProcessing(this.#parts, id)) === 'processing') await queue.enqueue(id, 'process');
  };

  /** It is given up: what was fetched is of no use, and the video says why. */
  readonly failed = async ({ id }: VideoRow, error: Error): Promise<void> => {
    const { imports, content } = this.#parts;
    await rm(content.importDir(id), { recursive: true, force: true });
    if ((await imports.find(id))?.state === 'cancelled') return;
    const code = error instanceof LivereelError ? error.code : 'internal';
    await enterState(this.#parts, id, 'failed', { code, message: error.message });
  };

  async #fetch(
    row: ImportRow & Pick<VideoRow, 'ownerId'>,
    folder: string,
    signal: AbortSignal,
    progress: (percent: number) => void,
  ): Promise<{ file: string; title: string | null }> {
    const { guard, limits, run } = this.#parts;
    const client = new GuardedClient({ guard, keepsCredentials: true });
    const watch = new ImportWatch(this.#parts, row, progress);
    try {
      await watch.look();
      return await fetchSource({
        guard,
        client,
        url: new URL(row.url),
        folder,
        maxBytes: limits.importMaxBytes,
        ytDlpPath: limits.ytDlpPath,
        run,
        signal: AbortSignal.any([signal, watch.signal]),
        progress: (bytes, totalBytes, part) => watch.note(bytes, totalBytes, part),
      });
    } finally {
      await watch.close();
      client.close();
    }
  }
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}
