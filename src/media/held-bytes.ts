const emptyBuffer = Buffer.alloc(0);

/**
 * Bytes that wait until it is known what they are, one behind another. What is added is lent until `keep`; what stays
 * is copied once, and put together without copying all that is held with every piece.
 */
export class HeldBytes {
  #own: Buffer = emptyBuffer;
  #bytes: Buffer = emptyBuffer;
  #isLent = false;

  /** All that is held; valid until the next `add` or `keep`. */
  get bytes(): Buffer {
    return this.#bytes;
  }

  get length(): number {
    return this.#bytes.length;
  }

  /** Puts `bytes` behind what is held; they may be used again by the caller after `keep`. */
  add(bytes: Buffer): void {
    if (this.#bytes.length === 0) {
      this.#bytes = bytes;
      this.#isLent = true;
      return;
    }
    this.keep();
    const start = this.#bytes.byteOffset - this.#own.byteOffset;
    const end = start + this.#bytes.length;
    if (end + bytes.length <= this.#own.length) {
      bytes.copy(this.#own, end);
      this.#bytes = this.#own.subarray(start, end + bytes.length);
      return;
    }
    const length = this.#bytes.length + bytes.length;
    const grown = Buffer.allocUnsafeSlow(2 * length);
    this.#bytes.copy(grown);
    bytes.copy(grown, this.#bytes.length);
    this.#own = grown;
    this.#bytes = grown.subarray(0, length);
  }

  /** Takes the first `length` bytes away; they are valid until the next `add`, or as long as they are lent. */
  take(length: number): Buffer {
    const taken = this.#bytes.subarray(0, length);
    this.#bytes = this.#bytes.subarray(length);
    return taken;
  }

  /** Makes what is held its own. */
  keep(): void {
    if (this.#bytes.length === 0) this.#own = emptyBuffer;
    else if (this.#isLent) {
      this.#own = Buffer.allocUnsafeSlow(this.#bytes.length);
      this.#bytes.copy(this.#own);
      this.#bytes = this.#own;
    }
    this.#isLent = false;
  }
}
