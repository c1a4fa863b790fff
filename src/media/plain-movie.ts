import { durationSecondsIn } from './movie-duration.ts';
import { childBoxes } from './mp4-box.ts';
import { readMovieHeader } from './mp4-track-header.ts';

/** One picture of H.264 and at most one sound of AAC, as a header claims. Streams are numbered as in the file. */
export type PlainMovie = {
  readonly videoIndex: number;
  /** Null without sound. */
  readonly audioIndex: number | null;
  /** Null where the header does not tell it, as of a fragmented file. */
  readonly durationSeconds: number | null;
};

/**
 * What the content of a `moov` box claims, when it is what most cameras and editors write; null for anything else. A
 * claim only: whether it is true, and whether players can play it, is for ffprobe to say.
 */
export function plainMovieIn(moov: Buffer): PlainMovie | null {
  const tracks = readMovieHeader(moov);
  const trackCount = [...childBoxes(moov)].filter(({ type }) => type === 'trak').length;
  // One that makes no sense is left out there, and would shift the numbers of those behind it.
  if (tracks.length !== trackCount) return null;
  const indexesOf = (kind: string) => [...tracks.keys()].filter(index => tracks[index]?.kind === kind);
  const [[videoIndex, ...moreVideo], [audioIndex = null, ...moreAudio]] = [
    indexesOf('video'),
    indexesOf('audio'),
  ];
  if (videoIndex === undefined || moreVideo.length > 0 || moreAudio.length > 0) return null;
  if (tracks[videoIndex]?.format !== 'avc1') return null;
  if (audioIndex !== null && tracks[audioIndex]?.format !== 'mp4a') return null;
  return { videoIndex, audioIndex, durationSeconds: durationSecondsIn(moov) || null };
}
