import { sequenceDistance } from '../../src/rtp/rtp-packet.ts';

/** Before each packet: a mark, the time, and a length of 16 bits. */
const headBytes = 10;
const lengthAt = 8;
const mark = 'MEET';

/**
 * How many packets lack in what Janus has recorded so far (a .mjr file): the numbers between the first and the last of
 * it that no packet has. A head of the file's own comes first; a packet at the end may still be in writing.
 * @throws Error for what is no such file.
 */
export function missingPackets(bytes: Buffer): number {
  // Nothing of it is on the disk yet.
  if (bytes.length < headBytes) return 0;
  if (!bytes.toString('latin1', 0, lengthAt).startsWith('MJR'))
    throw new Error('this is no recording of Janus');
  const numbers = new Set<number>();
  let newest = 0;
  for (let at = headBytes + bytes.readUInt16BE(lengthAt); at + headBytes <= bytes.length; ) {
    if (bytes.toString('latin1', at, at + mark.length) !== mark) throw new Error(`no packet begins at ${at}`);
    const sizeBytes = bytes.readUInt16BE(at + lengthAt);
    if (at + headBytes + sizeBytes > bytes.length) break;
    const sequence = bytes.readUInt16BE(at + headBytes + 2);
    newest = numbers.size === 0 ? sequence : newest + sequenceDistance(newest & 0xffff, sequence);
    numbers.add(newest);
    at += headBytes + sizeBytes;
  }
  if (numbers.size === 0) return 0;
  const sorted = [...numbers].sort((a, b) => a - b);
  return (sorted.at(-1) as number) - (sorted[0] as number) + 1 - numbers.size;
}
