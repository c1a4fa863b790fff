import { join } from 'node:path';
import type { RunSettings } from './background-run.ts';
import { endMediaRun, readingArguments, startMediaRun } from './media-task.ts';

/** The size in which sharpness is looked at; the shape does not matter, the same for all. */
export const lookSize = { width: 320, height: 180 } as const;

/** Where stills are looked for, seconds of the file. */
export type StillWindow = {
  readonly fromSeconds: number;
  readonly lastsSeconds: number;
  readonly count: number;
};

/** Longest side of a still, pixels. */
const mostStillSide = 1_280;
const lightestJpeg = 3;
const cpuSeconds = 120;

/** Square pixels, no larger than `most` on any side and never enlarged. */
export function fitted(most: number): string {
  return (
    `scale=w='trunc(iw*sar/2)*2':h=ih,setsar=1,` +
    `scale=w='min(${most},iw)':h='min(${most},ih)':force_original_aspect_ratio=decrease:force_divisible_by=2`
  );
}

/**
 * Takes stills out of an MP4 at even distances: each as `<n>.jpg` (from 1 on) in `folder`, and its brightness in
 * `lookSize`, a byte a pixel, in the same order. None when there is no picture in the window.
 * @throws as `endMediaRun`.
 */
export async function takeStills(
  settings: RunSettings,
  file: string,
  { fromSeconds, lastsSeconds, count }: StillWindow,
  folder: string,
): Promise<Buffer[]> {
  // A single one is the first that there is.
  const every = count === 1 ? 'null' : `fps=${(count / lastsSeconds).toFixed(4)}:round=near`;
  const { width, height } = lookSize;
  const graph =
    `[0:v:0]${every},split[look][still];[look]scale=${width}:${height},format=gray[gray];` +
    `[still]${fitted(mostStillSide)},format=yuvj420p[jpeg]`;
  const args = readingArguments(file, ['-ss', fromSeconds.toFixed(3), '-t', lastsSeconds.toFixed(3)]);
  args.push('-an', '-sn', '-dn', '-filter_complex', graph, '-threads', '1');
  args.push('-map', '[gray]', '-frames:v', String(count), '-f', 'rawvideo', 'pipe:1');
  args.push('-map', '[jpeg]', '-frames:v', String(count), '-q:v', String(lightestJpeg));
  args.push('-huffman', 'optimal', '-f', 'image2', `file:${inPattern(join(folder, ''))}/%d.jpg`);
  const run = { args, stdout: 'pipe', cpuSeconds, what: 'The thumbnail' } as const;
  const program = startMediaRun(settings, run);
  const chunks: Buffer[] = [];
  for await (const chunk of program.stdout ?? []) chunks.push(chunk as Buffer);
  await endMediaRun(settings, program, run);
  const bytes = Buffer.concat(chunks);
  const size = width * height;
  return Array.from({ length: Math.floor(bytes.length / size) }, (_, index) =>
    bytes.subarray(index * size, (index + 1) * size),
  );
}

/** A path within a pattern of ffmpeg's, in which a percent sign begins a number. */
export function inPattern(path: string): string {
  return path.replaceAll('%', '%%').replace(/\/$/, '');
}
