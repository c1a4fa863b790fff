import { idleBuffers } from '../media/idle-buffers.ts';
import { type AppendFacts, type RecordKind, recordHeadBytes, writeRecordHead } from './record-layout.ts';

// Recovery reads a record whole: what a fast client sends in one turn becomes several.
const largestMergedBytes = 33_554_432;

type OpenRecord = {
  position: number;
  kind: RecordKind;
  payloadBytes: number;
  units: number;
  mediaTicks: number;
};

/** Records that wait to be written, laid out as they will stand in the file; holds memory only while it holds records. */
export class RecordBatch {
  #bytes = nothing;
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
    const payloadBytes = payload.reduce((sum, part) => sum + part.length, 0);
    this.#reserve(recordHeadBytes + payloadBytes);
    const record = this.#recordFor(facts.kind ?? 'payload', payloadBytes);
    for (const part of payload) {
      this.#bytes.set(part, this.#length);
      this.#length += part.length;
    }
    record.payloadBytes += payloadBytes;
    record.units += facts.units;
    record.mediaTicks = mediaTicks;
    return payloadBytes;
  }

  /** Completes the records' heads; the bytes are valid until `clear`. */
  seal(arrivedAtMillis: number): Buffer {
    for (const { position, ...record } of this.#records) {
      writeRecordHead(this.#bytes, position, { ...record, arrivedAtMillis });
    }
    return this.#bytes.subarray(0, this.#length);
  }

  clear(): void {
    idleBuffers.give(this.#bytes);
    this.#bytes = nothing;
    this.#length = 0;
    this.#records = [];
  }

  #recordFor(kind: RecordKind, payloadBytes: number): OpenRecord {
    const newest = this.#records.at(-1);
    const hasRoom = newest !== undefined && newest.payloadBytes + payloadBytes <= largestMergedBytes;
    // What follows a fresh beginning in the same batch belongs to its record; an end stands alone.
    if (hasRoom && newest.kind !== 'end' && kind === 'payload') return newest;
    const record = { position: this.#length, kind, payloadBytes: 0, units: 0, mediaTicks: 0 };
    this.#records.push(record);
    this.#length += recordHeadBytes;
    return record;
  }

  #reserve(neededBytes: number): void {
    if (this.#length + neededBytes <= this.#bytes.length) return;
    const needed = this.#length + neededBytes;
    const grown =
      needed <= idleBuffers.bufferBytes
        ? idleBuffers.take()
        : Buffer.allocUnsafeSlow(Math.max(this.#bytes.length * 2, needed));
    this.#bytes.copy(grown, 0, 0, this.#length);
    idleBuffers.give(this.#bytes);
    this.#bytes = grown;
  }
}

const nothing: Buffer = Buffer.alloc(0);
