import type { Readable } from 'node:stream';
import { DataStore, Upload } from '@tus/server';
import type { UploadIntake } from '../library/upload-intake.ts';
import { readUploadId } from './upload-id.ts';

/** What resumable uploads are kept in: the intake's files and rows, under the names that tus has for them. */
export class TusStore extends DataStore {
  readonly #intake: UploadIntake;
  readonly #justOver = new Map<string, number>();

  constructor(intake: UploadIntake) {
    super();
    this.#intake = intake;
    this.extensions = [
      'creation',
      'creation-with-upload',
      'creation-defer-length',
      'termination',
      'expiration',
    ];
  }

  /** Was made when the creation was allowed (`TusDoor`). */
  override async create(upload: Upload): Promise<Upload> {
    upload.creation_date = new Date().toISOString();
    return upload;
  }

  /** An upload of `sizeBytes` is over: the request that brought its end may ask for it once more, at once. */
  over(id: string, sizeBytes: number): void {
    this.#justOver.set(id, sizeBytes);
    setImmediate(() => this.#justOver.delete(id));
  }

  /** @throws LivereelError `upload-not-found`. */
  override async getUpload(id: string): Promise<Upload> {
    const size = this.#justOver.get(id);
    if (size !== undefined) return new Upload({ id, size, offset: size });
    const { videoId, secret } = readUploadId(id);
    const { sizeBytes, offset, activeAt } = await this.#intake.find(videoId, secret);
    return new Upload({
      id,
      ...(sizeBytes !== null && { size: sizeBytes }),
      offset,
      // What expires is what got no bytes for long, not what takes long.
      creation_date: activeAt.toISOString(),
    });
  }

  override async write(stream: Readable, id: string, offset: number): Promise<number> {
    return await this.#intake.append(readUploadId(id).videoId, offset, stream);
  }

  override async declareUploadLength(id: string, sizeBytes: number): Promise<void> {
    await this.#intake.declareSize(readUploadId(id).videoId, sizeBytes);
  }

  /** @throws LivereelError `upload-not-found`. */
  override async remove(id: string): Promise<void> {
    const { videoId, secret } = readUploadId(id);
    await this.#intake.find(videoId, secret);
    await this.#intake.abandon(videoId, 'taken back by its sender');
  }

  override getExpiration(): number {
    return this.#intake.patienceMillis;
  }
}
