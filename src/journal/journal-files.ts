import { type FileHandle, open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  fileHeadBytes,
  isRecordWhole,
  largestRecordBytes,
  readFileHead,
  readRecordHead,
  recordHeadBytes,
} from './record-layout.ts';

/** The numbers of a journal's files, ascending. */
export async function journalFileNumbers(directory: string): Promise<number[]> {
  const names = await readdir(directory);
  return names
    .filter(name => /^\d{6}\.log$/.test(name))
    .map(name => Number(name.slice(0, 6)))
    .sort((left, right) => left - right);
}

/** The path of the journal's file `number`: `000001.log`. */
export function journalFile(directory: string, number: number): string {
  return join(directory, `${String(number).padStart(6, '0')}.log`);
}

/** Where a journal ends: the state from which its writer goes on. */
export type JournalEnd = {
  readonly fileNumber: number;
  /** Length of the newest file up to its last whole record. */
  readonly position: number;
  readonly bytes: number;
  readonly units: number;
  readonly mediaTicks: number;
  readonly arrivedAtMillis: number;
  readonly isEnded: boolean;
};

/**
 * Finds the end of a journal that was left at any moment. A file whose head was not written is removed, a
 * record that is not whole is cut off: neither was ever acknowledged. Null for an empty journal.
 */
export async function recoverJournal(directory: string): Promise<JournalEnd | null> {
  const numbers = await journalFileNumbers(directory);
  for (const number of numbers.reverse()) {
    const path = journalFile(directory, number);
    const handle = await open(path, 'r+');
    try {
      const end = await recoverFile(handle, number);
      if (end !== null) return end;
    } finally {
      await handle.close();
    }
    await rm(path);
  }
  return null;
}

async function recoverFile(handle: FileHandle, fileNumber: number): Promise<JournalEnd | null> {
  const window = new FileWindow(handle);
  const fileHead = readFileHead(await window.at(0, fileHeadBytes));
  if (fileHead === null) return null;
  let { startBytes: bytes, startUnits: units } = fileHead;
  let [position, mediaTicks, arrivedAtMillis, isEnded] = [fileHeadBytes, 0, 0, false];
  for (;;) {
    const head = readRecordHead(await window.at(position, recordHeadBytes), 0);
    if (head === null) break;
    const record = await window.at(position, recordHeadBytes + head.payloadBytes);
    if (!isRecordWhole(record, 0, head.payloadBytes)) break;
    position += recordHeadBytes + head.payloadBytes;
    bytes += head.payloadBytes;
    units += head.units;
    ({ mediaTicks, arrivedAtMillis } = head);
    isEnded = head.kind === 'end';
  }
  await handle.truncate(position);
  return { fileNumber, position, bytes, units, mediaTicks, arrivedAtMillis, isEnded };
}

/** Reads a file here and there through one buffer, a megabyte at a time. */
class FileWindow {
  readonly #handle: FileHandle;
  #bytes = Buffer.alloc(0);
  #start = 0;

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  /** The bytes from `position` on, `length` of them or fewer at the file's end; valid until the next call. */
  async at(position: number, length: number): Promise<Buffer> {
    const end = position + Math.min(length, recordHeadBytes + largestRecordBytes);
    if (position < this.#start || end > this.#start + this.#bytes.length) {
      const buffer = Buffer.allocUnsafe(Math.max(1_048_576, end - position));
      const { bytesRead } = await this.#handle.read(buffer, 0, buffer.length, position);
      this.#bytes = buffer.subarray(0, bytesRead);
      this.#start = position;
    }
    return this.#bytes.subarray(position - this.#start, end - this.#start);
  }
}
