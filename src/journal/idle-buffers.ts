const bufferBytes = 131_072;
const mostIdle = 32;
const idle: Buffer[] = [];

/**
 * Buffers of 128 KiB that all journals share: a live session needs one for a moment, four times a second. Whoever
 * takes one owns it until it gives it back, and never looks at it again then.
 */
export const idleBuffers = {
  bufferBytes,
  take(): Buffer {
    return idle.pop() ?? Buffer.allocUnsafeSlow(bufferBytes);
  },
  /** Buffers of other sizes, and more than a few, are left to the garbage collector. */
  give(buffer: Buffer): void {
    if (buffer.length === bufferBytes && idle.length < mostIdle) idle.push(buffer);
  },
};
