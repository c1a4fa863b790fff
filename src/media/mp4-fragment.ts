import { childBoxes, findBox } from './mp4-box.ts';
import type { Mp4TrackHeader } from './mp4-track-header.ts';

/** One sample as a fragment describes it; times in the track's timescale, `offset` from the fragment's first byte. */
export type FragmentSample = {
  readonly decodeTime: number;
  readonly compositionOffset: number;
  readonly duration: number;
  readonly isSync: boolean;
  readonly offset: number;
  readonly sizeBytes: number;
};

export type TrackFragment = { readonly track: Mp4TrackHeader; readonly samples: FragmentSample[] };

const sampleIsNonSync = 0x10000;
// More samples without a word on each are no recorder's: a count alone must not fill the memory.
const largestUndescribedSamples = 4_096;

/**
 * Reads a `moof` box's content (ISO 14496-12, section 8.8); `tracks` as the `moov` told them.
 * Decode times may be negative: ffmpeg writes them so for a stream that begins before zero.
 * @throws RangeError when a field lies outside its box.
 */
export function readMovieFragment(moof: Buffer, tracks: readonly Mp4TrackHeader[]): TrackFragment[] {
  const fragments: TrackFragment[] = [];
  for (const { type, content } of childBoxes(moof)) {
    if (type !== 'traf') continue;
    const fragment = readTrackFragment(content, tracks);
    if (fragment !== null) fragments.push(fragment);
  }
  return fragments;
}

function readTrackFragment(traf: Buffer, tracks: readonly Mp4TrackHeader[]): TrackFragment | null {
  const tfhd = findBox(traf, 'tfhd');
  if (tfhd === null) return null;
  const track = tracks.find(candidate => candidate.id === tfhd.readUInt32BE(4));
  if (track === undefined) return null;
  const defaults = readFragmentDefaults(tfhd, track);
  const tfdt = findBox(traf, 'tfdt');
  let decodeTime = 0;
  if (tfdt !== null) decodeTime = tfdt[0] === 1 ? Number(tfdt.readBigInt64BE(4)) : tfdt.readUInt32BE(4);
  const samples: FragmentSample[] = [];
  for (const { type, content } of childBoxes(traf)) {
    if (type === 'trun') decodeTime = readRun(content, defaults, decodeTime, samples);
  }
  return { track, samples };
}

type Defaults = { duration: number; size: number; flags: number };

function readFragmentDefaults(tfhd: Buffer, track: Mp4TrackHeader): Defaults {
  const flags = tfhd.readUIntBE(1, 3);
  const defaults = { duration: track.defaultDuration, size: track.defaultSize, flags: track.defaultFlags };
  let position = 8;
  if (flags & 0x1) position += 8;
  if (flags & 0x2) position += 4;
  if (flags & 0x8) {
    defaults.duration = tfhd.readUInt32BE(position);
    position += 4;
  }
  if (flags & 0x10) {
    defaults.size = tfhd.readUInt32BE(position);
    position += 4;
  }
  if (flags & 0x20) defaults.flags = tfhd.readUInt32BE(position);
  return defaults;
}

/** Appends one `trun`'s samples; returns the decode time after them. */
function readRun(trun: Buffer, defaults: Defaults, startTime: number, samples: FragmentSample[]): number {
  const flags = trun.readUIntBE(1, 3);
  const count = trun.readUInt32BE(4);
  let position = 8;
  let offset = 0;
  let decodeTime = startTime;
  let firstFlags: number | null = null;
  if (flags & 0x1) {
    offset = trun.readInt32BE(position);
    position += 4;
  }
  if (flags & 0x4) {
    firstFlags = trun.readUInt32BE(position);
    position += 4;
  }
  const isDescribed = (flags & 0xf00) !== 0;
  if (!isDescribed && samples.length + count > largestUndescribedSamples)
    throw new RangeError(`a trun of ${count} samples that describes none`);
  const field = (isPresent: number, fallback: number): number => {
    if (!isPresent) return fallback;
    position += 4;
    return trun.readUInt32BE(position - 4);
  };
  for (let index = 0; index < count; index += 1) {
    const duration = field(flags & 0x100, defaults.duration);
    const sizeBytes = field(flags & 0x200, defaults.size);
    const sampleFlags = field(
      flags & 0x400,
      index === 0 && firstFlags !== null ? firstFlags : defaults.flags,
    );
    const compositionOffset = field(flags & 0x800, 0) | 0;
    const isSync = (sampleFlags & sampleIsNonSync) === 0;
    samples.push({ decodeTime, compositionOffset, duration, isSync, offset, sizeBytes });
    decodeTime += duration;
    offset += sizeBytes;
  }
  return decodeTime;
}
