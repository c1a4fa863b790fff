/** Reads the element that `data` begins with: how many bytes it took, 0 when more are needed. */
export type ReadElement = (data: Buffer) => number;

/**
 * A byte stream that is read element by element, whatever pieces it comes in: what is not whole yet is kept, what
 * nobody wants is passed over. Memory: the largest element that is read whole.
 */
export class ElementReader {
  readonly #read: ReadElement;
  #kept: Buffer[] = [];
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
    this.#keptBytes += bytes.length;
    // A large element that comes in small pieces is put together once, not with every piece.
    if (this.#keptBytes < this.#neededBytes) {
      this.#kept.push(Buffer.from(bytes));
      return;
    }
    let data = this.#kept.length === 0 ? bytes : Buffer.concat([...this.#kept, bytes], this.#keptBytes);
    this.#neededBytes = 1;
    for (let taken = this.#next(data); taken > 0; taken = this.#next(data)) {
      this.#offset += taken;
      data = data.subarray(taken);
    }
    this.#kept = data.length === 0 ? [] : [Buffer.from(data)];
    this.#keptBytes = data.length;
  }

  #next(data: Buffer): number {
    if (this.#skipBytes === 0) return this.#read(data);
    const taken = Math.min(this.#skipBytes, data.length);
    this.#skipBytes -= taken;
    return taken;
  }
}
