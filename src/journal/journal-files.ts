import { type FileHandle, open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { LivereelError } from '../errors.ts';
import {
  type FileHead,
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

type RecoveredFile = { readonly start: FileHead; readonly end: JournalEnd; readonly recordCount: number };

/**
 * Finds the end of a journal that was left at any moment: a record that is not whole is cut off, a file whose head
 * was not written is removed. Neither was ever acknowledged. What no record of a file that was only begun tells,
 * the file before it does. Null for an empty journal.
 * @throws LivereelError `internal` when the beginning of the journal is missing.
 */
export async function recoverJournal(directory: string): Promise<JournalEnd | null> {
  let newest: RecoveredFile | null = null;
  for (const number of (await journalFileNumbers(directory)).reverse()) {
    const file = await recoverFile(directory, number);
    if (newest !== null && file !== null && isContinuedBy(file, newest)) return endOf(file, newest);
    // A power cut may keep the later of two files: what it holds has lost its place, and is set aside.
    if (newest !== null) await setAside(directory, newest.end.fileNumber);
    if (file === null) await rm(journalFile(directory, number));
    newest = file;
  }
  if (newest !== null && newest.start.startBytes > 0) {
    throw new LivereelError('internal', `the journal in ${directory} has lost its first file: restore it`);
  }
  return newest?.end ?? null;
}

function isContinuedBy({ end }: RecoveredFile, { start }: RecoveredFile): boolean {
  return end.bytes === start.startBytes && end.units === start.startUnits;
}

function endOf(earlier: RecoveredFile, newest: RecoveredFile): JournalEnd {
  if (newest.recordCount > 0) return newest.end;
  const { mediaTicks, arrivedAtMillis, isEnded } = earlier.end;
  return { ...newest.end, mediaTicks, arrivedAtMillis, isEnded };
}

async function setAside(directory: string, number: number): Promise<void> {
  const path = journalFile(directory, number);
  await rename(path, path.replace(/log$/, 'lost'));
}

/** Cuts a file off behind its last whole record; null when it has no head. */
async function recoverFile(directory: string, fileNumber: number): Promise<RecoveredFile | null> {
  const handle = await open(journalFile(directory, fileNumber), 'r+');
  try {
    const window = new FileWindow(handle);
    const start = readFileHead(await window.at(0, fileHeadBytes));
    if (start === null) return null;
    let { startBytes: bytes, startUnits: units } = start;
    let [position, mediaTicks, arrivedAtMillis, isEnded, recordCount] = [fileHeadBytes, -1, 0, false, 0];
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
      recordCount += 1;
    }
    await handle.truncate(position);
    const end = { fileNumber, position, bytes, units, mediaTicks, arrivedAtMillis, isEnded };
    return { start, end, recordCount };
  } finally {
    await handle.close();
  }
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
