import { crc32 } from 'node:zlib';

/**
 * The journal's files. Each begins with a head of 32 bytes: magic, version, and what stood in the files before
 * it. Then records: a head of 32 bytes and the payload, as received. A record is whole when its checksum holds,
 * so a crash in the middle of a write is seen and cut off; numbers are little-endian.
 */
export const fileHeadBytes = 32;
export const recordHeadBytes = 32;
/** A file of this size is closed and the next begun: recovery reads no more than the newest. */
export const largestFileBytes = 67_108_864;
/** No record is larger: its units, which may be bytes, are told in 28 bits. */
export const largestRecordBytes = 2 ** 28 - 1;

const magic = Buffer.from('LRJOURN1', 'latin1');

export type FileHead = { readonly startBytes: number; readonly startUnits: number };

/** The head of a file before which `startBytes` bytes and `startUnits` units stand in earlier files. */
export function writeFileHead({ startBytes, startUnits }: FileHead): Buffer {
  const bytes = Buffer.alloc(fileHeadBytes);
  magic.copy(bytes);
  bytes.writeDoubleLE(startBytes, 8);
  bytes.writeDoubleLE(startUnits, 16);
  return bytes;
}

/** Null when the bytes are no journal file's head. */
export function readFileHead(bytes: Buffer): FileHead | null {
  if (bytes.length < fileHeadBytes || !bytes.subarray(0, 8).equals(magic)) return null;
  return { startBytes: bytes.readDoubleLE(8), startUnits: bytes.readDoubleLE(16) };
}

/** `payload`: the next bytes. `fresh`: the next bytes, and a new stream begins with them. `end`: nothing follows. */
export type RecordKind = 'payload' | 'fresh' | 'end';
const kinds: readonly RecordKind[] = ['payload', 'fresh', 'end'];

/**
 * `units`: how many the client counts in this record (bytes for chunks, frames for frames).
 * `arrivedAtMillis`: since 1970. `mediaTicks`: frames only, the newest frame's time on the stream's clock.
 */
export type RecordHead = {
  readonly kind: RecordKind;
  readonly payloadBytes: number;
  readonly units: number;
  readonly arrivedAtMillis: number;
  readonly mediaTicks: number;
};

/** What of an append is kept beside its bytes; see `RecordHead`. */
export type AppendFacts = {
  readonly units: number;
  readonly kind?: RecordKind;
  readonly mediaTicks?: number;
};

/**
 * Writes a record's head to the beginning of `bytes`; the checksum covers the rest of the head and the payload, which
 * follows it there and goes on in `more`.
 */
export function writeRecordHead(bytes: Buffer, head: RecordHead, more: readonly Buffer[]): void {
  bytes.writeUInt32LE(head.payloadBytes, 4);
  bytes.writeUInt32LE((kinds.indexOf(head.kind) << 28) | head.units, 8);
  bytes.writeUInt32LE(0, 12);
  bytes.writeDoubleLE(head.arrivedAtMillis, 16);
  bytes.writeDoubleLE(head.mediaTicks, 24);
  let leftBytes = recordHeadBytes + head.payloadBytes;
  let checksum = crc32(bytes.subarray(4, leftBytes));
  leftBytes -= bytes.length;
  for (const next of more) {
    if (leftBytes <= 0) break;
    checksum = crc32(next.subarray(0, leftBytes), checksum);
    leftBytes -= next.length;
  }
  bytes.writeUInt32LE(checksum, 0);
}

/** Reads a head without its checksum; null when the bytes end too early or cannot be a head. */
export function readRecordHead(bytes: Buffer, position: number): RecordHead | null {
  if (position + recordHeadBytes > bytes.length) return null;
  const kindAndUnits = bytes.readUInt32LE(position + 8);
  const kind = kinds[kindAndUnits >>> 28];
  const payloadBytes = bytes.readUInt32LE(position + 4);
  if (kind === undefined || payloadBytes > largestRecordBytes) return null;
  return {
    kind,
    payloadBytes,
    units: kindAndUnits & 0x0fff_ffff,
    arrivedAtMillis: bytes.readDoubleLE(position + 16),
    mediaTicks: bytes.readDoubleLE(position + 24),
  };
}

/** Whether the record at `position`, wholly in `bytes`, is as it was written. */
export function isRecordWhole(bytes: Buffer, position: number, payloadBytes: number): boolean {
  const end = position + recordHeadBytes + payloadBytes;
  return end <= bytes.length && bytes.readUInt32LE(position) === crc32(bytes.subarray(position + 4, end));
}
