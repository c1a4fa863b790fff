import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { LivereelError } from '../errors.ts';
import type { VideoEvents } from '../events/video-events.ts';
import type { AddressGuard } from '../fetch/address-guard.ts';
import { GuardedClient } from '../fetch/guarded-client.ts';
import type { RunSettings } from '../ffmpeg/background-run.ts';
import type { TaskContext } from '../jobs/task-handler.ts';
import type { TaskQueue } from '../jobs/task-queue.ts';
import type { ContentDirectory } from '../store/content-directory.ts';
import { fetchSource } from './import-source.ts';
import { type ImportRow, type ImportStore, importTask } from './import-store.ts';
import type { VideoRow, VideoStore } from './video-store.ts';
import type { VideoTaskHandler } from './video-task.ts';

/** What fetching needs. */
export type ImportTaskParts = {
  readonly imports: ImportStore;
  readonly videos: Pick<VideoStore, 'update'>;
  readonly content: ContentDirectory;
  readonly guard: AddressGuard;
  readonly limits: {
    readonly importMaxBytes: number;
    readonly importMaxSeconds: number;
    readonly minFreeDiskBytes: number;
    readonly minFreeDiskRatio: number;
    readonly ytDlpPath: string;
  };
  readonly run: Omit<RunSettings, 'signal'>;
  readonly queue: Pick<TaskQueue, 'enqueue'>;
  readonly events: Pick<VideoEvents, 'report'>;
};

/** How often is written down how far it is, and asked whether it is still wanted. */
const lookEveryMillis = 1_000;
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
  readonly run = async ({ id }: VideoRow, { signal, progress }: TaskContext): Promise<void> => {
    const { imports, videos, content } = this.#parts;
    const row = await imports.find(id);
    if (row === undefined || row.state === 'cancelled') throw cancelled();
    const original = content.originalFile(id);
    if (!(await exists(original))) {
      const folder = content.importDir(id);
      await mkdir(folder, { recursive: true });
      const { file, title } = await this.#fetch(row, folder, signal, progress);
      if (title !== null && !row.hasTitle) await videos.update(id, { title });
      await rename(file, original);
      await rm(folder, { recursive: true, force: true });
    }
    await this.#change(id, 'processing', null);
    await this.#parts.queue.enqueue(id, 'process');
  };

  /** It is given up: what was fetched is of no use, and the video says why. */
  readonly failed = async ({ id }: VideoRow, error: Error): Promise<void> => {
    const { imports, content } = this.#parts;
    await rm(content.importDir(id), { recursive: true, force: true });
    if ((await imports.find(id))?.state === 'cancelled') return;
    const code = error instanceof LivereelError ? error.code : 'internal';
    await this.#change(id, 'failed', { code, message: error.message });
  };

  async #change(
    id: string,
    state: 'processing' | 'failed',
    error: { readonly code: string; readonly message: string } | null,
  ): Promise<void> {
    const { videos, events } = this.#parts;
    await videos.update(id, { state, errorCode: error?.code ?? null, errorMessage: error?.message ?? null });
    events.report({ event: 'state', data: { id, state, at: new Date().toISOString() } });
  }

  async #fetch(
    row: ImportRow,
    folder: string,
    signal: AbortSignal,
    progress: (percent: number) => void,
  ): Promise<{ file: string; title: string | null }> {
    const { guard, limits, run } = this.#parts;
    const client = new GuardedClient({ guard, keepsCredentials: true });
    const watch = new ImportWatch(this.#parts, row.videoId, progress);
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

/** Looks on while an import is fetched: writes down how far it is, and stops what nobody wants or has room for. */
class ImportWatch {
  readonly #parts: ImportTaskParts;
  readonly #videoId: string;
  readonly #progress: (percent: number) => void;
  readonly #stop = new AbortController();
  readonly #timer: NodeJS.Timeout;
  readonly #beganAt = performance.now();
  #looking: Promise<void> = Promise.resolve();
  #bytes = 0;
  #totalBytes: number | null = null;

  constructor(parts: ImportTaskParts, videoId: string, progress: (percent: number) => void) {
    this.#parts = parts;
    this.#videoId = videoId;
    this.#progress = progress;
    this.#timer = setInterval(() => {
      this.#looking = this.look().catch(error => this.#stop.abort(error));
    }, lookEveryMillis);
  }

  /** Aborts with the reason when the import is to end. */
  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  note(bytes: number, totalBytes: number | null, part: number): void {
    this.#bytes = bytes;
    this.#totalBytes = totalBytes;
    this.#progress(Math.floor(part * 100));
  }

  /** @throws LivereelError `import-cancelled`, `source-too-large` (in time), `disk-full`. */
  async look(): Promise<void> {
    const { imports, limits, content } = this.#parts;
    if (!(await imports.progress(this.#videoId, this.#bytes, this.#totalBytes))) throw cancelled();
    const { importMaxSeconds, minFreeDiskBytes, minFreeDiskRatio } = limits;
    if (performance.now() - this.#beganAt > importMaxSeconds * 1_000) {
      const message = `It took longer than the ${importMaxSeconds} s that an import may take (IMPORT_MAX_SECONDS).`;
      throw new LivereelError('source-too-large', message);
    }
    const { freeBytes, totalBytes } = await content.freeBytes();
    if (freeBytes < minFreeDiskBytes || freeBytes < minFreeDiskRatio * totalBytes) {
      throw new LivereelError('disk-full', 'The disk is nearly full: the import goes on when there is room.');
    }
  }

  /** Writes down how far it came. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#looking;
    if (!this.#stop.signal.aborted) {
      await this.#parts.imports.progress(this.#videoId, this.#bytes, this.#totalBytes);
    }
  }
}

function cancelled(): LivereelError {
  return new LivereelError('import-cancelled', 'The import was cancelled.');
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}
