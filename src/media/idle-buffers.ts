const bufferBytes = 131_072;
const mostIdle = 64;
const idle: Buffer[] = [];

/**
 * Buffers of 128 KiB that all sessions share: a live one needs a few for a moment, four times a second. Memory that is
 * new costs a page fault for each 4 KiB, and what is left to the garbage collector makes it look through all else.
 * Whoever takes one owns it until it gives it back, and never looks at it again then.
 */
export const idleBuffers = {
  bufferBytes,
  take(): Buffer {
    return idle.pop() ?? Buffer.allocUnsafeSlow(bufferBytes);
  },
  /** One of at least `sizeBytes`. */
  takeFor(sizeBytes: number): Buffer {
    return sizeBytes <= bufferBytes ? this.take() : Buffer.allocUnsafeSlow(sizeBytes);
  },
  /** Buffers of other sizes, and more than a few, are left to the garbage collector. */
  give(buffer: Buffer): void {
    if (buffer.length === bufferBytes && idle.length < mostIdle) idle.push(buffer);
  },
};
