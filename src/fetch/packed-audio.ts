import { open } from 'node:fs/promises';

const headerBytes = 10;
const frameHeaderBytes = 10;
const mostTagBytes = 64 * 1024;
/** Whose data is when the segment begins, in 90 kHz (rfc8216bis, section 3.1.4). */
const timestampOwner = 'com.apple.streaming.transportStreamTimestamp\0';

/**
 * The ID3 tag that begins a segment of packed audio (ID3v2.4.0, sections 3 and 4): how long it is, 0 where there is
 * none, and when the segment begins, null where it does not tell.
 */
export async function readId3(file: string): Promise<{ bytes: number; startSeconds: number | null }> {
  const handle = await open(file);
  try {
    const head = Buffer.alloc(headerBytes);
    await handle.read(head, 0, headerBytes, 0);
    if (head.toString('latin1', 0, 3) !== 'ID3') return { bytes: 0, startSeconds: null };
    const bytes = headerBytes + syncSafe(head, 6);
    const tag = Buffer.alloc(Math.min(bytes, mostTagBytes));
    await handle.read(tag, 0, tag.length, 0);
    return { bytes, startSeconds: startOf(tag) };
  } finally {
    await handle.close();
  }
}

function startOf(tag: Buffer): number | null {
  let at = headerBytes;
  while (at + frameHeaderBytes <= tag.length) {
    const size = syncSafe(tag, at + 4);
    const body = tag.subarray(at + frameHeaderBytes, at + frameHeaderBytes + size);
    const isTimestamp =
      tag.toString('latin1', at, at + 4) === 'PRIV' &&
      body.toString('latin1', 0, timestampOwner.length) === timestampOwner;
    if (isTimestamp && body.length >= timestampOwner.length + 8) {
      return Number(body.readBigUInt64BE(timestampOwner.length) & 0x1ffffffffn) / 90_000;
    }
    if (size === 0) return null;
    at += frameHeaderBytes + size;
  }
  return null;
}

function syncSafe(bytes: Buffer, at: number): number {
  return [0, 1, 2, 3].reduce((sum, index) => sum * 128 + ((bytes[at + index] ?? 0) & 0x7f), 0);
}
