import { mkdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { LivereelError } from '../errors.ts';
import type { FileContainer } from '../media/file-container.ts';
import type { RunSettings } from './background-run.ts';
import { type ConversionRun, runConversion } from './conversion-run.ts';
import { pinnedInput } from './file-demuxer.ts';

/** A file whose streams stay as they are. `directory` exists and is on the content's file system. */
export type MovedFile = Omit<ConversionRun, 'args' | 'mostFileBytes'> & {
  readonly file: string;
  readonly container: FileContainer;
  /** What chooses and moves the streams (`movingArguments`). */
  readonly streams: readonly string[];
};

/** Where a conversion leaves what it made, below its directory. */
export const convertedNames = { video: 'video.mp4', hls: 'hls', rendition: 'hls/main' } as const;

const segmentSeconds = 4;
// What is moved stays as large as it was, but for its index. An index that names the same bytes again and again (four
// bytes of it for a picture) would fill the disk.
const mostGrowth = 2;
const tolerableGrowthBytes = 67_108_864;

// Times stay as they are, sound against picture: no edit list, which not every player of HLS follows, and all of it
// moved together, once, where something begins before zero (the writer of segments would move each stream alone).
// Without `frag_discont` the first frame of sound is stretched to zero.
/** ffmpeg's arguments for segments. */
export const hlsOutput: readonly string[] = [
  '-avoid_negative_ts', 'make_zero', '-f', 'hls', '-hls_time', String(segmentSeconds), '-hls_playlist_type', 'vod',
  '-hls_segment_type', 'fmp4', '-hls_fmp4_init_filename', 'init-0.mp4',
  '-hls_segment_options', 'movflags=+frag_discont:use_editlist=0:avoid_negative_ts=disabled',
  '-hls_segment_filename', `${convertedNames.rendition}/%06d.m4s`, `${convertedNames.rendition}/stream.m3u8`,
]; // biome-ignore format: options and their values

/** ffmpeg's arguments for the progressive MP4. */
export const mp4Output: readonly string[] = ['-movflags', '+faststart', '-f', 'mp4', convertedNames.video];

/** ffmpeg's arguments to read a file that somebody sent. */
export function inputArguments(container: FileContainer, file: string): string[] {
  return ['-fflags', '+genpts+discardcorrupt', ...pinnedInput(container), '-i', `file:${file}`];
}

/** What an attempt before this one left is taken away. */
export async function makeRoom(directory: string): Promise<void> {
  await rm(join(directory, convertedNames.hls), { recursive: true, force: true });
  await mkdir(join(directory, convertedNames.rendition), { recursive: true });
}

/**
 * Both outputs of a file in one pass that encodes nothing. It begins at once, perhaps before it is known whether that is
 * right for the file: then it is closed, and what it wrote is thrown away. Whoever made it closes it.
 */
export class FileMove {
  readonly #stop = new AbortController();
  readonly #streams: readonly string[];
  readonly #frames: Promise<number>;

  constructor(settings: RunSettings, moved: MovedFile) {
    this.#streams = moved.streams;
    const signal = AbortSignal.any([settings.signal, this.#stop.signal]);
    this.#frames = move({ ...settings, signal }, moved);
    // Nobody asks how it went when it was not wanted after all.
    this.#frames.catch(() => undefined);
  }

  /** Whether it is the move that these arguments ask for. */
  isOf(streams: readonly string[]): boolean {
    return streams.join(' ') === this.#streams.join(' ');
  }

  /** How many pictures were moved, once all are. @throws as `runConversion`. */
  frames(): Promise<number> {
    return this.#frames;
  }

  /** Stops what is not finished. Safe to call twice, never throws. */
  async close(): Promise<void> {
    this.#stop.abort(new LivereelError('task-cancelled', 'the move is not wanted'));
    await this.#frames.catch(() => undefined);
  }
}

async function move(settings: RunSettings, { file, container, streams, ...run }: MovedFile): Promise<number> {
  await makeRoom(run.directory);
  const args = [...inputArguments(container, file), ...streams, ...hlsOutput, ...streams, ...mp4Output];
  const mostFileBytes = mostGrowth * (await stat(file)).size + tolerableGrowthBytes;
  return await runConversion(settings, { ...run, args, mostFileBytes });
}
