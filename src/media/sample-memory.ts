import { idleBuffers } from './idle-buffers.ts';

type Block = { readonly bytes: Buffer; heldCopies: number; isFull: boolean };

// Where each block's memory came from: whoever lets a copy go needs to know nothing but the copy.
const blocks = new WeakMap<ArrayBufferLike, Block>();

/**
 * Copies of one stream's samples, one behind another in blocks of memory that are used again once all in them were let
 * go. A copy that nobody lets go costs its block, which the garbage collector then takes.
 */
export class SampleMemory {
  #block: Block | null = null;
  #usedBytes = 0;

  /** A place for `sizeBytes` bytes, not cleared; valid until it is given to `letGo`. */
  take(sizeBytes: number): Buffer {
    if (sizeBytes > idleBuffers.bufferBytes / 2) return Buffer.allocUnsafeSlow(sizeBytes);
    if (this.#block === null || this.#usedBytes + sizeBytes > idleBuffers.bufferBytes) this.#nextBlock();
    const block = this.#block as unknown as Block;
    const place = block.bytes.subarray(this.#usedBytes, this.#usedBytes + sizeBytes);
    this.#usedBytes += sizeBytes;
    block.heldCopies += 1;
    return place;
  }

  /** A copy of `bytes`; valid until it is given to `letGo`. */
  copy(bytes: Buffer): Buffer {
    const place = this.take(bytes.length);
    bytes.copy(place);
    return place;
  }

  /** Nobody looks at `place` any more, which may also be memory of another origin. Once for each place. */
  static letGo(place: Buffer): void {
    const block = blocks.get(place.buffer);
    if (block === undefined) return;
    block.heldCopies -= 1;
    giveBackEmpty(block);
  }

  #nextBlock(): void {
    if (this.#block !== null) {
      this.#block.isFull = true;
      giveBackEmpty(this.#block);
    }
    const bytes = idleBuffers.take();
    this.#block = { bytes, heldCopies: 0, isFull: false };
    this.#usedBytes = 0;
    blocks.set(bytes.buffer, this.#block);
  }
}

function giveBackEmpty(block: Block): void {
  if (!block.isFull || block.heldCopies > 0) return;
  blocks.delete(block.bytes.buffer);
  idleBuffers.give(block.bytes);
}
