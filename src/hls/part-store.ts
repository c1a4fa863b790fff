import { closeSync, constants, ftruncateSync, openSync, readSync, renameSync, writeSync } from 'node:fs';
import { type FileHandle, open, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LivereelError } from '../errors.ts';
import { mediaName, type Rendition } from './rendition.ts';

// What viewers at the live edge fetch is read once for all of them.
const heldParts = 8;
const heldBytes = 1_048_576;

type HeldPart = {
  readonly segment: number;
  readonly part: number;
  readonly sizeBytes: number;
  readonly bytes: Promise<Buffer>;
};

/**
 * The bytes of one rendition: parts are appended to the file of the open segment, which gets its name once it
 * is complete and is never changed again. Owned by its packager. What it writes goes to the page cache in some tens of
 * microseconds: handing it to another thread and back would take longer.
 */
export class PartStore {
  readonly #directory: string;
  readonly #rendition: Rendition;
  #held: HeldPart[] = [];
  #open: { readonly segment: number; readonly descriptor: number; sizeBytes: number } | null = null;

  constructor(directory: string, rendition: Rendition) {
    this.#directory = directory;
    this.#rendition = rendition;
  }

  async writeInit(init: number, bytes: Buffer): Promise<void> {
    await writeFile(join(this.#directory, mediaName.init(init)), bytes);
  }

  /** Bytes of a segment's file, open or complete, or of an initialization section's; 0 when there is none. */
  async bytesOnDisk(name: { readonly segment: number } | { readonly init: number }): Promise<number> {
    if ('init' in name) return (await sizeOfFile(join(this.#directory, mediaName.init(name.init)))) ?? 0;
    const openBytes = await sizeOfFile(this.#openFile(name.segment));
    return openBytes ?? (await sizeOfFile(this.#file(name.segment))) ?? 0;
  }

  /** Goes on with a segment that a crash left open: what was not logged was seen by nobody and is cut off. */
  async reopen(segment: number, sizeBytes: number): Promise<void> {
    // After a power cut the end of a segment may be lost that had its last name already.
    if (!(await this.isUnnamed(segment)))
      await rename(this.#file(segment), this.#openFile(segment)).catch(ignoreMissing);
    this.#openAt(segment, sizeBytes);
  }

  /** Whether the file of a segment has not got its last name. */
  async isUnnamed(segment: number): Promise<boolean> {
    return (await sizeOfFile(this.#openFile(segment))) !== null;
  }

  /** Opens the file of a new segment, if it is not the open one. */
  begin(segment: number): void {
    if (this.#open?.segment !== segment) this.#openAt(segment, 0);
  }

  /**
   * Appends a part to the open segment; returns where it begins. Also on a disk that is nearly full: all of it is
   * written, or it throws.
   */
  append(bytes: Buffer): number {
    const target = this.#open;
    if (target === null) throw new LivereelError('internal', 'a part belongs to a segment');
    const offsetBytes = target.sizeBytes;
    for (let written = 0; written < bytes.length; ) {
      const position = offsetBytes + written;
      written += writeSync(target.descriptor, bytes, written, bytes.length - written, position);
    }
    target.sizeBytes += bytes.length;
    return offsetBytes;
  }

  /** Gives the open segment its final name. */
  complete(): void {
    if (this.#open === null) return;
    const { segment, descriptor } = this.#open;
    this.#open = null;
    closeSync(descriptor);
    renameSync(this.#openFile(segment), this.#file(segment));
  }

  /** A published part's bytes. @throws LivereelError `not-found`. */
  read(segment: number, part: number): Promise<Buffer> {
    const known = this.#held.find(candidate => candidate.segment === segment && candidate.part === part);
    if (known !== undefined) return known.bytes;
    const place = this.#rendition.segment(segment)?.parts[part];
    if (place === undefined)
      return Promise.reject(new LivereelError('not-found', 'there is no such part (any more)'));
    const bytes = this.#readAt(segment, place);
    this.#hold({ segment, part, sizeBytes: place.sizeBytes, bytes });
    return bytes;
  }

  async close(): Promise<void> {
    if (this.#open !== null) closeSync(this.#open.descriptor);
    this.#open = null;
    this.#held = [];
  }

  /** What could not be read is not held: the next viewer's request tries again. */
  #hold(held: HeldPart): void {
    this.#held.push(held);
    held.bytes.catch(() => {
      this.#held = this.#held.filter(other => other !== held);
    });
    let bytes = this.#held.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    while (this.#held.length > heldParts || (bytes > heldBytes && this.#held.length > 1))
      bytes -= this.#held.shift()?.sizeBytes ?? 0;
  }

  async #readAt(segment: number, place: { offsetBytes: number; sizeBytes: number }): Promise<Buffer> {
    const bytes = Buffer.allocUnsafe(place.sizeBytes);
    if (this.#open?.segment === segment) {
      readSync(this.#open.descriptor, bytes, 0, bytes.length, place.offsetBytes);
      return bytes;
    }
    const handle = await this.#openForReading(segment);
    try {
      await handle.read(bytes, 0, bytes.length, place.offsetBytes);
      return bytes;
    } finally {
      await handle.close();
    }
  }

  #openAt(segment: number, sizeBytes: number): void {
    if (this.#open !== null) closeSync(this.#open.descriptor);
    this.#open = null;
    const descriptor = openSync(this.#openFile(segment), constants.O_RDWR | constants.O_CREAT);
    this.#open = { segment, descriptor, sizeBytes };
    ftruncateSync(descriptor, sizeBytes);
  }

  /** The file may get its last name while it is looked for. */
  async #openForReading(segment: number): Promise<FileHandle> {
    const named = this.#file(segment);
    for (const path of [named, this.#openFile(segment), named]) {
      const handle = await open(path, 'r').catch(ignoreMissing);
      if (handle !== undefined) return handle;
    }
    throw new LivereelError('not-found', 'the file of this part is gone');
  }

  #file(segment: number): string {
    return join(this.#directory, mediaName.segment(segment));
  }

  #openFile(segment: number): string {
    return this.#file(segment).replace(/\.m4s$/, '.open');
  }
}

async function sizeOfFile(path: string): Promise<number | null> {
  return (await stat(path).catch(ignoreMissing))?.size ?? null;
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}
