import { open, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { LivereelError } from '../errors.ts';
import { findBox, readBoxHead } from '../media/mp4-box.ts';
import { type FragmentSample, readMovieFragment } from '../media/mp4-fragment.ts';
import { type Mp4TrackHeader, readMovieHeader } from '../media/mp4-track-header.ts';
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

/** Of AAC, what RFC 6381 calls its kinds by (ISO 14496-3, table 1.17). */
const aacObjectTypes: Readonly<Record<string, number>> = { LC: 2, 'HE-AAC': 5, 'HE-AACv2': 29 };
const largestHeadBytes = 67_108_864;

/**
 * The rendition `main` of segments that a segmenter has written into `directory` at once: what our playlists are
 * rendered from. Times are those of the pictures themselves: the segmenter's own playlist adds up what packets claim
 * to last, which is wrong where pictures come unevenly.
 * @throws LivereelError `media-unusable` when there is nothing to play.
 */
export async function readVodRendition(
  directory: string,
  { startedAtMillis, aacProfile, isTurned }: VodTraits,
): Promise<Rendition> {
  const names = (await readdir(directory)).filter(name => /^\d{6,9}\.m4s$/.test(name)).sort();
  const moov = findBox(await readFile(join(directory, mediaName.init(0))), 'moov');
  const tracks = moov === null ? [] : readMovieHeader(moov);
  const segments: { start: number; end: number; sizeBytes: number }[] = [];
  for (const name of names) {
    const file = join(directory, name);
    segments.push({ ...(await spanOf(file, tracks)), sizeBytes: (await stat(file)).size });
  }
  if (segments.length === 0)
    throw new LivereelError('media-unusable', 'the file holds nothing that can be played');
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
  return rendition;
}

/** From the first picture shown to the end of the last, seconds; of the sound where there is no picture. */
async function spanOf(
  file: string,
  tracks: readonly Mp4TrackHeader[],
): Promise<{ start: number; end: number }> {
  const fragments = readMovieFragment(await readFragmentHead(file), tracks);
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

/** The content of a segment's first `moof`. @throws LivereelError `media-unusable` when there is none. */
async function readFragmentHead(file: string): Promise<Buffer> {
  const handle = await open(file, 'r');
  try {
    for (let position = 0; ; ) {
      const { bytesRead, buffer } = await handle.read(Buffer.alloc(16), 0, 16, position);
      const head = readBoxHead(buffer.subarray(0, bytesRead), 0);
      if (head === null || head === 'malformed' || head.sizeBytes > largestHeadBytes) break;
      if (head.type === 'moof') {
        const content = Buffer.alloc(head.sizeBytes - head.headBytes);
        await handle.read(content, 0, content.length, position + head.headBytes);
        return content;
      }
      position += head.sizeBytes;
    }
  } finally {
    await handle.close();
  }
  throw new LivereelError('media-unusable', 'a segment of the file cannot be read');
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
