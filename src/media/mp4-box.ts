/** One box of ISO 14496-12 inside a buffer: its four-character type and its content. */
export type Box = { readonly type: string; readonly content: Buffer };

/** The head of a box; `sizeBytes` counts the head, Infinity when the box lasts to the end of the file. */
export type BoxHead = { readonly type: string; readonly sizeBytes: number; readonly headBytes: number };

/** Reads the head of the box at `position`; null when the bytes end too early, `malformed` when there is none. */
export function readBoxHead(bytes: Buffer, position: number): BoxHead | 'malformed' | null {
  if (bytes.length < position + 8) return null;
  const type = bytes.toString('latin1', position + 4, position + 8);
  if (!/^[\x20-\x7e\xa9]{4}$/.test(type)) return 'malformed';
  const size = bytes.readUInt32BE(position);
  if (size === 0) return { type, sizeBytes: Number.POSITIVE_INFINITY, headBytes: 8 };
  if (size !== 1) return size < 8 ? 'malformed' : { type, sizeBytes: size, headBytes: 8 };
  if (bytes.length < position + 16) return null;
  const large = Number(bytes.readBigUInt64BE(position + 8));
  return large < 16 ? 'malformed' : { type, sizeBytes: large, headBytes: 16 };
}

/** The boxes in a container box's content, in order; stops at the first that is cut or malformed. */
export function* childBoxes(content: Buffer): Generator<Box> {
  let position = 0;
  while (position < content.length) {
    const head = readBoxHead(content, position);
    if (head === null || head === 'malformed') return;
    const end = Math.min(content.length, position + head.sizeBytes);
    yield { type: head.type, content: content.subarray(position + head.headBytes, end) };
    position = end;
  }
}

/** The first box on a path of types, for example `findBox(moov, 'trak', 'mdia')`. */
export function findBox(content: Buffer, ...path: readonly string[]): Buffer | null {
  let found = content;
  for (const type of path) {
    const next = [...childBoxes(found)].find(child => child.type === type);
    if (next === undefined) return null;
    found = next.content;
  }
  return found;
}

/** A box of `type` around its content. */
export function box(type: string, ...content: readonly Uint8Array[]): Buffer {
  const sizeBytes = content.reduce((sum, part) => sum + part.length, 8);
  const head = Buffer.alloc(8);
  head.writeUInt32BE(sizeBytes, 0);
  head.write(type, 4, 'latin1');
  return Buffer.concat([head, ...content], sizeBytes);
}

/** A full box (version and flags first). */
export function fullBox(
  type: string,
  version: number,
  flags: number,
  ...content: readonly Uint8Array[]
): Buffer {
  const versionAndFlags = Buffer.alloc(4);
  versionAndFlags.writeUInt32BE(((version << 24) | flags) >>> 0);
  return box(type, versionAndFlags, ...content);
}

/** 32-bit unsigned integers, big-endian, one after another. */
export function uint32s(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [index, value] of values.entries()) bytes.writeUInt32BE(value >>> 0, index * 4);
  return bytes;
}

/** 16-bit unsigned integers, big-endian, one after another. */
export function uint16s(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 2);
  for (const [index, value] of values.entries()) bytes.writeUInt16BE(value & 0xffff, index * 2);
  return bytes;
}
