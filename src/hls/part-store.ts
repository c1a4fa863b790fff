import { type FileHandle, open, rename, rm, writeFile } from 'node:fs/promises';
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

  /** Goes on with a segment that a crash left open: what was not logged was seen by nobody and is cut off. */
  async reopen(segment: number, sizeBytes: number): Promise<void> {
    const handle = await open(this.#openFile(segment), 'r+');
    await handle.truncate(sizeBytes);
    this.#open = { segment, handle, sizeBytes };
  }

  /** Appends a part to the open segment; returns where it begins. */
  async append(segment: number, part: number, bytes: Buffer): Promise<number> {
    if (this.#open === null) {
      this.#open = { segment, handle: await open(this.#openFile(segment), 'w+'), sizeBytes: 0 };
    }
    const offsetBytes = this.#open.sizeBytes;
    await this.#open.handle.write(bytes, 0, bytes.length, offsetBytes);
    this.#open.sizeBytes += bytes.length;
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
    await rename(this.#openFile(segment), join(this.#directory, mediaName.segment(segment)));
  }

  /** A published part's bytes. @throws LivereelError `not-found`. */
  async read(segment: number, part: number): Promise<Buffer> {
    const kept = this.#newest.find(candidate => candidate.segment === segment && candidate.part === part);
    if (kept !== undefined) return kept.bytes;
    const place = this.#rendition.segment(segment)?.parts[part];
    if (place === undefined) throw new LivereelError('not-found', 'there is no such part (any more)');
    const isOpen = this.#open?.segment === segment;
    const path = isOpen ? this.#openFile(segment) : join(this.#directory, mediaName.segment(segment));
    const handle = await open(path, 'r');
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

  /** Removes the file of an open segment that got no part. */
  async dropOpen(segment: number): Promise<void> {
    await rm(this.#openFile(segment), { force: true });
  }

  async close(): Promise<void> {
    await this.#open?.handle.close();
    this.#open = null;
    this.#newest = [];
  }

  #openFile(segment: number): string {
    return join(this.#directory, mediaName.segment(segment).replace('.m4s', '.open'));
  }
}
