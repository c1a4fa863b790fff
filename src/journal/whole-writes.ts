import { writevSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';

// The system takes 1,024 at a time (IOV_MAX).
const mostBuffers = 512;

/** Writes all of the buffers, one behind another, from `position` on; on this thread. @throws the system's error. */
export function writeWholeNow(descriptor: number, buffers: readonly Buffer[], position: number): void {
  let [rest, at] = [buffers, position];
  while (rest.length > 0) {
    const written = writevSync(descriptor, rest.slice(0, mostBuffers), at);
    rest = behind(rest, written);
    at += written;
  }
}

/** As `writeWholeNow`, on another thread. */
export async function writeWhole(
  handle: FileHandle,
  buffers: readonly Buffer[],
  position: number,
): Promise<void> {
  let [rest, at] = [buffers, position];
  while (rest.length > 0) {
    const { bytesWritten } = await handle.writev(rest.slice(0, mostBuffers), at);
    rest = behind(rest, bytesWritten);
    at += bytesWritten;
  }
}

/** The buffers without their first `length` bytes. */
function behind(buffers: readonly Buffer[], length: number): Buffer[] {
  const rest: Buffer[] = [];
  let skipped = length;
  for (const buffer of buffers) {
    if (skipped < buffer.length) rest.push(buffer.subarray(skipped));
    skipped = Math.max(0, skipped - buffer.length);
  }
  return rest;
}
