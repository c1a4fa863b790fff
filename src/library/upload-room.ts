import { LivereelError } from '../errors.ts';
import type { ContentDirectory } from '../store/content-directory.ts';
import type { UploadStore } from './upload-store.ts';

/** How much of the machine uploads may take. */
export type UploadLimits = {
  /** Of one file. */
  readonly maxBytes: number;
  readonly patienceSeconds: number;
  readonly minFreeDiskBytes: number;
  /** 0 to 1, of the whole file system. */
  readonly minFreeDiskRatio: number;
};

const mostOpen = 1_000;
const mostOpenOfOne = 20;
const retryAfterSeconds = 60;
// While a video is made, there are the file, its segments and its MP4.
const copies = 3;
const checkedEveryBytes = 67_108_864;

/** Decides whether there is room for one more upload, and for the next bytes of one. */
export class UploadRoom {
  readonly #limits: UploadLimits;
  readonly #uploads: Pick<UploadStore, 'open'>;
  readonly #content: Pick<ContentDirectory, 'freeBytes'>;
  #admitting: Promise<unknown> = Promise.resolve();

  constructor(
    limits: UploadLimits,
    uploads: Pick<UploadStore, 'open'>,
    content: Pick<ContentDirectory, 'freeBytes'>,
  ) {
    this.#limits = limits;
    this.#uploads = uploads;
    this.#content = content;
  }

  /** Of one file. */
  get maxBytes(): number {
    return this.#limits.maxBytes;
  }

  /** How many uploads can be open at once. */
  get mostOpen(): number {
    return mostOpen;
  }

  /** An upload that gets no bytes for this long is given up. */
  get patienceMillis(): number {
    return this.#limits.patienceSeconds * 1_000;
  }

  /**
   * Lets `make` note a new upload when there is room for it. One at a time: many at once must not slip in together.
   * @throws LivereelError `upload-too-large`, `too-many-uploads`, `disk-full`; what `make` throws.
   */
  admit(uploader: string, sizeBytes: number | null, make: () => Promise<void>): Promise<void> {
    if (sizeBytes !== null) this.refuseLarge(sizeBytes);
    const admitted = this.#admitting.then(async () => {
      const open = await this.#uploads.open(uploader);
      if (open.ofUploader >= mostOpenOfOne || open.count >= mostOpen) throw tooMany(open.ofUploader);
      // What is open already grows, too; the bytes of it that are here count twice, which errs on the safe side.
      await this.#refuseWithoutDisk(copies * (sizeBytes ?? 0) + open.sizeBytes);
      await make();
    });
    this.#admitting = admitted.catch(() => undefined);
    return admitted;
  }

  /** @throws LivereelError `upload-too-large`. */
  refuseLarge(sizeBytes: number): void {
    const { maxBytes } = this.#limits;
    if (sizeBytes <= maxBytes) return;
    const most = `${Math.floor(maxBytes / 1_000_000)} MB`;
    throw new LivereelError('upload-too-large', `The file is too large: ${most} are possible here.`);
  }

  /** An upload has grown to `endOffset`. @throws LivereelError `upload-too-large`, `disk-full`. */
  async check(endOffset: number): Promise<void> {
    this.refuseLarge(endOffset);
    const isDue = endOffset % checkedEveryBytes < 1_048_576 * 2;
    if (isDue) await this.#refuseWithoutDisk(0);
  }

  async #refuseWithoutDisk(neededBytes: number): Promise<void> {
    const { minFreeDiskBytes, minFreeDiskRatio } = this.#limits;
    const { freeBytes, totalBytes } = await this.#content.freeBytes();
    if (freeBytes - neededBytes > Math.max(minFreeDiskBytes, minFreeDiskRatio * totalBytes)) return;
    throw new LivereelError(
      'disk-full',
      'There is not enough room on the server for this file. Try again later.',
      {
        retryAfterSeconds,
      },
    );
  }
}

function tooMany(ofUploader: number): LivereelError {
  const who =
    ofUploader >= mostOpenOfOne ? `You have ${ofUploader} uploads open` : 'Too many uploads are open';
  return new LivereelError('too-many-uploads', `${who}. Finish one, or try again later.`, {
    retryAfterSeconds,
  });
}
