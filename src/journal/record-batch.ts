import { idleBuffers } from '../media/idle-buffers.ts';
import { type AppendFacts, type RecordKind, recordHeadBytes, writeRecordHead } from './record-layout.ts';

// Recovery reads a record whole: what a fast client sends in one turn becomes several.
const largestMergedBytes = 33_554_432;

/** A page holds the batch's next bytes; the last may have room for more. */
type Page = { readonly bytes: Buffer; usedBytes: number };

type OpenRecord = {
  /** Where its head stands; its payload follows, on the next pages too. */
  readonly page: number;
  readonly position: number;
  readonly kind: RecordKind;
  payloadBytes: number;
  units: number;
  mediaTicks: number;
};

/**
 * Records that wait to be written, laid out as they will stand in the file, on pages of memory that all journals share:
 * however much comes, nothing is copied twice and no memory is new for long. Holds pages only while it holds records.
 */
export class RecordBatch {
  #pages: Page[] = [];
  #length = 0;
  #records: OpenRecord[] = [];

  get lengthBytes(): number {
    return this.#length;
  }

  /** What the held records count. */
  get contents(): { bytes: number; units: number } {
    const contents = { bytes: 0, units: 0 };
    for (const record of this.#records) {
      contents.bytes += record.payloadBytes;
      contents.units += record.units;
    }
    return contents;
  }

  /** Copies `payload` behind what is held, into the newest record when it is of the same kind; returns its length. */
  add(payload: readonly Uint8Array[], facts: AppendFacts, mediaTicks: number): number {
    let payloadBytes = 0;
    for (const part of payload) payloadBytes += part.length;
    const record = this.#recordFor(facts.kind ?? 'payload', payloadBytes);
    for (const part of payload) this.#copy(part);
    record.payloadBytes += payloadBytes;
    record.units += facts.units;
    record.mediaTicks = mediaTicks;
    this.#length += payloadBytes;
    return payloadBytes;
  }

  /** Completes the records' heads; the bytes, one buffer behind another, are valid until `clear`. */
  seal(arrivedAtMillis: number): Buffer[] {
    const written = this.#pages.map(({ bytes, usedBytes }) => bytes.subarray(0, usedBytes));
    for (const { page, position, ...record } of this.#records) {
      const head = (written[page] as Buffer).subarray(position);
      writeRecordHead(head, { ...record, arrivedAtMillis }, written.slice(page + 1));
    }
    return written;
  }

  clear(): void {
    for (const { bytes } of this.#pages) idleBuffers.give(bytes);
    this.#pages = [];
    this.#length = 0;
    this.#records = [];
  }

  #recordFor(kind: RecordKind, payloadBytes: number): OpenRecord {
    const newest = this.#records.at(-1);
    const hasRoom = newest !== undefined && newest.payloadBytes + payloadBytes <= largestMergedBytes;
    // What follows a fresh beginning in the same batch belongs to its record; an end stands alone.
    if (hasRoom && newest.kind !== 'end' && kind === 'payload') return newest;
    // A head is never divided: it would not fit into what is left of a page.
    const page = this.#pageWith(recordHeadBytes);
    const place = { page: this.#pages.length - 1, position: page.usedBytes };
    const record = { ...place, kind, payloadBytes: 0, units: 0, mediaTicks: 0 };
    page.usedBytes += recordHeadBytes;
    this.#length += recordHeadBytes;
    this.#records.push(record);
    return record;
  }

  #copy(part: Uint8Array): void {
    for (let copied = 0; copied < part.length; ) {
      const page = this.#pageWith(1);
      const length = Math.min(part.length - copied, page.bytes.length - page.usedBytes);
      const isWhole = length === part.length;
      page.bytes.set(isWhole ? part : part.subarray(copied, copied + length), page.usedBytes);
      page.usedBytes += length;
      copied += length;
    }
  }

  /** The last page, or a new one where that has less room than `neededBytes`. */
  #pageWith(neededBytes: number): Page {
    const last = this.#pages.at(-1);
    if (last !== undefined && last.usedBytes + neededBytes <= last.bytes.length) return last;
    const page = { bytes: idleBuffers.take(), usedBytes: 0 };
    this.#pages.push(page);
    return page;
  }
}
