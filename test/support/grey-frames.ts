import { runFfmpeg } from './run-program.ts';

/** A picture as grey bytes, one a pixel, and its time on the file's clock. */
export type GreyFrame = { readonly pixels: Buffer; readonly ptsSeconds: number };

/**
 * Decodes a video (a file, or an address that ffmpeg reads) through a filter of ffmpeg that leaves `pixelCount` pixels.
 * Frames come in the order of presentation, none dropped or doubled by the reader.
 * @throws Error when ffmpeg fails or reports any decoding error, unless `lenient`.
 */
export async function readGreyFrames(
  file: string,
  filter: string,
  pixelCount: number,
  { lenient = false }: { readonly lenient?: boolean } = {},
): Promise<GreyFrame[]> {
  const { stdout, stderr } = await runFfmpeg([
    '-loglevel',
    'level+info',
    '-copyts',
    '-i',
    file,
    '-map',
    '0:v:0',
    '-vf',
    `${filter},format=gray,showinfo=checksum=0`,
    '-fps_mode',
    'passthrough',
    // Times as they are: rawvideo would round them to a guessed frame rate, and complain.
    '-enc_time_base',
    '-1',
    '-f',
    'rawvideo',
    'pipe:1',
  ]);
  const errors = stderr.split('\n').filter(line => /\[(error|fatal)\]/.test(line));
  if (errors.length > 0 && !lenient) throw new Error(`${file}: ${errors.slice(0, 5).join('; ')}`);
  const times = readShowinfo(stderr);
  if (times.length !== stdout.length / pixelCount) {
    throw new Error(`${file}: ${times.length} times for ${stdout.length / pixelCount} frames`);
  }
  return times.map((ptsSeconds, index) => ({
    pixels: stdout.subarray(index * pixelCount, (index + 1) * pixelCount),
    ptsSeconds,
  }));
}

/** Exact times from showinfo's integers: its `pts_time` has six digits only. */
function readShowinfo(stderr: string): number[] {
  const times: number[] = [];
  let secondsPerTick = 0;
  for (const line of stderr.split('\n')) {
    const base = /config in time_base: (\d+)\/(\d+)/.exec(line);
    if (base) secondsPerTick = Number(base[1]) / Number(base[2]);
    const frame = /\bn: *\d+ pts: *(-?\d+|NOPTS)/.exec(line);
    if (frame) times.push(Number(frame[1]) * secondsPerTick);
  }
  return times;
}
