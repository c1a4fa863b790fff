import { type FileHandle, open, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LivereelError } from '../errors.ts';
import type { AvcParameterSets } from '../media/avc.ts';
import { findBox, readBoxHead } from '../media/mp4-box.ts';
import { type FragmentSample, readMovieFragment, type TrackFragment } from '../media/mp4-fragment.ts';
import { type Mp4TrackHeader, readMovieHeader } from '../media/mp4-track-header.ts';
import { otherCodingIn, type PictureSize } from './picture-coding.ts';
import { mediaName, Rendition } from './rendition.ts';
import { formatOfHeader } from './video-format.ts';

/** What the segmenter's files do not tell. */
export type VodTraits = {
  /** When its first picture was taken, as far as is known, milliseconds since 1970. */
  readonly startedAtMillis: number;
  /** `LC` and the like; empty without sound. */
  readonly aacProfile: string;
  /** Players turn the picture by a quarter. */
  readonly isTurned: boolean;
};

/** What segments are, to play them. */
export type VodRendition = {
  readonly rendition: Rendition;
  /** The largest width and height of the pictures, when some are coded otherwise than the header tells; null when it tells all. */
  readonly largestOfSeveral: PictureSize | null;
};

/** Of AAC, what RFC 6381 calls its kinds by (ISO 14496-3, table 1.17). */
const aacObjectTypes: Readonly<Record<string, number>> = { LC: 2, 'HE-AAC': 5, 'HE-AACv2': 29 };
const largestHeadBytes = 67_108_864;
// The boxes before and with the first `moof` of a segment of some seconds: mostly one reading is enough.
const readAtOnceBytes = 16_384;
const longestBoxHeadBytes = 16;
const filesAtOnce = 8;
// Parameter sets stand at the beginning of a key picture, before slices and messages.
const pictureHeadBytes = 2_048;

/**
 * The rendition `main` of segments that a segmenter has written into `directory` at once: what our playlists are
 * rendered from. Times are those of the pictures themselves: the segmenter's own playlist adds up what packets claim
 * to last, which is wrong where pictures come unevenly.
 * @throws LivereelError `media-unusable` when there is nothing to play.
 */
export async function readVodRendition(
  directory: string,
  { startedAtMillis, aacProfile, isTurned }: VodTraits,
): Promise<VodRendition> {
  const names = (await readdir(directory)).filter(name => /^\d{6,9}\.m4s$/.test(name)).sort();
  const moov = findBox(await readFile(join(directory, mediaName.init(0))), 'moov');
  const tracks = moov === null ? [] : readMovieHeader(moov);
  const coding = codingOf(tracks);
  const segments: Segment[] = [];
  for (let first = 0; first < names.length; first += filesAtOnce) {
    const files = names.slice(first, first + filesAtOnce).map(name => join(directory, name));
    segments.push(...(await Promise.all(files.map(file => readSegment(file, tracks, coding)))));
  }
  if (segments.length === 0)
    throw new LivereelError('media-unusable', 'The file holds nothing that can be played.');
  const durations = segments.map(({ start, end }, index) => (segments[index + 1]?.start ?? end) - start);
  const rendition = new Rendition('main', Math.max(1, Math.round(Math.max(...durations))));
  rendition.formats.push(formatIn(tracks, aacProfile, isTurned));
  for (const [number, { start, sizeBytes }] of segments.entries()) {
    rendition.closed.push({
      number,
      initNumber: 0,
      isDiscontinuity: false,
      startedAtMillis: Math.round(startedAtMillis + (start - (segments[0]?.start ?? 0)) * 1_000),
      parts: [{ durationSeconds: durations[number] ?? 0, isIndependent: true, offsetBytes: 0, sizeBytes }],
    });
  }
  rendition.isEnded = true;
  const others = segments.flatMap(({ otherSizes }) => otherSizes);
  return { rendition, largestOfSeveral: others.length === 0 ? null : largestOf(coding, others) };
}

/** What the header tells of the pictures; null where there are none of H.264. */
type ToldCoding = (PictureSize & { readonly sets: AvcParameterSets }) | null;

type Segment = {
  readonly start: number;
  readonly end: number;
  readonly sizeBytes: number;
  /** Of key pictures that are coded otherwise than the header tells. */
  readonly otherSizes: readonly PictureSize[];
};

function codingOf(tracks: readonly Mp4TrackHeader[]): ToldCoding {
  const video = tracks.find(({ kind }) => kind === 'video');
  if (video === undefined) return null;
  const { width, height, parameterSets } = formatOfHeader(video);
  return { width, height, sets: parameterSets };
}

