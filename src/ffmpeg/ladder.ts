import { join } from 'node:path';
import type { RunSettings } from './background-run.ts';
import { endMediaRun, readingArguments, startMediaRun } from './media-task.ts';
import { inPattern } from './stills.ts';

/** A smaller rendition to be made. */
export type RungToMake = {
  readonly width: number;
  readonly height: number;
  readonly bitsPerSecond: number;
  /** Exists; gets `init-0.mp4`, `000000.m4s` … and `stream.m3u8`. */
  readonly folder: string;
};

/** What all rungs of one video share. */
export type LadderRun = {
  readonly file: string;
  readonly durationSeconds: number;
  readonly hasSound: boolean;
  /** When the source's segments begin, seconds: those of the rungs begin there too. */
  readonly boundaries: readonly number[];
  /** 0: as many as there are. */
  readonly threads: number;
  readonly onProgress: (percent: number) => void;
};

/** The kernel takes no longer argument (MAX_ARG_STRLEN), less some room. */
const longestArgument = 120_000;
/** Where the source's boundaries are too many to be named (hours): players switch at any of these. */
const presumedSegmentSeconds = 4;
const leastCpuSeconds = 120;
/** Four rungs of 1080p60 take two seconds of one core for one of the video. */
const cpuShare = 12;

/** Encodes all rungs at once, so that the source is decoded once. @throws as `endMediaRun`. */
export async function writeRungs(
  settings: RunSettings,
  rungs: readonly RungToMake[],
  { file, durationSeconds, hasSound, boundaries, threads, onProgress }: LadderRun,
): Promise<void> {
  const args = readingArguments(file, ['-progress', 'pipe:1', '-threads', String(threads)]);
  const split = `[0:v:0]split=${rungs.length}${rungs.map((_, index) => `[s${index}]`).join('')}`;
  const scaled = rungs.map(
    ({ width, height }, index) =>
      `[s${index}]scale=${width}:${height}:flags=bicubic,setsar=1,format=yuv420p[v${index}]`,
  );
  args.push('-filter_complex', [split, ...scaled].join(';'));
  const times = boundaries.map(at => at.toFixed(3)).join(',');
  const areNamed = times.length <= longestArgument;
  const keys = areNamed ? times : `expr:gte(t,n_forced*${presumedSegmentSeconds})`;
  for (const [index, rung] of rungs.entries()) {
    args.push('-map', `[v${index}]`, ...(hasSound ? ['-map', '0:a:0', '-c:a', 'copy'] : []));
    args.push(...pictures(rung, keys, threads), ...segments(rung.folder, areNamed));
  }
  const cpuSeconds = leastCpuSeconds + cpuShare * durationSeconds;
  const run = { args, stdout: 'pipe', cpuSeconds, what: 'The smaller renditions' } as const;
  const program = startMediaRun(settings, run);
  for await (const text of program.stdout ?? []) {
    for (const [, micros] of String(text).matchAll(/^out_time_us=(\d+)/gm))
      onProgress((100 * Number(micros)) / 1_000_000 / Math.max(1, durationSeconds));
  }
  await endMediaRun(settings, program, run);
}

function pictures({ bitsPerSecond }: RungToMake, keys: string, threads: number): string[] {
  return [
    ...['-c:v', 'libx264', '-preset', 'veryfast', '-crf', '23', '-threads', String(threads)],
    ...['-maxrate', String(bitsPerSecond), '-bufsize', String(2 * bitsPerSecond)],
    // Key pictures at the boundaries and nowhere else: each begins a segment.
    // No B-frames: in HLS they would put the pictures 66 ms behind the sound.
    ...[
      '-bf',
      '0',
      '-g',
      '100000',
      '-keyint_min',
      '1',
      '-sc_threshold',
      '0',
      ...(keys === '' ? [] : ['-force_key_frames', keys]),
    ],
    ...['-fps_mode', 'passthrough', '-enc_time_base', '-1'],
  ];
}

function segments(folder: string, areNamed: boolean): string[] {
  const place = inPattern(join(folder, ''));
  return [
    ...['-f', 'hls', '-hls_time', areNamed ? '0.001' : String(presumedSegmentSeconds), '-hls_list_size', '0'],
    ...['-hls_playlist_type', 'vod', '-hls_flags', 'independent_segments', '-hls_segment_type', 'fmp4'],
    // Times as the source has them: a player that switches must not jump.
    ...['-avoid_negative_ts', 'disabled'],
    ...['-hls_fmp4_init_filename', 'init-0.mp4', '-hls_segment_filename', `${place}/%06d.m4s`],
    `${folder}/stream.m3u8`,
  ];
}
