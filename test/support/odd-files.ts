import { existsSync } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeClip } from './clips.ts';
import { runFfmpeg } from './run-program.ts';

const folder = join(tmpdir(), `livereel-odd-files-${process.getuid?.() ?? 0}`);
// Part of every name: raise it when the way files are made changes.
const recipe = 3;
const copy = ['-c', 'copy'];
const h264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-crf', '12', '-pix_fmt', 'yuv420p', '-g', '60'];
const aac = ['-c:a', 'aac', '-b:a', '128k'];

/** Files as people have them, all of the same clip (flashes, beeps, numbers): ffmpeg's arguments behind its input. */
const recipes = {
  'plain.mp4': [...h264, ...aac, '-bf', '2', '-movflags', '+faststart'],
  'phone.mov': ['-bsf:v', 'h264_metadata', ...copy, '-metadata:s:v', 'rotate=90', '-metadata', 'location=+48.1+011.5/'],
  'broadcast.ts': [...h264, ...aac],
  'camera.m2ts': [...h264, ...aac, '-mpegts_m2ts_mode', '1', '-f', 'mpegts'],
  'stream.flv': [...h264, ...aac],
  'old.flv': ['-c:v', 'flv1', '-q:v', '3', '-c:a', 'libmp3lame', '-ar', '44100'],
  'old.avi': ['-c:v', 'mpeg4', '-q:v', '3', '-bf', '2', '-c:a', 'libmp3lame'],
  'h264.avi': [...h264, '-bf', '0', ...aac],
  'old.wmv': ['-c:v', 'wmv2', '-q:v', '3', '-c:a', 'wmav2'],
  'free.webm': ['-c:v', 'libvpx', '-deadline', 'realtime', '-cpu-used', '8', '-b:v', '2M', '-c:a', 'libopus'],
  'ten-bit.mkv': ['-c:v', 'libx265', '-preset', 'ultrafast', '-x265-params', 'log-level=none', '-pix_fmt', 'yuv420p10le', '-c:a', 'ac3'],
  'interlaced.mp4': ['-vf', 'tinterlace=interleave_top', '-c:v', 'libx264', '-preset', 'ultrafast', '-flags', '+ilme+ildct', '-top', '1', ...aac],
  'silent.mp4': [...h264, '-an'],
  'sound.m4a': ['-vn', ...aac, '-f', 'mp4'],
  'one-key.mp4': ['-c:v', 'libx264', '-preset', 'ultrafast', '-g', '9999', '-sc_threshold', '0', ...aac],
  'variable.mkv': ['-vf', "select='not(mod(n,3))+lt(t,2)'", '-fps_mode', 'passthrough', ...h264, ...aac],
  'before-zero.flv': [...h264, ...aac, '-output_ts_offset', '-1.5', '-avoid_negative_ts', 'disabled', '-f', 'flv'],
} satisfies Record<string, readonly string[]>; // biome-ignore format: options and their values

/** The names of the files that `oddFile` makes. */
export type OddFile = keyof typeof recipes;

/** Seconds of each; 30 pictures a second before anything is done to them. */
export const oddFileSeconds = 4;

/** Pixels of each: what is tried with them is no matter of size, and small ones are decoded quickly. */
export const oddFileSize = { width: 320, height: 180 };

/** Makes one of the files, or takes it from the cache in the system's temporary folder. */
export async function oddFile(name: OddFile): Promise<string> {
  const clip = await makeClip({ kind: 'mp4-h264', durationSeconds: oddFileSeconds, ...oddFileSize });
  return await made(name, ['-i', clip.file, ...recipes[name]]);
}

/** Sound that begins a second and a half later than the picture. */
export async function lateSoundFile(): Promise<string> {
  const { file } = await makeClip({ kind: 'mp4-h264', durationSeconds: oddFileSeconds, ...oddFileSize });
  return await made('late-sound.mp4', [
    ...['-i', file, '-itsoffset', '1.5', '-i', file, '-map', '0:v', '-map', '1:a', '-t', '4', ...copy],
  ]);
}

/** Runs ffmpeg into a file of the cache, once. */
export async function made(name: string, args: readonly string[]): Promise<string> {
  const file = join(folder, `${recipe}-${name}`);
  if (existsSync(file)) return file;
  await mkdir(folder, { recursive: true });
  const partial = join(folder, `${process.pid}-${Math.random().toString(36).slice(2)}-${name}`);
  await runFfmpeg(['-loglevel', 'error', ...args, partial]);
  await rename(partial, file);
  return file;
}
