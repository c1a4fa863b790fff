/** What an init section says of a track. */
export type TrackInfo = {
  readonly trackId: number;
  readonly kind: 'video' | 'audio' | 'other';
  readonly timescale: number;
  readonly defaultDurationTicks: number;
};

/** One track's run of samples in a fragment, in seconds of decode time. */
export type TrackRun = {
  readonly trackId: number;
  readonly kind: TrackInfo['kind'];
  readonly startSeconds: number;
  readonly durationSeconds: number;
  readonly sampleCount: number;
};

type Box = { readonly type: string; readonly start: number; readonly end: number };

function* boxes(bytes: Buffer, start = 0, end = bytes.length): Generator<Box> {
  for (let at = start; at + 8 <= end; ) {
    const size = bytes.readUInt32BE(at);
    const large = size === 1;
    const length = large ? Number(bytes.readBigUInt64BE(at + 8)) : size === 0 ? end - at : size;
    if (length < 8 || at + length > end) throw new Error(`a box of ${length} bytes at ${at} of ${end}`);
    yield { type: bytes.toString('latin1', at + 4, at + 8), start: at + (large ? 16 : 8), end: at + length };
    at += length;
  }
}

function* descendants(bytes: Buffer, path: readonly string[], within?: Box): Generator<Box> {
  const [type, ...rest] = path;
  for (const box of boxes(bytes, within?.start ?? 0, within?.end ?? bytes.length)) {
    if (box.type !== type) continue;
    if (rest.length === 0) yield box;
    else yield* descendants(bytes, rest, box);
  }
}

/** Reads the tracks of an init section (`moov`). The tests' own reader: it shares no code with what it checks. */
export function readInit(init: Buffer): TrackInfo[] {
  const defaults = new Map<number, number>();
  for (const trex of descendants(init, ['moov', 'mvex', 'trex'])) {
    defaults.set(init.readUInt32BE(trex.start + 4), init.readUInt32BE(trex.start + 12));
  }
  const tracks: TrackInfo[] = [];
  for (const trak of descendants(init, ['moov', 'trak'])) {
    const [tkhd] = descendants(init, ['tkhd'], trak);
    const [mdhd] = descendants(init, ['mdia', 'mdhd'], trak);
    const [hdlr] = descendants(init, ['mdia', 'hdlr'], trak);
    if (!tkhd || !mdhd || !hdlr) throw new Error('a track without tkhd, mdhd or hdlr');
    const trackId = init.readUInt32BE(tkhd.start + (init[tkhd.start] === 1 ? 20 : 12));
    const handler = init.toString('latin1', hdlr.start + 8, hdlr.start + 12);
    tracks.push({
      trackId,
      kind: handler === 'vide' ? 'video' : handler === 'soun' ? 'audio' : 'other',
      timescale: init.readUInt32BE(mdhd.start + (init[mdhd.start] === 1 ? 20 : 12)),
      defaultDurationTicks: defaults.get(trackId) ?? 0,
    });
  }
  return tracks;
}

/** Reads all runs of a part or segment, in the order of the file. @throws Error when it is cut off. */
export function readRuns(media: Buffer, tracks: readonly TrackInfo[]): TrackRun[] {
  const runs: TrackRun[] = [];
  for (const traf of descendants(media, ['moof', 'traf'])) {
    const [tfhd] = descendants(media, ['tfhd'], traf);
    const [tfdt] = descendants(media, ['tfdt'], traf);
    if (!tfhd || !tfdt) throw new Error('a fragment without tfhd or tfdt');
    const trackId = media.readUInt32BE(tfhd.start + 4);
    const track = tracks.find(candidate => candidate.trackId === trackId);
    if (!track) throw new Error(`track ${trackId} is not in the init section`);
    const startTicks =
      media[tfdt.start] === 1
        ? Number(media.readBigUInt64BE(tfdt.start + 4))
        : media.readUInt32BE(tfdt.start + 4);
    let sampleCount = 0;
    let durationTicks = 0;
    for (const trun of descendants(media, ['trun'], traf)) {
      const run = readRun(media, trun, defaultDuration(media, tfhd, track));
      sampleCount += run.sampleCount;
      durationTicks += run.durationTicks;
    }
    runs.push({
      trackId,
      kind: track.kind,
      startSeconds: startTicks / track.timescale,
      durationSeconds: durationTicks / track.timescale,
      sampleCount,
    });
  }
  return runs;
}

function defaultDuration(media: Buffer, tfhd: Box, track: TrackInfo): number {
  const flags = media.readUIntBE(tfhd.start + 1, 3);
  if (!(flags & 0x08)) return track.defaultDurationTicks;
  return media.readUInt32BE(tfhd.start + 8 + (flags & 0x01 ? 8 : 0) + (flags & 0x02 ? 4 : 0));
}

function readRun(
  media: Buffer,
  trun: Box,
  defaultTicks: number,
): { sampleCount: number; durationTicks: number } {
  const flags = media.readUIntBE(trun.start + 1, 3);
  const sampleCount = media.readUInt32BE(trun.start + 4);
  if (!(flags & 0x100)) return { sampleCount, durationTicks: sampleCount * defaultTicks };
  const fieldBytes = 4 * [0x100, 0x200, 0x400, 0x800].filter(flag => flags & flag).length;
  let at = trun.start + 8 + (flags & 0x01 ? 4 : 0) + (flags & 0x04 ? 4 : 0);
  let durationTicks = 0;
  for (let sample = 0; sample < sampleCount; sample += 1, at += fieldBytes) {
    durationTicks += media.readUInt32BE(at);
  }
  return { sampleCount, durationTicks };
}
