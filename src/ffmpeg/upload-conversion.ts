import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { LivereelError } from '../errors.ts';
import type { FileContainer } from '../media/file-container.ts';
import { failure, type ProgramExit } from '../process/child-program.ts';
import { type RunSettings, startRun } from './background-run.ts';
import { pinnedInput } from './file-demuxer.ts';
import { longestFileSeconds, reasonIn } from './probe.ts';
import type { ProbedFile } from './probe-answer.ts';
import { codingArguments, codingOf, isPureCopy, type UploadCoding } from './upload-coding.ts';

/** A file to make a video of. `directory` exists, is empty, and is on the content's file system. */
export type Conversion = {
  readonly file: string;
  readonly container: FileContainer;
  readonly probed: ProbedFile;
  readonly directory: string;
  /** How many an encoder may use; 0: as it likes. */
  readonly threads: number;
  /** 0 to 100. */
  readonly onPercent: (percent: number) => void;
};

/** What was made. `isPictureKept`: it is as it was, and players turn it if it is to be turned. */
export type Converted = { readonly frames: number; readonly isPictureKept: boolean };

/** Where a conversion leaves what it made, below its directory. */
export const convertedNames = { video: 'video.mp4', hls: 'hls', rendition: 'hls/main' } as const;

const segmentSeconds = 4;
// An encoder on a busy machine takes seconds for a picture, not minutes.
const longestSilenceMillis = 300_000;

// Times stay as they are, sound against picture: no edit list, which not every player of HLS follows, and all of it
// moved together, once, where something begins before zero (the writer of segments would move each stream alone).
// Without `frag_discont` the first frame of sound is stretched to zero.
const hlsOutput = [
  '-avoid_negative_ts', 'make_zero', '-f', 'hls', '-hls_time', String(segmentSeconds), '-hls_playlist_type', 'vod',
  '-hls_segment_type', 'fmp4', '-hls_fmp4_init_filename', 'init-0.mp4',
  '-hls_segment_options', 'movflags=+frag_discont:use_editlist=0:avoid_negative_ts=disabled',
  '-hls_segment_filename', `${convertedNames.rendition}/%06d.m4s`, `${convertedNames.rendition}/stream.m3u8`,
]; // biome-ignore format: options and their values
const mp4Output = ['-movflags', '+faststart', '-f', 'mp4', convertedNames.video];

/**
 * Makes the progressive MP4 and HLS segments of a file. What can stay as it is, is only moved, both outputs in one
 * pass; what cannot be moved after all is encoded.
 * @throws LivereelError `media-unusable` when the file is at fault, `disk-full`, `program-failed`.
 */
export async function convertUpload(settings: RunSettings, conversion: Conversion): Promise<Converted> {
  const coding = codingOf(conversion.container, conversion.probed);
  if (!isPureCopy(coding)) return encode(settings, conversion, coding);
  try {
    return await copy(settings, conversion, coding);
  } catch (error) {
    if (!(error instanceof LivereelError) || error.code !== 'media-unusable') throw error;
    settings.log.info({ reason: error.message }, 'streams cannot be moved as they are: they are encoded');
    return encode(settings, conversion, encodeAll(coding));
  }
}

async function copy(settings: RunSettings, conversion: Conversion, coding: UploadCoding): Promise<Converted> {
  await makeRoom(conversion.directory);
  const streams = codingArguments(conversion, coding);
  const frames = await run(settings, conversion, [
    ...inputArguments(conversion.container, conversion.file),
    ...streams,
    ...hlsOutput,
    ...streams,
    ...mp4Output,
  ]);
  return { frames, isPictureKept: true };
}

async function encode(
  settings: RunSettings,
  conversion: Conversion,
  coding: UploadCoding,
): Promise<Converted> {
  await makeRoom(conversion.directory);
  const { container, file } = conversion;
  const streams = codingArguments(conversion, coding);
  const frames = await run(settings, conversion, [
    ...inputArguments(container, file),
    ...streams,
    '-threads',
    String(conversion.threads),
    '-t',
    String(longestFileSeconds),
    ...mp4Output,
  ]);
  // What was encoded is encoded once: the segments are cut from it.
  const second = { ...conversion, onPercent: () => undefined };
  const video = join(conversion.directory, convertedNames.video);
  await run(settings, second, [
    ...inputArguments('mp4', video),
    '-map',
    '0',
    '-map_metadata',
    '-1',
    '-c',
    'copy',
    ...hlsOutput,
  ]);
  return { frames, isPictureKept: coding.video === 'copy' };
}

function inputArguments(container: FileContainer, file: string): string[] {
  return ['-fflags', '+genpts+discardcorrupt', ...pinnedInput(container), '-i', `file:${file}`];
}

function encodeAll({ video, audio }: UploadCoding): UploadCoding {
  return {
    video: video === 'none' ? 'none' : 'encode',
    audio: audio === 'none' ? 'none' : 'encode',
  };
}

/** What an attempt before this one left is taken away. */
async function makeRoom(directory: string): Promise<void> {
  await rm(join(directory, convertedNames.hls), { recursive: true, force: true });
  await mkdir(join(directory, convertedNames.rendition), { recursive: true });
}

async function run(
  settings: RunSettings,
  { directory, probed, onPercent }: Conversion,
  args: readonly string[],
): Promise<number> {
  const spoken = ['-hide_banner', '-nostdin', '-nostats', '-loglevel', 'error', '-y'];
  const program = startRun(
    // Names of what is written are relative: ffmpeg's own syntax in names cannot be hit by a folder's.
    { ...settings, workingDirectory: directory },
    {
      program: settings.ffmpegPath,
      args: [...spoken, '-progress', 'pipe:1', '-stats_period', '0.5', ...args],
      stdin: 'ignore',
      stdout: 'pipe',
    },
  );
  let frames = 0;
  let lastMade = '';
  let isStuck = false;
  const giveUp = () => {
    isStuck = true;
    program.kill('SIGKILL');
  };
  let patience = setTimeout(giveUp, longestSilenceMillis);
  for await (const piece of program.stdout ?? []) {
    const told = String(piece);
    const made = /^out_time_us=(\d+)/m.exec(told)?.[1];
    for (const [, count] of told.matchAll(/^frame=\s*(\d+)/gm)) frames = Number(count);
    if (made === undefined || made === lastMade) continue;
    lastMade = made;
    clearTimeout(patience);
    patience = setTimeout(giveUp, longestSilenceMillis);
    const { durationSeconds } = probed;
    if (durationSeconds !== null) onPercent(Math.min(99, Number(made) / 10_000 / durationSeconds));
  }
  const exit = await program.exited;
  clearTimeout(patience);
  settings.signal.throwIfAborted();
  if (isStuck) throw new LivereelError('media-unusable', 'decoding the file comes to no end');
  if (exit.code !== 0) throw errorOf(exit, program.stderrTail());
  return frames;
}

function errorOf(exit: ProgramExit, said: string): LivereelError {
  if (said.includes('No space left on device'))
    return new LivereelError('disk-full', 'the disk is full: the video could not be made');
  // Ended from outside, or for want of memory: the machine's fault, perhaps only now.
  if (exit.code === null || said.includes('Cannot allocate memory')) return failure('ffmpeg', exit, said);
  return new LivereelError('media-unusable', `the file cannot be decoded: ${reasonIn(said)}`);
}
