import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { LivereelError } from '../errors.ts';
import { failure } from '../process/child-program.ts';
import { type RunSettings, startRun } from './background-run.ts';
import { probeEntry } from './probed-entry.ts';

/**
 * Writes a progressive MP4 (`moov` first) from fragmented MP4 pieces that follow one another; the first holds
 * the header. `fitTo`: the pictures change their size or coding on the way and are brought to one.
 * @throws LivereelError `program-failed`.
 */
export async function writeProgressiveMp4(
  settings: RunSettings,
  pieces: readonly string[],
  outputFile: string,
  fitTo: { readonly width: number; readonly height: number } | null,
): Promise<void> {
  const args = [
    '-hide_banner',
    '-nostdin',
    '-nostats',
    '-loglevel',
    'error',
    '-y',
    '-protocol_whitelist',
    'pipe',
    '-f',
    'mov',
    '-i',
    'pipe:0',
    '-map',
    '0',
  ];
  if (fitTo === null) args.push('-c', 'copy');
  else {
    const { width, height } = fitTo;
    const fit = `scale=${width}:${height}:force_original_aspect_ratio=decrease:force_divisible_by=2`;
    const filter = `${fit},pad=${width}:${height}:(ow-iw)/2:(oh-ih)/2,setsar=1,format=yuv420p`;
    args.push('-c:a', 'copy', '-vf', filter, '-fps_mode', 'passthrough', '-enc_time_base', '-1');
    args.push(
      '-c:v',
      'libx264',
      '-preset',
      'superfast',
      '-crf',
      '21',
      '-force_key_frames',
      'expr:gte(t,n_forced*2)',
    );
  }
  args.push('-movflags', '+faststart', '-f', 'mp4', `file:${outputFile}`);
  const program = startRun(settings, {
    program: settings.ffmpegPath,
    args: withFileOutput(args),
    stdin: 'pipe',
  });
  // A program that goes away in between is told by how it exits.
  if (program.stdin !== null) await pipeline(bytesOf(pieces), program.stdin).catch(() => undefined);
  const exit = await program.exited;
  if (exit.code !== 0) throw failure('ffmpeg', exit, program.stderrTail());
}

async function* bytesOf(files: readonly string[]): AsyncGenerator<Buffer> {
  for (const file of files) yield* createReadStream(file, { highWaterMark: 262_144 });
}

/** What a recording turned out to be when every picture of it was decoded. */
export type RecordingCheck = {
  readonly frames: number;
  readonly durationSeconds: number;
  /** What the decoders complained of; empty for a sound file. */
  readonly complaints: string;
};

/** Decodes a finished MP4 from the first to the last picture. @throws LivereelError `program-failed`. */
export async function checkRecording(settings: RunSettings, file: string): Promise<RecordingCheck> {
  const args = ['-hide_banner', '-nostdin', '-nostats', '-loglevel', 'error', '-progress', 'pipe:1'];
  args.push('-protocol_whitelist', 'file', '-f', 'mov', '-i', `file:${file}`, '-map', '0');
  // On the file's own clock: on one of the guessed frame rate two pictures that lie closer fall together.
  args.push('-fps_mode', 'passthrough', '-enc_time_base:v', '-1', '-f', 'null', '-');
  const program = startRun(settings, {
    program: settings.ffmpegPath,
    args,
    stdin: 'ignore',
    stdout: 'pipe',
  });
  let frames = 0;
  for await (const text of program.stdout ?? []) {
    for (const [, count] of String(text).matchAll(/^frame=\s*(\d+)/gm)) frames = Number(count);
  }
  const exit = await program.exited;
  if (exit.code !== 0) throw failure('ffmpeg', exit, program.stderrTail());
  return {
    frames,
    durationSeconds: await durationOf(settings, file),
    complaints: program.stderrTail().trim(),
  };
}

/** How long an MP4 lasts, seconds, as its index says. @throws LivereelError `program-failed` when it cannot be read. */
export async function durationOf(settings: RunSettings, file: string): Promise<number> {
  const { text, exit, complaints } = await probeEntry(settings, { file, demuxer: 'mov' }, 'duration');
  if (exit.code !== 0) throw failure('ffprobe', exit, complaints);
  const durationSeconds = Number(text.trim());
  if (!Number.isFinite(durationSeconds))
    throw new LivereelError('program-failed', 'ffprobe tells no duration');
  return durationSeconds;
}

/** The whitelist before the input covers reading; writing needs the file protocol again. */
function withFileOutput(args: readonly string[]): string[] {
  const at = args.length - 1;
  return [...args.slice(0, at), '-protocol_whitelist', 'file,pipe', ...args.slice(at)];
}
