import { idleBuffers } from './idle-buffers.ts';

/** Reads the element that `data` begins with: how many bytes it took, 0 when more are needed. */
export type ReadElement = (data: Buffer) => number;

/**
 * A byte stream that is read element by element, whatever pieces it comes in: what is not whole yet is kept, what
 * nobody wants is passed over. Memory: the largest element that is read whole.
 */
export class ElementReader {
  readonly #read: ReadElement;
  // Memory for the element that is not whole yet, and how much of it is filled.
  #kept: Buffer | null = null;
  #keptBytes = 0;
  #neededBytes = 1;
  #skipBytes = 0;
  #offset: number;

  /** `offset`: where the first byte that is pushed stands. */
  constructor(offset: number, read: ReadElement) {
    this.#offset = offset;
    this.#read = read;
  }

  /** Where the element stands that is read now, or will be next. */
  get offset(): number {
    return this.#offset;
  }

  /** So many bytes behind what is being taken are passed over; Infinity: all that comes. */
  skip(lengthBytes: number): void {
    this.#skipBytes = lengthBytes;
  }

  /** The element that is read now has `lengthBytes` bytes and is wanted whole: not to be asked for again before. */
  need(lengthBytes: number): 0 {
    this.#neededBytes = lengthBytes;
    return 0;
  }

  /** Takes the next bytes, and keeps a copy of what it cannot read yet. */
  push(bytes: Buffer): void {
    const behind = this.#keptBytes === 0 ? bytes : this.#complete(bytes);
    if (behind === null) return;
    const rest = this.#readAll(behind);
    if (rest.length > 0) this.#keep(rest);
  }

  /** Adds what lacks of the kept element and reads it; what is to be read next, or null while more is needed. */
  #complete(bytes: Buffer): Buffer | null {
    // How long an element is whose head is not whole nobody knows; it is a few bytes.
    const missingBytes = this.#neededBytes === 1 ? bytes.length : this.#neededBytes - this.#keptBytes;
    const added = bytes.subarray(0, missingBytes);
    this.#keep(added);
    if (this.#keptBytes < this.#neededBytes) return null;
    const kept = this.#kept as Buffer;
    const rest = this.#readAll(kept.subarray(0, this.#keptBytes));
    const behind = bytes.subarray(added.length);
    // The element took all that was kept, as a rule: then nothing is copied.
    const next = rest.length === 0 ? behind : Buffer.concat([rest, behind]);
    this.#kept = null;
    this.#keptBytes = 0;
    idleBuffers.give(kept);
    return next;
  }

  /** Reads as long as elements are whole; returns the rest. */
  #readAll(bytes: Buffer): Buffer {
    let data = bytes;
    this.#neededBytes = 1;
    for (let taken = this.#next(data); taken > 0; taken = this.#next(data)) {
      this.#offset += taken;
      data = data.subarray(taken);
    }
    return data;
  }

  /** Copies `bytes` behind what is kept. */
  #keep(bytes: Buffer): void {
    const length = this.#keptBytes + bytes.length;
    const kept = this.#kept ?? idleBuffers.takeFor(bytes.length);
    const memory = length <= kept.length ? kept : this.#grown(kept, length);
    bytes.copy(memory, this.#keptBytes);
    this.#kept = memory;
    this.#keptBytes = length;
  }

  /** More memory with what is kept: no more than twice what came, however much an element says that it has. */
  #grown(kept: Buffer, length: number): Buffer {
    const sizeBytes = Math.max(length, Math.min(this.#neededBytes, 2 * length));
    const grown = idleBuffers.takeFor(sizeBytes);
    kept.copy(grown, 0, 0, this.#keptBytes);
    idleBuffers.give(kept);
    return grown;
  }

  #next(data: Buffer): number {
    if (this.#skipBytes === 0) return this.#read(data);
    const taken = Math.min(this.#skipBytes, data.length);
    this.#skipBytes -= taken;
    return taken;
  }
}
