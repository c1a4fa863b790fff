import { appendFileSync } from 'node:fs';
import { type FileHandle, open, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LivereelError } from '../errors.ts';
import { mediaName, type Rendition } from './rendition.ts';

// What viewers at the live edge fetch stays in memory; what is older is read from the file.
const keptParts = 8;
const keptBytes = 1_048_576;

/**
 * The bytes of one rendition: parts are appended to the file of the open segment, which gets its name once it
 * is complete and is never changed again. Owned by its packager.
 */
export class PartStore {
  readonly #directory: string;
  readonly #rendition: Rendition;
  #newest: { segment: number; part: number; bytes: Buffer }[] = [];
  #open: { segment: number; handle: FileHandle; sizeBytes: number } | null = null;

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
    await this.#openAt(segment, sizeBytes);
  }

  /** Whether the file of a segment has not got its last name. */
  async isUnnamed(segment: number): Promise<boolean> {
    return (await sizeOfFile(this.#openFile(segment))) !== null;
  }

  /** Appends a part to the open segment; returns where it begins. */
  async append(segment: number, part: number, bytes: Buffer): Promise<number> {
    const target = this.#open ?? (await this.#openAt(segment, 0));
    const offsetBytes = target.sizeBytes;
    // Also on a disk that is nearly full: all of it is written, or it throws.
    // A part is some ten kilobytes for the page cache: on this thread, as `LineLog.append`.
    appendFileSync(target.handle.fd, bytes);
    target.sizeBytes += bytes.length;
    this.#newest.push({ segment, part, bytes });
    let held = this.#newest.reduce((sum, kept) => sum + kept.bytes.length, 0);
    while (this.#newest.length > keptParts || (held > keptBytes && this.#newest.length > 1)) {
      held -= this.#newest.shift()?.bytes.length ?? 0;
    }
    return offsetBytes;
  }

  /** Gives the open segment its final name. */
  async complete(): Promise<void> {
    if (this.#open === null) return;
    const { segment, handle } = this.#open;
    this.#open = null;
    await handle.close();
    await rename(this.#openFile(segment), this.#file(segment));
  }

  /** A published part's bytes. @throws LivereelError `not-found`. */
  async read(segment: number, part: number): Promise<Buffer> {
    const kept = this.#newest.find(candidate => candidate.segment === segment && candidate.part === part);
    if (kept !== undefined) return kept.bytes;
    const place = this.#rendition.segment(segment)?.parts[part];
    if (place === undefined) throw new LivereelError('not-found', 'there is no such part (any more)');
    const handle = await this.#openForReading(segment);
    try {
      const bytes = Buffer.allocUnsafe(place.sizeBytes);
      await handle.read(bytes, 0, bytes.length, place.offsetBytes);
      return bytes;
    } finally {
      await handle.close();
    }
  }

  /** Flushes the open segment to the device. */
  async flush(): Promise<void> {
    await this.#open?.handle.datasync();
  }

  async close(): Promise<void> {
    await this.#open?.handle.close();
    this.#open = null;
    this.#newest = [];
  }

  async #openAt(segment: number, sizeBytes: number) {
    const handle = await open(this.#openFile(segment), 'a+');
    await handle.truncate(sizeBytes);
    this.#open = { segment, handle, sizeBytes };
    return this.#open;
  }

  /** The file may get its last name while it is looked for. */
  async #openForReading(segment: number): Promise<FileHandle> {
    const [open_, named] = [this.#openFile(segment), this.#file(segment)];
    const inOrder = this.#open?.segment === segment ? [open_, named] : [named, open_, named];
    for (const path of inOrder) {
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
