/** What the head of a JPEG says: its size in pixels. */
export type JpegHead = { readonly width: number; readonly height: number };

// Segments and fill bytes before the scan. Cameras write some dozens; millions of them are there to keep us busy.
const largestHeadSteps = 10_000;

/**
 * Reads a JPEG's size from its frame header without decoding it (ITU-T T.81, annex B); null when the bytes are
 * no JPEG, are cut before the frame header, hold two of them, no scan, or a head of endless pieces. A picture cut later is decoded as far
 * as it goes.
 */
export function readJpegHead(bytes: Buffer): JpegHead | null {
  if (bytes.length < 4 || bytes.readUInt16BE(0) !== 0xffd8) return null;
  let head: JpegHead | null = null;
  let position = 2;
  for (let steps = 0; steps < largestHeadSteps && position + 4 <= bytes.length; steps += 1) {
    if (bytes[position] !== 0xff) return null;
    const marker = bytes[position + 1] as number;
    if (marker === 0xff) {
      position += 1;
      continue;
    }
    if (marker === 0xda) return head;
    const lengthBytes = bytes.readUInt16BE(position + 2);
    if (lengthBytes < 2) return null;
    if (isFrameHeader(marker)) {
      // Two sizes: a decoder makes room for the first, whatever the second says.
      if (head !== null || position + 9 > bytes.length) return null;
      head = { height: bytes.readUInt16BE(position + 5), width: bytes.readUInt16BE(position + 7) };
      if (head.width === 0 || head.height === 0) return null;
    }
    position += 2 + lengthBytes;
  }
  return null;
}

function isFrameHeader(marker: number): boolean {
  // C4 (Huffman tables), C8 (reserved) and CC (arithmetic conditioning) lie in the same range.
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
}
