/** Element ids of Matroska that we read or write (RFC 9559, section 5; marker bits included). */
export const ebmlId = {
  ebml: 0x1a45dfa3,
  segment: 0x18538067,
  seekHead: 0x114d9b74,
  info: 0x1549a966,
  timestampScale: 0x2ad7b1,
  muxingApp: 0x4d80,
  writingApp: 0x5741,
  tracks: 0x1654ae6b,
  trackEntry: 0xae,
  trackNumber: 0xd7,
  trackUid: 0x73c5,
  trackType: 0x83,
  flagLacing: 0x9c,
  codecId: 0x86,
  codecPrivate: 0x63a2,
  video: 0xe0,
  pixelWidth: 0xb0,
  pixelHeight: 0xba,
  audio: 0xe1,
  samplingFrequency: 0xb5,
  channels: 0x9f,
  cluster: 0x1f43b675,
  timestamp: 0xe7,
  simpleBlock: 0xa3,
  blockGroup: 0xa0,
  block: 0xa1,
  referenceBlock: 0xfb,
  cues: 0x1c53bb6b,
  chapters: 0x1043a770,
  attachments: 0x1941a469,
  tags: 0x1254c367,
  void: 0xec,
  crc32: 0xbf,
} as const;

/** The head of one element: its id, the size of its content (Infinity when unknown), the length of the head. */
export type ElementHead = { readonly id: number; readonly sizeBytes: number; readonly headBytes: number };

/**
 * Reads an element's head at `position`; null when the bytes end too early, `malformed` when there is none
 * (an id over 4 bytes, a size over 8: RFC 8794, sections 5 and 6).
 */
export function readElementHead(bytes: Buffer, position: number): ElementHead | 'malformed' | null {
  const first = bytes[position];
  if (first === undefined) return null;
  const idLength = Math.clz32(first) - 23;
  if (idLength > 4) return 'malformed';
  const sizeByte = bytes[position + idLength];
  if (sizeByte === undefined) return null;
  const sizeLength = Math.clz32(sizeByte) - 23;
  if (sizeLength > 8) return 'malformed';
  if (position + idLength + sizeLength > bytes.length) return null;
  const id = bytes.readUIntBE(position, idLength);
  return {
    id,
    sizeBytes: readSize(bytes, position + idLength, sizeLength),
    headBytes: idLength + sizeLength,
  };
}

function readSize(bytes: Buffer, position: number, length: number): number {
  let value = (bytes[position] as number) & (0xff >> length);
  let isUnknown = value === 0xff >> length;
  for (let index = 1; index < length; index += 1) {
    const byte = bytes[position + index] as number;
    value = value * 256 + byte;
    isUnknown = isUnknown && byte === 0xff;
  }
  return isUnknown ? Number.POSITIVE_INFINITY : value;
}

/** The children of a complete master element's content, in order; stops at the first that is cut or malformed. */
export function* childElements(content: Buffer): Generator<{ id: number; content: Buffer }> {
  let position = 0;
  while (position < content.length) {
    const head = readElementHead(content, position);
    if (head === null || head === 'malformed') return;
    const start = position + head.headBytes;
    const end = Math.min(content.length, start + head.sizeBytes);
    yield { id: head.id, content: content.subarray(start, end) };
    position = end;
  }
}

/** An unsigned integer element's value; 0 for an empty one (RFC 8794, section 7.2). */
export function readUnsigned(content: Buffer): number {
  let value = 0;
  for (const byte of content.subarray(0, 8)) value = value * 256 + byte;
  return value;
}

/** One element: id, size, content. */
export function element(id: number, ...content: readonly Uint8Array[]): Buffer {
  const sizeBytes = content.reduce((sum, part) => sum + part.length, 0);
  return Buffer.concat([idBytes(id), sizeField(sizeBytes), ...content]);
}

/** The head of an element whose end is not known: it lasts until its parent ends or an element comes that cannot be in it. */
export function openElement(id: number): Buffer {
  return Buffer.concat([idBytes(id), Buffer.from('01ffffffffffffff', 'hex')]);
}

/** An unsigned integer element in as few bytes as it takes. */
export function unsignedElement(id: number, value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  const firstUsed = bytes.findIndex(byte => byte !== 0);
  return element(id, bytes.subarray(firstUsed === -1 ? 7 : firstUsed));
}

/** A UTF-8 text element. */
export function textElement(id: number, text: string): Buffer {
  return element(id, Buffer.from(text, 'utf8'));
}

function idBytes(id: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(id);
  return bytes.subarray(bytes.findIndex(byte => byte !== 0));
}

function sizeField(sizeBytes: number): Buffer {
  if (sizeBytes < 0x7f) return Buffer.from([0x80 | sizeBytes]);
  if (sizeBytes < 0x3fff) return Buffer.from([0x40 | (sizeBytes >> 8), sizeBytes & 0xff]);
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(sizeBytes) | (1n << 56n));
  return bytes;
}
