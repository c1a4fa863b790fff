/** What a recorder gives out at one moment, counted from its start. */
export type RecorderChunk = { readonly bytes: Buffer; readonly atSeconds: number };

const ids = {
  segment: 0x18538067,
  cluster: 0x1f43b675,
  timestamp: 0xe7,
  simpleBlock: 0xa3,
  blockGroup: 0xa0,
};

/**
 * Cuts a live-style WebM where a recorder with this timeslice would have: each chunk ends before the first block
 * that belongs to the next slice, in the middle of a cluster as often as not.
 */
export function cutWebm(webm: Buffer, sliceSeconds: number): RecorderChunk[] {
  const cuts: { end: number; atSeconds: number }[] = [];
  let slice = 1;
  let lastSeconds = 0;
  for (const block of webmBlocks(webm)) {
    while (block.seconds >= slice * sliceSeconds - 1e-6) {
      cuts.push({ end: block.offset, atSeconds: slice * sliceSeconds });
      slice += 1;
    }
    lastSeconds = Math.max(lastSeconds, block.seconds);
  }
  cuts.push({ end: webm.length, atSeconds: Math.max(lastSeconds, (slice - 1) * sliceSeconds) + 0.04 });
  return takeCuts(webm, cuts);
}

/** Where each block (or the cluster it opens) begins, and its time; in the order of the file. */
export function webmBlocks(
  webm: Buffer,
): { offset: number; seconds: number; track: number; keyframe: boolean }[] {
  const blocks: { offset: number; seconds: number; track: number; keyframe: boolean }[] = [];
  let clusterMillis = 0;
  let opened = -1;
  for (let at = 0; at < webm.length; ) {
    const id = readId(webm, at);
    const size = readSize(webm, at + id.length);
    const body = at + id.length + size.length;
    if (id.value === ids.cluster) opened = at;
    if (id.value === ids.segment || id.value === ids.cluster) {
      at = body;
      continue;
    }
    if (id.value === ids.timestamp && opened >= 0) clusterMillis = webm.readUIntBE(body, size.value);
    if (id.value === ids.simpleBlock || id.value === ids.blockGroup) {
      const block = id.value === ids.simpleBlock ? body : blockOfGroup(webm, body);
      blocks.push({
        offset: opened >= 0 ? opened : at,
        seconds: (clusterMillis + webm.readInt16BE(block + 1)) / 1_000,
        track: (webm[block] ?? 0) & 0x7f,
        keyframe: id.value === ids.simpleBlock && ((webm[block + 3] ?? 0) & 0x80) !== 0,
      });
      opened = -1;
    }
    at = body + size.value;
  }
  return blocks;
}

/** A BlockGroup of ffmpeg's begins with its Block (A1). */
function blockOfGroup(webm: Buffer, body: number): number {
  return body + 1 + readSize(webm, body + 1).length;
}

function readId(bytes: Buffer, at: number): { value: number; length: number } {
  const length = Math.clz32(bytes[at] ?? 0) - 23;
  if (length < 1 || length > 4) throw new Error(`no EBML id at byte ${at}`);
  return { value: bytes.readUIntBE(at, Math.min(length, bytes.length - at)), length };
}

function readSize(bytes: Buffer, at: number): { value: number; length: number } {
  const length = Math.clz32(bytes[at] ?? 0) - 23;
  if (length < 1 || length > 8) throw new Error(`no EBML size at byte ${at}`);
  let value = (bytes[at] ?? 0) & (0xff >> length);
  for (let index = 1; index < length; index += 1) value = value * 256 + (bytes[at + index] ?? 0);
  return { value, length };
}

/** Cuts a fragmented MP4 at its fragments; each leaves when its last sample has been taken. */
export function cutMp4(mp4: Buffer): RecorderChunk[] {
  const cuts: { end: number; atSeconds: number }[] = [];
  let timescale = 0;
  for (let at = 0; at + 8 <= mp4.length; at += mp4.readUInt32BE(at)) {
    const type = mp4.toString('latin1', at + 4, at + 8);
    if (type === 'moov') timescale = firstTimescale(mp4, at);
    if (type === 'moof' && timescale > 0) {
      const seconds = fragmentStart(mp4, at) / timescale;
      // The first fragment comes with the header, as soon as it is over.
      if (cuts.length > 0 || seconds > 0.01) cuts.push({ end: at, atSeconds: seconds });
    }
  }
  const last = cuts.at(-1)?.atSeconds ?? 0;
  cuts.push({ end: mp4.length, atSeconds: last + 0.25 });
  return takeCuts(mp4, cuts);
}

/** The `mdhd` timescale of the first track. */
function firstTimescale(mp4: Buffer, moov: number): number {
  const mdhd = mp4.indexOf('mdhd', moov);
  return mp4.readUInt32BE(mdhd + (mp4[mdhd + 4] === 1 ? 24 : 16));
}

/** The first `tfdt` of a fragment, in the first track's timescale. */
function fragmentStart(mp4: Buffer, moof: number): number {
  const tfdt = mp4.indexOf('tfdt', moof);
  return mp4[tfdt + 4] === 1 ? Number(mp4.readBigUInt64BE(tfdt + 8)) : mp4.readUInt32BE(tfdt + 8);
}

/** Cuts a transport stream evenly; the cuts fall into packets as they please. */
export function cutTransportStream(
  ts: Buffer,
  durationSeconds: number,
  sliceSeconds: number,
): RecorderChunk[] {
  const count = Math.max(1, Math.ceil(durationSeconds / sliceSeconds));
  return takeCuts(
    ts,
    Array.from({ length: count }, (_, index) => ({
      end: index === count - 1 ? ts.length : Math.round((ts.length * (index + 1)) / count),
      atSeconds: Math.min((index + 1) * sliceSeconds, durationSeconds),
    })),
  );
}

function takeCuts(bytes: Buffer, cuts: readonly { end: number; atSeconds: number }[]): RecorderChunk[] {
  const chunks: RecorderChunk[] = [];
  let begin = 0;
  for (const cut of cuts) {
    if (cut.end <= begin) continue;
    chunks.push({ bytes: bytes.subarray(begin, cut.end), atSeconds: cut.atSeconds });
    begin = cut.end;
  }
  return chunks;
}
