import { box } from './mp4-box.ts';

/** The parameter sets of an H.264 stream: raw NAL units without start codes or lengths (H.264, section 7.3.2). */
export type AvcParameterSets = { readonly sps: readonly Buffer[]; readonly pps: readonly Buffer[] };

const nalSps = 7;
const nalPps = 8;
// What the counts and lengths of an `avcC` box can say.
const mostSps = 31;
const mostPps = 255;
const largestSetBytes = 65_535;

/** The NAL units of a sample in MP4 layout: each behind its length in 4 bytes (ISO 14496-15, section 5.3.3). */
export function* nalUnits(sample: Buffer): Generator<Buffer> {
  let position = 0;
  while (position + 5 <= sample.length) {
    const sizeBytes = sample.readUInt32BE(position);
    const end = position + 4 + sizeBytes;
    if (sizeBytes === 0 || end > sample.length) return;
    yield sample.subarray(position + 4, end);
    position = end;
  }
}

/** The parameter sets that a sample carries itself; null when it carries no pair, or more than a header can hold. */
export function parameterSetsIn(sample: Buffer): AvcParameterSets | null {
  const sps: Buffer[] = [];
  const pps: Buffer[] = [];
  for (const nal of nalUnits(sample)) {
    const type = (nal[0] as number) & 0x1f;
    if (type === nalSps) sps.push(Buffer.from(nal));
    else if (type === nalPps) pps.push(Buffer.from(nal));
    // Parameter sets stand before the first slice (types 1 to 5).
    else if (type >= 1 && type <= 5) break;
  }
  if (sps.length > mostSps || pps.length > mostPps) return null;
  if ([...sps, ...pps].some(set => set.length > largestSetBytes)) return null;
  return sps.length > 0 && pps.length > 0 ? { sps, pps } : null;
}

