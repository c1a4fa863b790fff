import type { Quotas } from '../accounts/quotas.ts';
import { LivereelError } from '../errors.ts';
import type { ContentDirectory } from '../store/content-directory.ts';
import type { ImportStore } from './import-store.ts';

/** What is looked at. */
export type ImportWatchParts = {
  readonly imports: Pick<ImportStore, 'progress'>;
  readonly content: Pick<ContentDirectory, 'freeBytes'>;
  readonly limits: {
    readonly importMaxSeconds: number;
    readonly minFreeDiskBytes: number;
    readonly minFreeDiskRatio: number;
  };
  readonly quotas: Pick<Quotas, 'checkFile'>;
};

/** How often is written down how far it is, and asked whether it is still wanted. */
const lookEveryMillis = 1_000;

/** Looks on while an import is fetched: writes down how far it is, and stops what nobody wants or has room for. */
export class ImportWatch {
  readonly #parts: ImportWatchParts;
  readonly #video: { readonly videoId: string; readonly ownerId: string | null };
  readonly #progress: (percent: number) => void;
  readonly #stop = new AbortController();
  readonly #timer: NodeJS.Timeout;
  readonly #beganAt = performance.now();
  #looking: Promise<void> = Promise.resolve();
  #bytes = 0;
  #totalBytes: number | null = null;

  /** Looks from now on, until `close`. */
  constructor(
    parts: ImportWatchParts,
    { videoId, ownerId }: { readonly videoId: string; readonly ownerId: string | null },
    progress: (percent: number) => void,
  ) {
    this.#parts = parts;
    this.#video = { videoId, ownerId };
    this.#progress = progress;
    this.#timer = setInterval(() => {
      this.#looking = this.look().catch(error => this.#stop.abort(error));
    }, lookEveryMillis);
  }

  /** Aborts with the reason when the import is to end. */
  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  /** How far it is: `totalBytes` null while unknown, `part` 0 to 1. */
  note(bytes: number, totalBytes: number | null, part: number): void {
    this.#bytes = bytes;
    this.#totalBytes = totalBytes;
    this.#progress(Math.floor(part * 100));
  }

  /** @throws LivereelError `import-cancelled`, `source-too-large` (in time), `quota-exceeded`, `disk-full`. */
  async look(): Promise<void> {
    const { imports, limits, content, quotas } = this.#parts;
    if (!(await imports.progress(this.#video.videoId, this.#bytes, this.#totalBytes)))
      throw importCancelled();
    const { importMaxSeconds, minFreeDiskBytes, minFreeDiskRatio } = limits;
    if (performance.now() - this.#beganAt > importMaxSeconds * 1_000) {
      const message = `It took longer than the ${importMaxSeconds} s that an import may take (IMPORT_MAX_SECONDS).`;
      throw new LivereelError('source-too-large', message);
    }
    // What is announced may be too much before it is here; without that, what is here.
    await quotas.checkFile({ ...this.#video, sizeBytes: Math.max(this.#bytes, this.#totalBytes ?? 0) });
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
      await this.#parts.imports.progress(this.#video.videoId, this.#bytes, this.#totalBytes);
    }
  }
}

/** What an import ends with that nobody wants any more. */
export function importCancelled(): LivereelError {
  return new LivereelError('import-cancelled', 'The import was cancelled.');
}
