import { FragmentStreamReader } from '../../src/media/fragment-stream-reader.ts';
import type { MediaSample } from '../../src/media/media-sample.ts';
import type { Mp4TrackHeader } from '../../src/media/mp4-track-header.ts';
import { runFfmpeg } from '../support/run-program.ts';

/** Coded pictures or sound, as ffmpeg gives them to a live session. */
export type CodedTrack = {
  readonly track: Mp4TrackHeader;
  readonly samples: readonly MediaSample[];
  /** The fragmented MP4 that they came in. */
  readonly bytes: Buffer;
};

const fragmented = [
  ...['-use_editlist', '0', '-avoid_negative_ts', 'disabled', '-f', 'mp4'],
  ...['-movflags', '+empty_moov+default_base_moof+frag_every_frame+skip_trailer+frag_discont', 'pipe:1'],
];

/** What ffmpeg makes with these arguments (an input and a codec), one track. */
export async function codedTrack(...args: readonly string[]): Promise<CodedTrack> {
  const { stdout } = await runFfmpeg(['-loglevel', 'error', ...args, ...fragmented]);
  return { ...readTrack([stdout]), bytes: stdout };
}

/** Takes the pieces of a fragmented MP4 of one track apart. */
export function readTrack(pieces: Iterable<Buffer>): Omit<CodedTrack, 'bytes'> {
  const headers: Mp4TrackHeader[] = [];
  const samples: MediaSample[] = [];
  const reader = new FragmentStreamReader({
    header: track => headers.push(track),
    sample: sample => samples.push(sample),
  });
  for (const piece of pieces) reader.push(piece);
  const [track] = headers;
  if (track === undefined) throw new Error('no header');
  return { track, samples };
}

const picture = ['-f', 'lavfi', '-i', 'testsrc2=size=320x180:rate=30:duration=2', '-pix_fmt', 'yuv420p'];
const tone = ['-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=48000:duration=2', '-ac', '2'];

/** Two seconds of H.264 at 30 frames a second, B-frames and all; 90,000 ticks a second. */
export function codedPictures(): Promise<CodedTrack> {
  const coding = ['-c:v', 'libx264', '-preset', 'superfast', '-bf', '2', '-g', '30'];
  return codedTrack(...picture, ...coding, '-video_track_timescale', '90000');
}

/** Two seconds of AAC, 48,000 ticks a second. */
export function codedSound(): Promise<CodedTrack> {
  return codedTrack(...tone, '-c:a', 'aac', '-b:a', '96k');
}
