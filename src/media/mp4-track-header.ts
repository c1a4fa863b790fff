import type { AudioCodec, MediaTracks, VideoCodec } from './container.ts';
import { childBoxes, findBox } from './mp4-box.ts';

/** What a `moov` says of one track; `sampleEntries` is the content of its `stsd` after the entry count. */
export type Mp4TrackHeader = {
  readonly id: number;
  readonly kind: 'video' | 'audio' | 'other';
  readonly timescale: number;
  readonly format: string;
  readonly width: number;
  readonly height: number;
  readonly sampleEntries: Buffer;
  readonly sampleCount: number;
  readonly defaultDuration: number;
  readonly defaultSize: number;
  readonly defaultFlags: number;
};

/** Reads the tracks of a `moov` box's content (ISO 14496-12, section 8); malformed ones are left out. */
export function readMovieHeader(moov: Buffer): Mp4TrackHeader[] {
  const defaults = readTrackDefaults(moov);
  const tracks: Mp4TrackHeader[] = [];
  for (const child of childBoxes(moov)) {
    if (child.type !== 'trak') continue;
    try {
      const track = readTrack(child.content, defaults);
      if (track !== null) tracks.push(track);
    } catch (error) {
      // A field that lies outside its box: such a track is as good as absent.
      if (!(error instanceof RangeError)) throw error;
    }
  }
  return tracks;
}

/** The first video and the first audio track, in the words that all containers share. */
export function tracksOf(headers: readonly Mp4TrackHeader[]): MediaTracks {
  const video = headers.find(header => header.kind === 'video');
  const audio = headers.find(header => header.kind === 'audio');
  return {
    video: video
      ? { codec: videoCodecs[video.format] ?? 'other', width: video.width, height: video.height }
      : null,
    audio: audio ? { codec: audioCodecs[audio.format] ?? 'other', channels: channelsOf(audio) } : null,
  };
}

/** Of the first sample entry (ISO 14496-12, section 12.2.3); 0 when it is cut. */
function channelsOf({ sampleEntries }: Mp4TrackHeader): number {
  return sampleEntries.length < 26 ? 0 : sampleEntries.readUInt16BE(24);
}

const videoCodecs: Record<string, VideoCodec> = {
  avc1: 'h264',
  avc3: 'h264',
  hvc1: 'hevc',
  hev1: 'hevc',
  vp08: 'vp8',
  vp09: 'vp9',
  av01: 'av1',
};
const audioCodecs: Record<string, AudioCodec> = { mp4a: 'aac', Opus: 'opus' };

type TrackDefaults = Map<number, { duration: number; size: number; flags: number }>;

function readTrackDefaults(moov: Buffer): TrackDefaults {
  const defaults: TrackDefaults = new Map();
  const mvex = findBox(moov, 'mvex');
  if (mvex === null) return defaults;
  for (const { type, content } of childBoxes(mvex)) {
    if (type !== 'trex' || content.length < 24) continue;
    defaults.set(content.readUInt32BE(4), {
      duration: content.readUInt32BE(12),
      size: content.readUInt32BE(16),
      flags: content.readUInt32BE(20),
    });
  }
  return defaults;
}

function readTrack(trak: Buffer, allDefaults: TrackDefaults): Mp4TrackHeader | null {
  const tkhd = findBox(trak, 'tkhd');
  const mdhd = findBox(trak, 'mdia', 'mdhd');
  const hdlr = findBox(trak, 'mdia', 'hdlr');
  const stsd = findBox(trak, 'mdia', 'minf', 'stbl', 'stsd');
  if (tkhd === null || mdhd === null || hdlr === null || stsd === null) return null;
  const handler = hdlr.toString('latin1', 8, 12);
  const kind = handler === 'vide' ? 'video' : handler === 'soun' ? 'audio' : 'other';
  const id = tkhd.readUInt32BE(tkhd[0] === 1 ? 20 : 12);
  const sampleEntries = stsd.subarray(8);
  const stsz = findBox(trak, 'mdia', 'minf', 'stbl', 'stsz');
  const defaults = allDefaults.get(id);
  return {
    id,
    kind,
    timescale: mdhd.readUInt32BE(mdhd[0] === 1 ? 20 : 12),
    format: sampleEntries.length >= 8 ? sampleEntries.toString('latin1', 4, 8) : '',
    width: kind === 'video' && sampleEntries.length >= 36 ? sampleEntries.readUInt16BE(32) : 0,
    height: kind === 'video' && sampleEntries.length >= 36 ? sampleEntries.readUInt16BE(34) : 0,
    sampleEntries,
    sampleCount: stsz !== null && stsz.length >= 12 ? stsz.readUInt32BE(8) : 0,
    defaultDuration: defaults?.duration ?? 0,
    defaultSize: defaults?.size ?? 0,
    defaultFlags: defaults?.flags ?? 0,
  };
}