function largestOf(coding: ToldCoding, others: readonly PictureSize[]): PictureSize {
  const sizes = coding === null ? others : [coding, ...others];
  return {
    width: Math.max(...sizes.map(({ width }) => width)),
    height: Math.max(...sizes.map(({ height }) => height)),
  };
}

async function readSegment(
  file: string,
  tracks: readonly Mp4TrackHeader[],
  coding: ToldCoding,
): Promise<Segment> {
  const handle = await open(file, 'r');
  try {
    const head = await readFragmentHead(handle);
    const fragments = readMovieFragment(head.content, tracks);
    const otherSizes = coding === null ? [] : await otherSizesIn(handle, head, fragments, coding);
    return { ...spanOf(fragments), sizeBytes: (await handle.stat()).size, otherSizes };
  } finally {
    await handle.close();
  }
}

async function otherSizesIn(
  handle: FileHandle,
  { beginning, startAt }: FragmentHead,
  fragments: readonly TrackFragment[],
  coding: NonNullable<ToldCoding>,
): Promise<PictureSize[]> {
  const found: PictureSize[] = [];
  const samples = fragments.find(({ track }) => track.kind === 'video')?.samples ?? [];
  for (const { isSync, offset, sizeBytes } of samples) {
    if (!isSync) continue;
    const [from, length] = [startAt + offset, Math.min(sizeBytes, pictureHeadBytes)];
    const isRead = from + length <= beginning.length;
    const picture = isRead ? beginning.subarray(from, from + length) : await readAt(handle, from, length);
    const other = otherCodingIn(picture, coding.sets, coding);
    if (other !== null) found.push(other);
  }
  return found;
}

/** From the first picture shown to the end of the last, seconds; of the sound where there is no picture. */
function spanOf(fragments: readonly TrackFragment[]): { start: number; end: number } {
  const shown =
    fragments.find(({ track, samples }) => track.kind === 'video' && samples.length > 0) ?? fragments[0];
  if (shown === undefined || shown.samples.length === 0) return { start: 0, end: 0 };
  const { samples, track } = shown;
  let [start, end] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const sample of samples) {
    start = Math.min(start, shownAt(sample));
    end = Math.max(end, shownAt(sample) + sample.duration);
  }
  return { start: start / track.timescale, end: end / track.timescale };
}

function shownAt({ decodeTime, compositionOffset }: FragmentSample): number {
  return decodeTime + compositionOffset;
}

/** A segment's first `moof`, where it begins, and what else was read with it from the file's first byte on. */
type FragmentHead = { readonly content: Buffer; readonly startAt: number; readonly beginning: Buffer };

/** @throws LivereelError `media-unusable` when there is none. */
async function readFragmentHead(handle: FileHandle): Promise<FragmentHead> {
  const beginning = await readAt(handle, 0, readAtOnceBytes);
  for (let position = 0; ; ) {
    const isRead = position + longestBoxHeadBytes <= beginning.length;
    const bytes = isRead ? beginning : await readAt(handle, position, longestBoxHeadBytes);
    const head = readBoxHead(bytes, isRead ? position : 0);
    if (head === null || head === 'malformed' || head.sizeBytes > largestHeadBytes) break;
    const end = position + head.sizeBytes;
    if (head.type === 'moof') {
      const contentAt = position + head.headBytes;
      const isWhole = end <= beginning.length;
      const content = isWhole
        ? beginning.subarray(contentAt, end)
        : await readAt(handle, contentAt, end - contentAt);
      return { content, startAt: position, beginning };
    }
    position = end;
  }
  throw new LivereelError('media-unusable', 'A part of the file cannot be read.');
}

async function readAt(handle: FileHandle, position: number, mostBytes: number): Promise<Buffer> {
  const { bytesRead, buffer } = await handle.read(Buffer.alloc(mostBytes), 0, mostBytes, position);
  return buffer.subarray(0, bytesRead);
}

function formatIn(tracks: readonly Mp4TrackHeader[], aacProfile: string, isTurned: boolean) {
  const video = tracks.find(({ kind }) => kind === 'video');
  const hasAudio = tracks.some(({ kind }) => kind === 'audio');
  const codec = video === undefined ? undefined : formatOfHeader(video).codec;
  const codecs = [codec, hasAudio ? `mp4a.40.${aacObjectTypes[aacProfile] ?? 2}` : undefined];
  const { width, height } = video ?? { width: 0, height: 0 };
  const size = isTurned ? { width: height, height: width } : { width, height };
  return { codecs: codecs.filter(Boolean).join(','), ...size };
}