/** Reads the content of an `avcC` box (ISO 14496-15, section 5.3.3.1); null when it holds no parameter sets. */
export function readAvcConfiguration(content: Buffer): AvcParameterSets | null {
  try {
    let position = 5;
    const readSets = (count: number): Buffer[] => {
      const sets: Buffer[] = [];
      for (let index = 0; index < count; index += 1) {
        const sizeBytes = content.readUInt16BE(position);
        sets.push(content.subarray(position + 2, position + 2 + sizeBytes));
        position += 2 + sizeBytes;
      }
      return sets;
    };
    const sps = readSets(content.readUInt8(position++) & 0x1f);
    const pps = readSets(content.readUInt8(position++));
    return sps.length > 0 && pps.length > 0 ? { sps, pps } : null;
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/** An `avcC` box for these parameter sets, 4-byte lengths. */
export function avcConfigurationBox({ sps, pps }: AvcParameterSets): Buffer {
  const first = sps[0] as Buffer;
  const parts: Buffer[] = [
    Buffer.from([1, first[1] ?? 0, first[2] ?? 0, first[3] ?? 0, 0xff, 0xe0 | sps.length]),
  ];
  for (const set of sps) parts.push(lengthField(set), set);
  parts.push(Buffer.from([pps.length]));
  for (const set of pps) parts.push(lengthField(set), set);
  return box('avcC', ...parts);
}

/** The sample with the parameter sets before its own NAL units, so that it can be decoded with no header. */
export function withParameterSets(sample: Buffer, { sps, pps }: AvcParameterSets): Buffer {
  const parts: Buffer[] = [];
  for (const nal of [...sps, ...pps]) {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(nal.length);
    parts.push(length, nal);
  }
  return Buffer.concat([...parts, sample]);
}

/** Whether both are the same, byte for byte. */
export function sameParameterSets(left: AvcParameterSets, right: AvcParameterSets): boolean {
  const same = (a: readonly Buffer[], b: readonly Buffer[]) =>
    a.length === b.length && a.every((set, index) => set.equals(b[index] as Buffer));
  return same(left.sps, right.sps) && same(left.pps, right.pps);
}

/** `avc1.PPCCLL` (RFC 6381, section 3.3). */
export function avcCodecString({ sps }: AvcParameterSets): string {
  return `avc1.${(sps[0] as Buffer).toString('hex', 1, 4)}`;
}

/**
 * Whether pictures are shown in the order in which they are coded: the Baseline profile has no others (H.264, annex
 * A.2.1), nor has picture order count type 2 (section 8.2.1.3).
 */
export function isCodedInOrder({ sps }: AvcParameterSets): boolean {
  return sps.every(set => {
    const profile = set[1] ?? 0;
    if (profile === 66) return true;
    const bits = new BitReader(set.subarray(4));
    bits.exponentialGolomb(); // seq_parameter_set_id
    if (highProfiles.has(profile)) skipHighProfileFields(bits);
    bits.exponentialGolomb(); // log2_max_frame_num_minus4
    return bits.exponentialGolomb() === 2 && !bits.isExhausted;
  });
}

/**
 * A sample of the byte stream format (H.264, annex B.1) in MP4 layout, each NAL unit behind its length in 4 bytes, in
 * memory that `allocate` gives.
 */
export function withLengths(
  sample: Buffer,
  allocate: (sizeBytes: number) => Buffer = Buffer.allocUnsafe,
): Buffer {
  const nals: Buffer[] = [];
  for (let at = sample.indexOf(startCode); at >= 0; ) {
    const next = sample.indexOf(startCode, at + startCode.length);
    let end = next < 0 ? sample.length : next;
    // A NAL unit never ends with a zero: those belong to the next start code, or to nothing.
    while (end > at + startCode.length && sample[end - 1] === 0) end -= 1;
    if (end > at + startCode.length) nals.push(sample.subarray(at + startCode.length, end));
    at = next;
  }
  const bytes = allocate(nals.reduce((sum, nal) => sum + 4 + nal.length, 0));
  let position = 0;
  for (const nal of nals) {
    position = bytes.writeUInt32BE(nal.length, position);
    position += nal.copy(bytes, position);
  }
  return bytes;
}

/** A sample in MP4 layout as a byte stream (H.264, annex B.1), `sets` before it: each NAL unit behind a start code. */
export function withStartCodes(sample: Buffer, sets: AvcParameterSets | null): Buffer {
  const nals = [...(sets?.sps ?? []), ...(sets?.pps ?? []), ...nalUnits(sample)];
  return Buffer.concat(nals.flatMap(nal => [longStartCode, nal]));
}

const startCode = Buffer.from([0, 0, 1]);
const longStartCode = Buffer.from([0, 0, 0, 1]);

/** The cropped picture size that a sequence parameter set tells (H.264, section 7.3.2.1.1); null when malformed. */
export function pictureSizeOf(sps: Buffer): { width: number; height: number } | null {
  const bits = new BitReader(sps.subarray(4));
  const profile = sps[1] ?? 0;
  bits.exponentialGolomb(); // seq_parameter_set_id
  let chromaFormat = 1;
  if (highProfiles.has(profile)) chromaFormat = skipHighProfileFields(bits);
  bits.exponentialGolomb(); // log2_max_frame_num_minus4
  skipPictureOrderCount(bits);
  bits.exponentialGolomb(); // max_num_ref_frames
  bits.bits(1);
  const widthInBlocks = bits.exponentialGolomb() + 1;
  const heightInUnits = bits.exponentialGolomb() + 1;
  const isFrameOnly = bits.bits(1);
  if (isFrameOnly === 0) bits.bits(1);
  bits.bits(1); // direct_8x8_inference_flag
  const crop = { left: 0, right: 0, top: 0, bottom: 0 };
  if (bits.bits(1) === 1) {
    crop.left = bits.exponentialGolomb();
    crop.right = bits.exponentialGolomb();
    crop.top = bits.exponentialGolomb();
    crop.bottom = bits.exponentialGolomb();
  }
  if (bits.isExhausted) return null;
  const cropUnitX = chromaFormat === 1 || chromaFormat === 2 ? 2 : 1;
  const cropUnitY = (chromaFormat === 1 ? 2 : 1) * (2 - isFrameOnly);
  const width = widthInBlocks * 16 - (crop.left + crop.right) * cropUnitX;
  const height = heightInUnits * 16 * (2 - isFrameOnly) - (crop.top + crop.bottom) * cropUnitY;
  return width > 0 && height > 0 && width <= 16_384 && height <= 16_384 ? { width, height } : null;
}

const highProfiles = new Set([100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135]);

function skipHighProfileFields(bits: BitReader): number {
  const chromaFormat = bits.exponentialGolomb();
  if (chromaFormat === 3) bits.bits(1);
  bits.exponentialGolomb(); // bit_depth_luma_minus8
  bits.exponentialGolomb(); // bit_depth_chroma_minus8
  bits.bits(1); // qpprime_y_zero_transform_bypass_flag
  if (bits.bits(1) === 0) return chromaFormat;
  for (let list = 0; list < (chromaFormat === 3 ? 12 : 8); list += 1) {
    if (bits.bits(1) === 1) skipScalingList(bits, list < 6 ? 16 : 64);
  }
  return chromaFormat;
}

function skipScalingList(bits: BitReader, size: number): void {
  let last = 8;
  let next = 8;
  for (let index = 0; index < size && !bits.isExhausted; index += 1) {
    if (next !== 0) next = (last + bits.signedExponentialGolomb() + 256) % 256;
    if (next !== 0) last = next;
  }
}

function skipPictureOrderCount(bits: BitReader): void {
  const type = bits.exponentialGolomb();
  if (type === 0) bits.exponentialGolomb();
  if (type !== 1) return;
  bits.bits(1);
  bits.exponentialGolomb();
  bits.exponentialGolomb();
  const cycle = Math.min(255, bits.exponentialGolomb());
  for (let index = 0; index < cycle; index += 1) bits.exponentialGolomb();
}

/** Reads bits of an RBSP, past its emulation prevention bytes; reads zeros beyond the end and remembers it. */
class BitReader {
  readonly #bytes: Buffer;
  #bit = 0;
  isExhausted = false;

  constructor(nalBytes: Buffer) {
    const raw: number[] = [];
    for (const [index, byte] of nalBytes.entries()) {
      if (byte === 3 && index >= 2 && nalBytes[index - 1] === 0 && nalBytes[index - 2] === 0) continue;
      raw.push(byte);
    }
    this.#bytes = Buffer.from(raw);
  }

  bits(count: number): number {
    let value = 0;
    for (let index = 0; index < count; index += 1) {
      const byte = this.#bytes[this.#bit >> 3];
      if (byte === undefined) this.isExhausted = true;
      value = value * 2 + (((byte ?? 0) >> (7 - (this.#bit & 7))) & 1);
      this.#bit += 1;
    }
    return value;
  }

  exponentialGolomb(): number {
    let zeros = 0;
    while (this.bits(1) === 0 && zeros < 32 && !this.isExhausted) zeros += 1;
    return 2 ** zeros - 1 + this.bits(zeros);
  }

  signedExponentialGolomb(): number {
    const code = this.exponentialGolomb();
    return code % 2 === 0 ? -code / 2 : (code + 1) / 2;
  }
}

function lengthField(set: Buffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(set.length);
  return length;
}
